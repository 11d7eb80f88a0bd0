"""The routes of the control API, and the list of them that it gives of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...errors import InvalidArgument
from ..world import World
from . import clock, consent, faults, journal, records, service, settings, state
from .endpoint import Call, Endpoint, Nothing, Unknown
from .reading import read_body, read_query

PREFIX: Final = "/_emulator"
MOST_BYTES: Final = 2**20
"""The longest body that is read."""

_LONGEST_ERROR: Final = 1000


def list_paths(_: Call) -> dict[str, Any]:
    """Every path with its methods; a member that may be left out ends in a question mark."""
    return {"paths": [endpoint.to_json(PREFIX) for endpoint in ENDPOINTS]}


ENDPOINTS: Final = (
    Endpoint("GET", "/", "This list", list_paths, query=Nothing),
    *service.ENDPOINTS,
    *state.ENDPOINTS,
    *consent.ENDPOINTS,
    *records.ENDPOINTS,
    *faults.ENDPOINTS,
    *clock.ENDPOINTS,
    *settings.ENDPOINTS,
    *journal.ENDPOINTS,
)
"""The whole control API; a path without parameters stands before one that would take it for a parameter."""


def control_routes(world: World) -> list[Route]:
    """The control API as routes.

    Args:
        world: What it controls.
    """
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    routes = [Route(PREFIX + path, _Path(world, endpoints)) for path, endpoints in paths.items()]
    bare = Route(PREFIX, _Path(world, paths["/"]))
    return [bare, *routes, Route(PREFIX + "/{path:path}", _Elsewhere())]


@attrs.frozen
class _Path:
    """The ASGI application of one path."""

    world: World
    endpoints: Mapping[str, Endpoint]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return _error(403, "origin: a page of another site may not drive the emulator")
        # As everywhere with ASGI, HEAD is answered like GET, and the server leaves out the body.
        endpoint = self.endpoints.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            allowed = ", ".join([*self.endpoints, *(["HEAD"] if "GET" in self.endpoints else [])])
            return _error(405, f"method: expected one of {allowed}, got {request.method}", {"allow": allowed})
        try:
            text = b"" if endpoint.body is None else await _received(request)
            call = Call(
                self.world,
                path=request.path_params,
                query=read_query(request.query_params.multi_items(), endpoint.query),
                body=None if endpoint.body is None else read_body(text, endpoint.body),
            )
            return _answer(endpoint.status, endpoint.act(call))
        except _TooLong:
            return _error(413, f"body: longer than {MOST_BYTES} bytes; send less at a time")
        except Unknown as error:
            return _error(404, str(error))
        except InvalidArgument as error:
            return _error(400, str(error))


class _TooLong(Exception):
    """A body that is too long to be read."""


async def _received(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise _TooLong
    return bytes(body)


class _Elsewhere:
    """The ASGI application of every other path below the prefix."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = _error(404, f"path: there is no {scope['path']}; GET {PREFIX}/ lists every one")
        await response(scope, receive, send)


def _answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def _error(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    # A text may quote what was sent, which may be long.
    shown = text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}…"
    return _answer(status, {"error": shown}, headers)


__all__ = ["ENDPOINTS", "MOST_BYTES", "PREFIX", "control_routes"]
