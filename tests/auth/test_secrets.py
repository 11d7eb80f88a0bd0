"""Canaries: nothing of a grant turns up where somebody may keep it, whatever the issuer and the store do."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import datetime
import json
import logging
import pickle
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from brex_accounting import (
    AuthorizationRequest,
    Brex,
    BrexError,
    Event,
    Grant,
    MemoryTokenStore,
    OAuthApp,
    Runtime,
    Stored,
    UnsavedGrant,
)
from tests.server import RawServer, Reply, Request
from tests.test_secrets import HEADERS, SECRET, Records, assert_silent, everything_logged, surfaces_of

CLIENT_SECRET = f"{SECRET}_client"
CODE = f"{SECRET}_code"
ACCESS, REFRESH = f"{SECRET}_access", f"{SECRET}_refresh"
TOKENS = {"access_token": ACCESS, "refresh_token": REFRESH, "token_type": "Bearer", "expires_in": 3600}
COMPANY = {"id": "cmp_1", "legal_name": "Paper & Co", "mailing_address": {}, "accountType": "BREX_CLASSIC"}

Play = Callable[[Request, Reply], Awaitable[None] | None]


def tokens(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.json(TOKENS, headers=HEADERS)


def refusal(error: str, status: int = 400) -> Play:
    said = {"error": error, "error_description": f"{REFRESH} of {CLIENT_SECRET} is bad", "error_uri": CODE}
    return lambda _, reply: reply.json(said, status, HEADERS)


def garbage(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.json({"access_token": {ACCESS: REFRESH}}, headers=HEADERS)


def gateway(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.send(502, HEADERS, f"<html>{REFRESH} {CLIENT_SECRET}".encode())


def cut(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.cut(200, json.dumps(TOKENS).encode(), keep=40, headers=HEADERS)


def gone(_: Request, reply: Reply) -> None:
    reply.reset()


class FailingStore(MemoryTokenStore):
    """Fails to store from the change on that the test names, and says why with all that it has."""

    def __init__(self, from_version: int) -> None:
        super().__init__()
        self._from_version = from_version

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        if (expected or 0) + 1 >= self._from_version:
            message = "disk full"
            raise OSError(28, message)
        return await super().compare_and_swap(expected, content, fence=fence)


class SkippingClock:
    """Skips what it is told to wait."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self._skipped)

    async def sleep(self, seconds: float) -> None:
        self._skipped += seconds
        await asyncio.sleep(0)


class Scene:
    """An issuer and an API on one server, an application, and everything that is said."""

    def __init__(self, server: RawServer, log: Records, store: MemoryTokenStore, basic: bool) -> None:
        self.server = server
        self.log = log
        self.events: list[Event] = []
        self.unsaved: list[UnsavedGrant] = []
        self.store = store
        self.app = OAuthApp(
            client_id="client_1",
            client_secret=CLIENT_SECRET,
            issuer=server.url,
            client_authentication="client_secret_basic" if basic else "client_secret_post",
            refresh_timeout=0.5,
            on_event=self.events.append,
            on_unsaved=self.unsaved.append,
            runtime=Runtime(clock=SkippingClock()),
        )

    def request(self) -> AuthorizationRequest:
        return self.app.authorization_request(
            redirect_uri="https://erp.example.com/callback", scopes=["accounting.record.read", "offline_access"]
        )

    async def login(self) -> Grant:
        request = self.request()
        callback = f"{request.redirect_uri}?code={CODE}&state={request.state}"
        try:
            return await self.app.exchange(callback, request, store=self.store)
        finally:
            self.things = [request, *_values(request)]

    async def login_and_refresh(self) -> None:
        grant = await self.login()
        await grant.refresh_if_older_than(1e-9)

    things: list[Any] = []  # noqa: RUF012 - set by each login

    def assert_silent(self, *things: object) -> None:
        canaries = (SECRET, *[thing for thing in self.things if isinstance(thing, str)])
        for name, shown in self.log.kept:
            assert_silent(name, shown, canaries)
        for event in self.events:
            for shown in (repr(event), event.text(), repr(attrs.asdict(event))):
                assert_silent("event", shown, canaries)
        shown_things = (self.app, self.store, *self.unsaved, *things)
        for thing in (*shown_things, *(thing for thing in self.things if not isinstance(thing, str))):
            assert_silent("repr", f"{thing!r} {thing}", canaries)

    def assert_error_silent(self, error: BaseException) -> None:
        canaries = (SECRET, *[thing for thing in self.things if isinstance(thing, str)])
        for name, shown in surfaces_of(error):
            assert_silent(name, shown, canaries)


def _values(request: AuthorizationRequest) -> list[str]:
    challenge = parse_qs(urlsplit(request.url).query)["code_challenge"][0]
    return [value.lower() for value in (request.state, request.code_verifier, challenge)]


@contextlib.asynccontextmanager
async def scene(*plays: Play, store: MemoryTokenStore | None = None, basic: bool = False) -> Any:
    """The plays answer the token endpoint one after the other, the last one for ever."""
    left = list(plays)

    def handler(request: Request, reply: Reply) -> Awaitable[None] | None:
        if request.path == "/v1/token":
            return (left.pop(0) if len(left) > 1 else left[0])(request, reply)
        if request.path == "/v1/revoke":
            return reply.send(200, HEADERS)
        if request.path == "/v2/company":
            return reply.json(COMPANY, headers=HEADERS)
        return reply.send(404, HEADERS, CODE.encode())

    async with RawServer(handler) as server:
        with everything_logged() as log:
            yield Scene(server, log, store or MemoryTokenStore(), basic)


REFUSALS: dict[str, Play] = {
    "invalid grant": refusal("invalid_grant"),
    "invalid client": refusal("invalid_client", 401),
    "a code that is none": refusal(f"{REFRESH} is bad"),
    "busy": refusal("temporarily_unavailable", 503),
    "too many": refusal("slow_down", 429),
    "garbage": garbage,
    "gateway": gateway,
    "cut": cut,
    "gone": gone,
}


class TestGrants:
    @pytest.mark.parametrize("basic", [False, True], ids=["post", "basic"])
    @pytest.mark.asyncio
    async def test_of_success(self, basic: bool) -> None:
        """A login, calls, a refresh and a revocation leave no secret in logs, events and reprs."""
        async with scene(tokens, basic=basic) as found:
            grant = await found.login()
            async with Brex(grant, account="acme", base_url=found.server.url, on_event=found.events.append) as brex:
                await brex.company.get()
                await grant.refresh_if_older_than(1e-9)
                await brex.company.get()
                found.assert_silent(grant, brex, await grant.status(), vars(brex))
            await grant.revoke()
            found.assert_silent(grant, await grant.status())
        sent = [request for request in found.server.requests if request.path == "/v1/token"]
        assert 2 == len(sent)
        assert (CLIENT_SECRET.encode() in sent[0].body) is not basic
        assert f"Bearer {ACCESS}" in [request.headers.get("authorization") for request in found.server.requests]

    @pytest.mark.parametrize("play", REFUSALS.values(), ids=REFUSALS)
    @pytest.mark.asyncio
    async def test_of_a_login_that_fails(self, play: Play) -> None:
        """A login that the issuer does not answer as it should leaves none, whatever one does with its error."""
        async with scene(play) as found:
            with pytest.raises(BrexError) as caught:
                await found.login()
            logging.getLogger("user").error("login failed", exc_info=caught.value)
            found.assert_silent()
        found.assert_error_silent(caught.value)

    @pytest.mark.parametrize("play", REFUSALS.values(), ids=REFUSALS)
    @pytest.mark.asyncio
    async def test_of_a_refresh_that_fails(self, play: Play) -> None:
        """Nor does a refresh, in a call or outside of one."""
        async with scene(tokens, play) as found:
            grant = await found.login()
            with pytest.raises(BrexError) as outside:
                await grant.refresh_if_older_than(1e-9)
            found.assert_error_silent(outside.value)
            logging.getLogger("user").error("refresh failed", exc_info=outside.value)
            found.assert_silent(grant)

    @pytest.mark.parametrize("version", [1, 2, 3], ids=["of the login", "of the intent", "of new tokens"])
    @pytest.mark.asyncio
    async def test_of_a_store_that_fails(self, version: int) -> None:
        """Nor does a store that does not store; the hook alone is given the tokens, and its argument hides them."""
        async with scene(tokens, store=FailingStore(version)) as found:
            grant = found.app.grant(found.store)
            with pytest.raises(BrexError) as caught:
                await found.login_and_refresh()
            await grant.settled()
            logging.getLogger("user").error("refresh failed", exc_info=caught.value)
            found.assert_silent()
        found.assert_error_silent(caught.value)
        assert [version != 2] * (version != 2) == [REFRESH.encode() in given.content for given in found.unsaved]

    @pytest.mark.asyncio
    async def test_of_what_a_browser_brings(self) -> None:
        """A callback that is refused is not repeated."""
        async with scene(tokens) as found:
            request = found.request()
            found.things = [request, *_values(request)]
            for query in (
                f"code={CODE}&state={SECRET}",
                f"state={request.state}",
                f"code={CODE}&code={CODE}&state={request.state}",
                f"error={SECRET} {CODE}&state={request.state}",
                f"code={CODE}ü&state={request.state}",
                f"code={CODE}&state={request.state}&iss=https://{SECRET}.example.com",
            ):
                with pytest.raises(BrexError) as caught:
                    await found.app.exchange(f"https://erp.example.com/?{query}", request, store=found.store)
                found.assert_error_silent(caught.value)
            found.assert_silent()

    @pytest.mark.asyncio
    async def test_nothing_travels(self) -> None:
        """Applications, grants, requests and unsaved grants are neither pickled nor copied."""
        async with scene(tokens) as found:
            grant = await found.login()
            unsaved = UnsavedGrant(found.store, REFRESH.encode())
            for thing in (found.app, grant, found.request(), unsaved):
                for travel in (pickle.dumps, copy.copy, copy.deepcopy):
                    with pytest.raises(TypeError):
                        travel(thing)

    @pytest.mark.asyncio
    async def test_of_a_debugging_loop(self) -> None:
        """An event loop in debug mode, which logs slow steps with their reprs, shows none either."""
        asyncio.get_running_loop().set_debug(True)
        asyncio.get_running_loop().slow_callback_duration = 0.0
        async with scene(tokens) as found:
            grant = await found.login()
            await grant.refresh_if_older_than(1e-9)
            found.assert_silent()
