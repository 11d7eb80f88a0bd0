"""The two ASGI applications of an emulator: Brex with its issuer and the control API, and the file host."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs
from starlette.routing import Router
from starlette.types import ASGIApp

from .answers import Answer, Refusal
from .api import Api
from .control import control_routes
from .exchange import Exchanges, Received, Subject
from .files import Files
from .oauth import OAuth
from .world import World


@attrs.frozen
class Apps:
    """What a server serves.

    Args:
        api: The API, the issuer and the control API.
        files: The file host.
        closing: To be set when the server stops: whatever hangs ends.
    """

    api: ASGIApp
    files: ASGIApp
    closing: asyncio.Event


def build_apps(world: World, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, whole: bool = False) -> Apps:
    """Make the applications of a world, for one event loop.

    Called in a process, or served by another server than ``EmulatorServer``, they have no hand on the connection:
    faults that drop, reset or cut raise ``Disconnected`` out of them then, which such a server may turn into a 500.

    Args:
        world: Its state.
        sleep: Lets real time pass, for faults that do.
        whole: Hold every answer against its document whole; otherwise an item that was checked is not checked again.
    """
    exchanges = Exchanges(world, sleep)
    unknown = exchanges.endpoint(_unknown)
    api = [*Api(world, exchanges, whole=whole).routes(), *OAuth(world, exchanges).routes(), *control_routes(world)]
    return Apps(
        api=Router(api, redirect_slashes=False, default=unknown),
        files=Router(Files(world, exchanges).routes(), redirect_slashes=False, default=unknown),
        closing=exchanges.closing,
    )


def _unknown(received: Received) -> Subject:
    client = received.header("user-agent") or "no user agent"
    target = received.path + ("?…" if received.query else "")  # a secret may have been sent to the wrong place
    return Subject(None, None, client, f"{len(received.body)} bytes", _no_such_path, target=target)


def _no_such_path() -> Answer:
    return Refusal(404, "NOT_FOUND", "there is no such path", listed=False).answer("accounting")


__all__ = ["Apps", "build_apps"]
