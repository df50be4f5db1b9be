"""Attribution is tested on values, and over the control plane's database and application."""

from tests.control.conftest import client, database, services, workspace_id

__all__ = ["client", "database", "services", "workspace_id"]
