"""What clicks became: figures of a period, and credits by channel, campaign or link under a model.

Reports read the open ledger and the click roll-ups, never the raw clicks. Days are the workspace's: each is a range of
UTC milliseconds, so a day of 23 or 25 hours needs no care, and roll-ups of 15 minutes add up to it in every time zone.
"""
