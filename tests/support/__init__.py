"""What tests stand on: a real Postgres, a real Chromium, free ports and child processes that never outlive the run."""
