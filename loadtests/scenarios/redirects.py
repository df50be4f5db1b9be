"""Visitors who follow short links."""

from __future__ import annotations

from locust import task

from loadtests.scenarios.options import settings
from loadtests.scenarios.visitor import Visitor


class Redirects(Visitor):
    """Follows one short link after another, a few far more often than the rest."""

    @task
    def follow_a_link(self) -> None:
        self.follow(settings().mix.draw())


class FlashCrowd(Visitor):
    """Everybody follows the same link at once: `--link`, or the first one."""

    @task
    def follow_the_link(self) -> None:
        self.follow(settings().crowded, "redirect of the crowd")
