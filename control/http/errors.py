"""Errors as the API answers them: problem+json (RFC 9457).

A capability raises its own subclass where the error is known (`class SlugTaken(Conflict)`); this module alone turns it
into a response.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Self

import msgspec
from aiohttp import web

from shared.logs import get_logger

PROBLEM_TYPE = "application/problem+json"

log = get_logger()


class FieldError(msgspec.Struct, frozen=True):
    """One field that is wrong, and what to do about it. `field` is a dotted path in the body, or a query parameter."""

    field: str
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every error answer."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[FieldError] = []


class Problem(Exception):
    """An error that the caller is told. `slug` names it in `type`; `detail` is one sentence about this very case."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self, detail: str = "", *, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None
    ):
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}

    @classmethod
    def of(cls, field: str, message: str) -> Self:
        """About one field: `SlugTaken.of("slug", "spring is taken")`."""
        return cls(f"{field}: {message}", errors=[FieldError(field, message)])

    def details(self) -> ProblemDetails:
        return ProblemDetails(f"/problems/{self.slug}", self.title, self.status, self.detail, self.errors)


class BadRequest(Problem):
    status = 400
    slug = "bad-request"
    title = "The request could not be understood"


class SignInNeeded(Problem):
    status = 401
    slug = "sign-in-needed"
    title = "Sign in, or send a valid API key"


class Forbidden(Problem):
    status = 403
    slug = "forbidden"
    title = "That is not yours to do"


class NotFound(Problem):
    status = 404
    slug = "not-found"
    title = "There is no such thing here"


class Conflict(Problem):
    status = 409
    slug = "conflict"
    title = "That contradicts what is stored"


class Gone(Problem):
    status = 410
    slug = "gone"
    title = "That is no longer there"


class TooLarge(Problem):
    status = 413
    slug = "too-large"
    title = "The request is too large"


class InvalidInput(Problem):
    """422. Name the field: `InvalidInput.of("destination", "must start with http:// or https://")`."""

    status = 422
    slug = "invalid-input"
    title = "Some fields need another value"


_AT = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_NAMED = re.compile(r"(?:unknown|missing required) field `([^`]+)`")


def invalid_input(error: msgspec.ValidationError) -> InvalidInput:
    """The field and the message out of msgspec's text."""
    message = str(error)
    path = ""
    if at := _AT.search(message):
        path, message = at[1].replace("[...]", ""), message[: at.start()]
    if named := _NAMED.search(message):
        path = f"{path}.{named[1]}" if path else named[1]
        message = "is not known here; check its spelling" if "unknown" in message else "is missing"
    return InvalidInput.of(path or "body", message)


def problem_response(problem: Problem) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(problem.details()),
        status=problem.status,
        content_type=PROBLEM_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error of a handler, of aiohttp and of our own making into problem+json."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem_response(problem)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return problem_response(_of_http_exception(error))
    except ConnectionError:
        raise  # the caller has left; there is nobody to answer
    except Exception:
        reference = uuid.uuid4().hex[:12]
        log.exception("request failed", method=request.method, path=request.path, reference=reference)
        return problem_response(
            Problem(f"Something went wrong here. The operator finds it in the log under {reference}.")
        )


def _of_http_exception(error: web.HTTPException) -> Problem:
    kinds: dict[int, type[Problem]] = {400: BadRequest, 404: NotFound, 413: TooLarge}
    known = kinds.get(error.status)
    if known:
        return known()
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return _plain(error.status, error.reason)("", headers=headers)


def _plain(status: int, reason: str) -> type[Problem]:
    attributes: dict[str, Any] = {"status": status, "slug": reason.lower().replace(" ", "-"), "title": reason}
    return type("HttpProblem", (Problem,), attributes)
