"""The demo: 90 days of a small coffee company's history, brought in through the same code as real traffic."""
