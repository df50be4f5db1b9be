"""The edge: redirects, records, and keeps redirecting whatever else fails. Never imports the control plane."""
