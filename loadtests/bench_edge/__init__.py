"""`make bench-edge`: what a logged redirect costs here, beside nginx and a stock aiohttp server under the same load."""
