"""The database: tables, engines, migrations. SQL lives with the capability that asks it, in `<capability>/store.py`."""
