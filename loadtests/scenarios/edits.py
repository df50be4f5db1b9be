"""Links that change while they are followed: how long until every edge answers with the new destination?"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import time
from itertools import count
from typing import Any

import gevent
from locust import task
from locust.exception import StopTest

from loadtests.scenarios.destinations import leads_to, marked
from loadtests.scenarios.links import ShortLink
from loadtests.scenarios.options import settings
from loadtests.scenarios.visitor import Visitor

LIVE_WITHIN_S = 10.0
LOOK_EVERY_S = 0.01

_numbers = count(1)
_edited: set[str] = set()  # ids of links that some user has taken for its own


class EditStorm(Visitor):
    """Follows links and, one time in ten, edits one of its own through the API. An edit is right when each edge leads
    to the new destination within ten seconds and never back to the old one; the time that took is `edit to live`.

    At the end each link leads where it led before. The looks are HEAD requests, which are recorded and never counted.
    """

    def on_start(self) -> None:
        settings().need("api", "api_key")
        self.own = self._take_a_link()

    def on_stop(self) -> None:
        if self._patch(self.own.destination):
            _edited.discard(self.own.link_id)

    @task(9)
    def follow_a_link(self) -> None:
        self.follow(settings().mix.draw())

    @task(1)
    def edit_and_look(self) -> None:
        wanted, fragment = marked(self.own.destination, next(_numbers))
        if not self._patch(wanted + fragment):
            return
        began = time.perf_counter()
        late = [edge for edge in settings().edges if not self._goes_live(edge, wanted, began)]
        self.environment.events.request.fire(
            request_type="EDIT",
            name="edit to live",
            response_time=(time.perf_counter() - began) * 1_000,
            response_length=0,
            exception=TimeoutError(f"not live after {LIVE_WITHIN_S:g} s on {', '.join(late)}") if late else None,
            context={},
        )

    def _take_a_link(self) -> ShortLink:
        """One that sends everybody to one destination, and that no other user edits."""
        for link in settings().mix.links:
            if link.link_id and link.is_plain and link.link_id not in _edited:
                _edited.add(link.link_id)
                return link
        print("there are fewer links than users: EditStorm needs a plain one for each, from --api")
        raise StopTest

    def _patch(self, destination: str) -> bool:
        with self.client.patch(
            f"{settings().api}/api/v1/links/{self.own.link_id}",
            json={"destination": destination},
            headers={"Authorization": f"Bearer {settings().api_key}"},
            name="edit",
            catch_response=True,
        ) as answer:
            given: Any = answer
            if given.status_code == 200:
                given.success()
                return True
            given.failure(f"{given.status_code} in place of 200: {(given.text or '')[:200]}")
            return False

    def _goes_live(self, edge: str, wanted: str, began: float) -> bool:
        while time.perf_counter() - began < LIVE_WITHIN_S:
            headers = self.browser | ({"Host": self.own.host} if self.own.host else {})
            with self.client.head(
                edge + self.own.path, headers=headers, name="look", allow_redirects=False, catch_response=True
            ) as answer:
                given: Any = answer
                if given.status_code != 302:
                    given.failure(f"{given.status_code} in place of 302")
                else:
                    given.success()
                location: str = (given.headers or {}).get("Location") or ""
            if leads_to(location, wanted):
                return True
            gevent.sleep(LOOK_EVERY_S)
        return False
