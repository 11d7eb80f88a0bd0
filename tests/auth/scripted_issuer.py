"""The emulator's issuer behind a transport, with a script of what goes wrong; and processes that use it."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx

from brex_accounting import AuthorizationRequest, Brex, Event, Runtime
from brex_accounting.auth.app import OAuthApp, UnsavedGrant
from brex_accounting.auth.grant import Grant
from brex_accounting.auth.grant_state import GrantState
from brex_accounting.emulator import EmulatorServer, TenantPlan, World
from brex_accounting.emulator.journal import Exchange
from tests import virtual
from tests.emulator.serving import RETRY

from .faulty_store import FaultyStore, Place

HOUR = 3600.0

Truth = Callable[[], httpx.Response]
Act = Callable[[Truth], Awaitable[httpx.Response]]


class Wall(virtual.VirtualClock):
    """A clock whose wall time can be set; ``offset`` is what it is ahead of the truth, in seconds."""

    def __init__(self, offset: float = 0.0) -> None:
        super().__init__()
        self.offset = offset

    def now(self) -> datetime.datetime:
        return super().now() + datetime.timedelta(seconds=self.offset)


@attrs.define
class Post:
    """One request to the token endpoint."""

    at: float
    form: dict[str, str]
    committed: bool = False


class IssuerTransport(httpx.AsyncBaseTransport):
    """Asks the issuer of a world without a socket.

    Attributes:
        posts: Requests to the token endpoint.
        others: Paths of all other requests.
        script: What becomes of the next requests to the token endpoint; the truth where it is empty.
        always: What becomes of all others; the truth where it is None.
        discovery: What becomes of requests for the discovery document.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.posts: list[Post] = []
        self.others: list[str] = []
        self.script: list[Act] = []
        self.always: Act | None = None
        self.discovery: Act | None = None

    @property
    def rotations(self) -> int:
        """How often tokens were made."""
        return sum(post.committed and post.form.get("grant_type") == "refresh_token" for post in self.posts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        await asyncio.sleep(0)
        path, form = request.url.path, parse_qsl(content.decode())
        if not path.endswith("/token"):
            self.others.append(path)
            if not path.endswith("/revoke"):
                named = {"issuer": self.world.issuer_url, "token_endpoint": f"{self.world.issuer_url}/v1/token"}
                if self.discovery is not None:
                    return await self.discovery(lambda: httpx.Response(200, json=named))
                return httpx.Response(200, json=named)
            answer = self.world.issuer.revoke(form, request.headers.get("authorization"))
            return httpx.Response(answer.status, content=answer.body)
        post = Post(asyncio.get_running_loop().time(), dict(form))
        self.posts.append(post)

        def truth() -> httpx.Response:
            answer = self.world.issuer.token(form, request.headers.get("authorization"))
            post.committed = answer.committed
            return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

        act = self.script.pop(0) if self.script else self.always
        if act is not None:
            return await act(truth)
        response = truth()
        await asyncio.sleep(0)
        return response


async def lost_before(_: Truth) -> httpx.Response:
    """The connection ends before the issuer has read the request, and nobody here knows that."""
    message = "reset"
    raise httpx.ReadError(message)


async def lost_after(truth: Truth) -> httpx.Response:
    """The connection ends after the issuer has done its work."""
    truth()
    message = "reset"
    raise httpx.ReadError(message)


async def unreachable(_: Truth) -> httpx.Response:
    """There is no connection."""
    message = "refused"
    raise httpx.ConnectError(message)


async def hanging_after(truth: Truth) -> httpx.Response:
    """The issuer does its work and never answers."""
    truth()
    await asyncio.sleep(1e6)
    raise AssertionError


async def hanging(_: Truth) -> httpx.Response:
    """Nothing happens."""
    await asyncio.sleep(1e6)
    raise AssertionError


def saying(status: int, content: Any = b"", **headers: str) -> Act:
    """The issuer does nothing and answers this."""

    async def act(_: Truth) -> httpx.Response:
        body = {"content": content} if isinstance(content, bytes) else {"json": content}
        return httpx.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()}, **body)

    return act


def disfigured(change: Callable[[dict[str, Any]], Any]) -> Act:
    """The issuer does its work and answers something else."""

    async def act(truth: Truth) -> httpx.Response:
        response = truth()
        found = change(response.json())
        return httpx.Response(response.status_code, json=found)

    return act


def late(seconds: float) -> Act:
    """The issuer does its work at once and answers so much later."""

    async def act(truth: Truth) -> httpx.Response:
        response = truth()
        await asyncio.sleep(seconds)
        return response

    return act


@attrs.define(eq=False)
class Process:
    """One process of a partner: nothing in it is shared with another one but the place."""

    runtime: Runtime
    clock: Wall
    app: OAuthApp
    store: FaultyStore
    grant: Grant
    events: list[Event]
    unsaved: list[UnsavedGrant]


class Scene:
    """A world with one consent, the place where it is kept, and any number of processes.

    Args:
        **variants: What the emulator's issuer does.
    """

    def __init__(self, **variants: str) -> None:
        self.truth = virtual.VirtualClock()
        plan = TenantPlan(records=1, start=virtual.EPOCH, variants=variants)
        self.world = World(plan, monotonic=self.truth.monotonic)
        self.world.base_url = "https://emulator.invalid"  # nobody is asked there: the transport takes all
        self.issuer = IssuerTransport(self.world)
        self.place = Place()

    def consent(self, *, expired: bool = False) -> GrantState:
        """Let the customer consent, and store that.

        Args:
            expired: Whether that was so long ago that the access token has just expired.
        """
        state = self.consented()
        if expired:
            self.world.issuer.expire(str(state.access_token))
            ago = datetime.timedelta(seconds=HOUR + 1)
            names = ("granted_at", "refresh_token_at", "refreshed_at", "expires_at")
            state = attrs.evolve(state, **{name: getattr(state, name) - ago for name in names})
        self.place.put(state)
        return state

    def consented(self) -> GrantState:
        """What is stored after a consent."""
        tokens, now = self.world.issuer.grant("main"), self.truth.now()
        return GrantState(
            issuer=self.world.issuer_url,
            client_id=self.world.issuer.client_id,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            scopes=("accounting.record.read",),
            granted_at=now,
            refresh_token_at=now,
            refreshed_at=now,
            expires_at=now + datetime.timedelta(hours=1),
        )

    def process(self, **options: Any) -> Process:
        """Start a process."""
        clock = Wall()
        runtime = Runtime(clock=clock)
        events: list[Event] = []
        unsaved: list[UnsavedGrant] = []
        given: dict[str, Any] = {
            "client_id": self.world.issuer.client_id,
            "client_secret": self.world.issuer.client_secret,
            "issuer": self.world.issuer_url,
            "transport": self.issuer,
            "runtime": runtime,
            "on_event": events.append,
            "on_unsaved": unsaved.append,
            **options,
        }
        app = OAuthApp(**given)
        store = FaultyStore(self.place, clock)
        return Process(runtime, clock, app, store, app.grant(store), events, unsaved)

    def callback(self, request: AuthorizationRequest) -> str:
        """Let the customer's browser go where a request sends it; where it comes back to."""
        answer = self.world.issuer.authorize(parse_qsl(urlsplit(request.url).query), self.world.issuer_url)
        return dict(answer.headers)["location"]

    @property
    def token_posts(self) -> list[Exchange]:
        """What the emulator's token endpoint has seen of the customer, on a socket."""
        return [entry for entry in self.world.tenant().journal if entry.operation == "token"]

    def brex(self, process: Process, account: str = "acme", **options: Any) -> Brex:
        """A client of a process, on a socket."""
        given: dict[str, Any] = {
            "account": account,
            "base_url": self.world.base_url,
            "runtime": process.runtime,
            "rate_limit": None,
            "retry": RETRY,
            "on_event": process.events.append,
            **options,
        }
        return Brex(given.pop("grant", process.grant), **given)

    def accepts(self, token: str) -> bool:
        """Whether Brex would take this access token now."""
        return self.world.issuer.credential(token) is not None


@asynccontextmanager
async def on_a_socket(*, expired: bool = False, **variants: str) -> AsyncIterator[tuple[Scene, Process]]:
    """A scene whose world is being served, and a process of it that uses sockets."""
    scene = Scene(**variants)
    async with EmulatorServer(scene.world, whole=True):
        scene.consent(expired=expired)
        yield scene, scene.process(transport=None)
    assert [] == scene.world.bugs


async def expired(**variants: str) -> tuple[Scene, Process]:
    """A process whose access token has just expired."""
    scene = Scene(**variants)
    scene.consent()
    process = scene.process()
    await process.grant.access_token()
    await asyncio.sleep(HOUR + 1)
    return scene, process


def told(process: Process, kind: type[Any]) -> list[Any]:
    """The events of a kind that a process has told."""
    return [event for event in process.events if isinstance(event, kind)]
