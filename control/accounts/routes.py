from __future__ import annotations

from control.http.routing import Routes

routes = Routes(tag="Accounts")
