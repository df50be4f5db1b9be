"""The route table. A handler's signature says what it takes and gives; the OpenAPI document is read off it.

    routes = Routes(tag="Links")

    @routes.post("/api/v1/links", summary="Create a link", status=201, errors=(SlugTaken,))
    async def create_link(context: Context, body: NewLink) -> Link: ...

Parameters go by name: `context`; `body`, a msgspec struct decoded from JSON; `query`, a msgspec struct decoded from the
query string; every other name is a path parameter of type str. A handler returns a struct (JSON), None (204), or an
aiohttp response of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec
from aiohttp import web

from control.http.auth import authorize
from control.http.context import Context
from control.http.errors import BadRequest, InvalidInput, NotFound, Problem, invalid_input
from control.services import Services
from shared.clock import wall_ms

Access = Literal["public", "signed_in", "workspace", "edge"]
"""Who may call: anyone; a signed-in user; a user or secret key of a workspace; an edge with its token."""

AnyHandler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, and all that is said about it."""

    method: str
    path: str
    handler: AnyHandler
    tag: str
    summary: str
    access: Access
    status: int
    body: Any | None
    query: Any | None
    returns: Any | None  # None: no content, or a response of its own
    errors: tuple[type[Problem], ...]
    path_parameters: tuple[str, ...]

    @property
    def description(self) -> str:
        return inspect.getdoc(self.handler) or ""


class Routes:
    """The operations of one capability; `tag` groups them in the API reference."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def get(self, path: str, **said: Any) -> Callable[[AnyHandler], AnyHandler]:
        return self._add("GET", path, **said)

    def post(self, path: str, **said: Any) -> Callable[[AnyHandler], AnyHandler]:
        return self._add("POST", path, **said)

    def put(self, path: str, **said: Any) -> Callable[[AnyHandler], AnyHandler]:
        return self._add("PUT", path, **said)

    def patch(self, path: str, **said: Any) -> Callable[[AnyHandler], AnyHandler]:
        return self._add("PATCH", path, **said)

    def delete(self, path: str, **said: Any) -> Callable[[AnyHandler], AnyHandler]:
        return self._add("DELETE", path, **said)

    def _add(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        access: Access = "workspace",
        status: int | None = None,
        errors: tuple[type[Problem], ...] = (),
    ) -> Callable[[AnyHandler], AnyHandler]:
        def register(handler: AnyHandler) -> AnyHandler:
            signature = inspect.signature(handler, eval_str=True)
            named = {name: parameter.annotation for name, parameter in signature.parameters.items()}
            returns: Any = signature.return_annotation
            own_response = inspect.isclass(returns) and issubclass(returns, web.StreamResponse)
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    handler=handler,
                    tag=self.tag,
                    summary=summary,
                    access=access,
                    status=status or (204 if returns is None else 200),
                    body=named.pop("body", None),
                    query=named.pop("query", None),
                    returns=None if own_response else cast("Any", returns),
                    errors=errors,
                    path_parameters=tuple(name for name in named if name != "context"),
                )
            )
            return handler

        return register


def add_operations(app: web.Application, services: Services, operations: Iterable[Operation]) -> None:
    """Makes every operation answer in an aiohttp application."""
    for operation in operations:
        app.router.add_route(operation.method, operation.path, _endpoint(operation, services))


def _endpoint(operation: Operation, services: Services) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    decoder = msgspec.json.Decoder(operation.body) if operation.body else None

    async def endpoint(request: web.Request) -> web.StreamResponse:
        caller = await authorize(request, services.database, operation.access)
        context = Context(
            request, services, wall_ms(), caller.workspace_id, user_id=caller.user_id, key_id=caller.key_id
        )
        arguments: dict[str, Any] = {name: _path_parameter(request, name) for name in operation.path_parameters}
        if operation.query:
            arguments["query"] = _decode_query(request, operation.query, strict=operation.access != "edge")
        if decoder:
            arguments["body"] = _decode_body(await request.read(), decoder)
        result = await operation.handler(context, **arguments)
        if isinstance(result, web.StreamResponse):
            return result
        if result is None:
            return web.Response(status=operation.status)
        return web.Response(
            body=msgspec.json.encode(result),
            status=operation.status,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return endpoint


def _path_parameter(request: web.Request, name: str) -> str:
    value = request.match_info[name]
    if "\0" in value:
        raise NotFound(f"There is no {name} like that.")
    return value


def _decode_body(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    if b"\\u0000" in body:
        raise BadRequest("The body holds the character \\u0000, which no field may have.")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise invalid_input(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None


def _decode_query(request: web.Request, into: Any, *, strict: bool) -> Any:
    """`strict` refuses parameters that are not known. An edge may be newer than this, and knows what it leaves out."""
    known = {field.encode_name for field in msgspec.structs.fields(into)}
    for name, value in request.query.items():
        if "\0" in value:
            raise InvalidInput.of(name, "holds the character U+0000, which no parameter may have")
        if strict and name not in known:
            raise InvalidInput.of(name, f"is not a parameter here; known are {', '.join(sorted(known))}")
    try:
        return msgspec.convert(dict(request.query), into, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_input(error) from None
