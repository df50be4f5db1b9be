"""The OpenAPI 3.1 document, read off the route table and the msgspec types: never written by hand, so never stale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

import msgspec

from control.http.errors import (
    PROBLEM_TYPE,
    BadRequest,
    Forbidden,
    InvalidInput,
    NotFound,
    Problem,
    ProblemDetails,
    SignInNeeded,
)
from control.http.routing import Operation

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_SECURITY: dict[str, list[Json]] = {
    "public": [],
    "edge": [{"edgeToken": []}],
    "signed_in": [{"session": []}],
    "workspace": [{"secretKey": []}, {"session": []}],
}


def document(operations: Sequence[Operation], version: str) -> Json:
    """The whole document for these operations."""
    types = [type_ for operation in operations for type_ in (operation.body, operation.returns) if type_ is not None]
    schemas, components = msgspec.json.schema_components([*types, ProblemDetails], ref_template=_REF)
    schema_of = dict(zip(map(_type_key, [*types, ProblemDetails]), schemas, strict=True))
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clicktrail",
            "version": version,
            "summary": "Links, events, conversions and what they are credited to.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "secretKey": {"type": "http", "scheme": "bearer", "description": "A secret API key, `sk_…`."},
                "edgeToken": {"type": "http", "scheme": "bearer", "description": "An edge token, `et_…`."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "clicktrail_session",
                    "description": "A signed-in browser; unsafe methods also send `X-CSRF-Token`.",
                },
            },
        },
    }


def _type_key(type_: Any) -> str:
    return repr(type_)


def _operation(operation: Operation, schema_of: dict[str, Json]) -> Json:
    said: Json = {
        "operationId": operation.handler.__name__,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": _SECURITY[operation.access],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation, schema_of),
    }
    if operation.description:
        said["description"] = operation.description
    if operation.body is not None:
        schema = schema_of[_type_key(operation.body)]
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return said


def _path_parameters(operation: Operation) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]


def _query_parameters(operation: Operation) -> list[Json]:
    if operation.query is None:
        return []
    schema = msgspec.json.schema(operation.query)
    defined = cast("Json", next(iter(schema["$defs"].values())))
    required = defined.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in cast("dict[str, Json]", defined["properties"]).items()
    ]


def _responses(operation: Operation, schema_of: dict[str, Json]) -> Json:
    success: Json = {"description": HTTPStatus(operation.status).phrase}
    if operation.returns is not None:
        success["content"] = {"application/json": {"schema": schema_of[_type_key(operation.returns)]}}
    answers: Json = {str(operation.status): success}
    by_status: dict[int, list[type[Problem]]] = {}
    for error in (*_implied_errors(operation), *operation.errors):
        by_status.setdefault(error.status, []).append(error)
    problem = {PROBLEM_TYPE: {"schema": schema_of[_type_key(ProblemDetails)]}}
    for status, errors in sorted(by_status.items()):
        titles = dict.fromkeys(f"{error.title} (`{error.slug}`)" for error in errors)
        answers[str(status)] = {"description": "; ".join(titles), "content": problem}
    return answers


def _implied_errors(operation: Operation) -> list[type[Problem]]:
    errors: list[type[Problem]] = []
    if operation.body is not None:
        errors += [BadRequest, InvalidInput]
    if operation.query is not None:
        errors.append(InvalidInput)
    if operation.access != "public":
        errors += [SignInNeeded, Forbidden]
    if operation.path_parameters:
        errors.append(NotFound)
    return errors
