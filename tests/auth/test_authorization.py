"""A customer's consent: the request, the callback, and the exchange of its code."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import (
    AuthorizationDenied,
    AuthorizationError,
    AuthorizationRequest,
    BrexError,
    InvalidArgument,
    OAuthRefused,
    RefreshFailed,
    StateMismatch,
    TokensNotSaved,
    TokenStoreError,
)
from brex_accounting.auth.authorization import code_of
from brex_accounting.auth.grant_state import from_bytes
from tests import virtual

from .faulty_store import failing, waiting
from .scripted_issuer import HOUR, Act, Process, Scene, hanging_after, late, lost_after, saying, unreachable

REDIRECT = "http://127.0.0.1:8765/callback"
SCOPES = ("accounting.record.read", "offline_access")
ISSUER = "https://issuer.example"
REQUEST = AuthorizationRequest(
    url=ISSUER, state="the-state", code_verifier="the-verifier", redirect_uri=REDIRECT, scopes=SCOPES
)


def begun(process: Process) -> AuthorizationRequest:
    """A request of an application."""
    return process.app.authorization_request(redirect_uri=REDIRECT, scopes=SCOPES)


def callback(**values: str) -> str:
    """A URL that the browser comes back to."""
    return f"{REDIRECT}?{urlencode({'state': 'the-state', 'code': 'the-code', **values})}"


class TestRequest:
    """Where the browser is sent."""

    def test_url(self) -> None:
        """It asks for a code, with state and PKCE, at the issuer's endpoint."""
        scene = Scene()
        request = begun(scene.process())
        url, query = request.url.split("?")
        values = dict(parse_qsl(query))
        digest = hashlib.sha256(request.code_verifier.encode()).digest()
        assert url == f"{scene.world.issuer_url}/v1/authorize"
        assert values == {
            "response_type": "code",
            "client_id": scene.world.issuer.client_id,
            "redirect_uri": REDIRECT,
            "scope": "accounting.record.read offline_access",
            "state": request.state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        assert 43 <= len(request.code_verifier) <= 128

    def test_each_is_new(self) -> None:
        """No two have a state or verifier in common."""
        process = Scene().process()
        requests = [begun(process) for _ in range(20)]
        assert len({request.state for request in requests}) == 20
        assert len({request.code_verifier for request in requests}) == 20

    def test_hint(self) -> None:
        """Who is expected to consent may be named."""
        process = Scene().process()
        request = process.app.authorization_request(redirect_uri=REDIRECT, scopes=SCOPES, login_hint="a b&c")
        assert dict(parse_qsl(urlsplit(request.url).query))["login_hint"] == "a b&c"

    @pytest.mark.parametrize(
        "redirect_uri", ["", "http://example.com/", "ftp://127.0.0.1", "https://e.example/#x", "callback", None, 5]
    )
    def test_redirect_uris_that_are_none(self, redirect_uri: Any) -> None:
        """A code does not travel where others can read it."""
        with pytest.raises(InvalidArgument, match="redirect_uri"):
            Scene().process().app.authorization_request(redirect_uri=redirect_uri, scopes=SCOPES)

    @pytest.mark.parametrize("scopes", [[], "a b", None, 5, [""], ["a b"], [5], ["é"], ['"']])
    def test_scopes_that_are_none(self, scopes: Any) -> None:
        """Scopes are several names."""
        with pytest.raises(InvalidArgument, match="scopes"):
            Scene().process().app.authorization_request(redirect_uri=REDIRECT, scopes=scopes)

    def test_scopes_are_asked_for_once(self) -> None:
        """A scope that is named twice is asked for once."""
        request = Scene().process().app.authorization_request(redirect_uri=REDIRECT, scopes=["a", "b", "a"])
        assert request.scopes == ("a", "b")

    def test_repr(self) -> None:
        """It shows neither state nor verifier nor URL."""
        assert not [secret for secret in ("the-state", "the-verifier") if secret in repr(REQUEST)]
        request = begun(Scene().process())
        assert request.state not in repr(request)

    def test_session(self) -> None:
        """It survives as plain values in JSON."""
        assert AuthorizationRequest.from_session(json.loads(json.dumps(REQUEST.to_session()))) == REQUEST

    @pytest.mark.parametrize("name", ["url", "state", "code_verifier", "redirect_uri", "scopes"])
    @pytest.mark.parametrize("value", [None, "", 5])
    def test_session_that_lacks_something(self, name: str, value: Any) -> None:
        """What is missing is named, and nothing else repeated."""
        with pytest.raises(InvalidArgument, match=name) as caught:
            AuthorizationRequest.from_session({**REQUEST.to_session(), name: value})
        assert "the-verifier" not in str(caught.value)


class TestCallback:
    """What the browser brings back."""

    @pytest.mark.parametrize(
        "url",
        [
            callback(),
            callback().partition("8765")[2],
            callback().partition("?")[2],
            callback(iss=ISSUER),
            callback(x="1"),
        ],
    )
    def test_code(self, url: str) -> None:
        """It is read from the whole URL, from its path on, or from its query."""
        assert code_of(url, REQUEST, issuer=ISSUER) == "the-code"

    @pytest.mark.parametrize(
        ("url", "error"),
        [
            (callback(state="another"), StateMismatch),
            (callback(state=""), StateMismatch),
            (callback(state="thé-state"), StateMismatch),
            (REDIRECT, StateMismatch),
            ("", StateMismatch),
            (callback(state="another", error="access_denied"), StateMismatch),
            (callback(iss="https://evil.example"), StateMismatch),
            (callback(error="access_denied"), AuthorizationDenied),
            (callback(error="server_error"), AuthorizationDenied),
            (callback(error="<script>"), AuthorizationDenied),
            (callback(code=""), AuthorizationError),
            (callback(code="a\nb"), AuthorizationError),
            (f"{REDIRECT}?state=the-state", AuthorizationError),
            (callback() + "&code=another", AuthorizationError),
            (callback() + "&state=the-state", AuthorizationError),
            (callback() + "&a=1" * 200, AuthorizationError),
            ("http://[::1?state=the-state&code=x", BrexError),
        ],
    )
    def test_that_is_none(self, url: Any, error: type[BrexError]) -> None:
        """Each has an error of its own, without the code, the state, or foreign text."""
        with pytest.raises(error) as caught:
            code_of(url, REQUEST, issuer=ISSUER)
        text = str(caught.value)
        assert not [secret for secret in ("the-code", "the-state", "the-verifier", "<script>") if secret in text]
        assert "authorization_request()" in text

    @pytest.mark.parametrize("url", [None, 5, b"code=x", httpx.URL(REDIRECT)], ids=repr)
    def test_other_types(self, url: Any) -> None:
        """What is no text is a mistake of the caller's, and no forgery."""
        with pytest.raises(InvalidArgument, match=r"^callback_url: expected .* str\(request\.url\)"):
            code_of(url, REQUEST, issuer=ISSUER)
        with pytest.raises(InvalidArgument, match=r"^request: expected the AuthorizationRequest"):
            code_of(callback(), REQUEST.to_session(), issuer=ISSUER)  # type: ignore[arg-type]
        for values in (None, [], "state"):
            with pytest.raises(InvalidArgument, match=r"^values: expected what to_session"):
                AuthorizationRequest.from_session(values)  # type: ignore[arg-type]

    def test_denial_says_why(self) -> None:
        """The error code of the issuer is told apart."""
        with pytest.raises(AuthorizationDenied) as caught:
            code_of(callback(error="access_denied"), REQUEST, issuer=ISSUER)
        assert caught.value.error_code == "access_denied"

    @given(st.text() | st.text().map(lambda text: f"{REDIRECT}?state=the-state&{text}"))
    def test_any_text(self, url: str) -> None:
        """Whatever comes back is a code or an error of ours."""
        try:
            code = code_of(url, REQUEST, issuer=ISSUER)
        except AuthorizationError:
            pass
        else:
            assert code.isascii()


class TestExchange:
    """From a callback to a stored grant."""

    @pytest.mark.parametrize("authentication", ["client_secret_post", "client_secret_basic"])
    def test_stores_a_grant_that_works(self, authentication: Any) -> None:
        """When it returns the grant is stored, and works; by either way to show the secret."""

        async def main() -> None:
            scene = Scene()
            process = scene.process(client_authentication=authentication)
            request = begun(process)
            grant = await process.app.exchange(scene.callback(request), request, store=process.store)
            assert set(scene.place.state.scopes) == set(SCOPES)
            assert grant.token_at_hand() is None
            assert scene.accepts(await grant.access_token())
            await asyncio.sleep(HOUR)
            assert scene.accepts(await grant.access_token())
            secret = [post.form.get("client_secret") for post in scene.issuer.posts]
            assert secret == [scene.world.issuer.client_secret if "post" in authentication else None] * 2

        virtual.run(main())

    def test_in_another_process(self) -> None:
        """The browser may come back to another process, which has the session only."""

        async def main() -> None:
            scene = Scene()
            request = begun(scene.process())
            session, url = json.dumps(request.to_session()), scene.callback(request)
            process = scene.process()
            again = AuthorizationRequest.from_session(json.loads(session))
            grant = await process.app.exchange(url, again, store=process.store)
            assert scene.accepts(await grant.access_token())

        virtual.run(main())

    def test_verifier_is_checked(self) -> None:
        """A code that was asked for by somebody else is of no use."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            stolen = attrs.evolve(request, code_verifier="x" * 64)
            with pytest.raises(AuthorizationError) as caught:
                await process.app.exchange(scene.callback(request), stolen, store=process.store)
            assert caught.value.error_code == "invalid_grant"
            assert scene.place.stored is None

        virtual.run(main())

    @pytest.mark.parametrize("act", [lost_after, hanging_after, saying(500)])
    def test_a_lost_answer_is_not_asked_for_again(self, act: Act) -> None:
        """A code is good once: sent a second time it would end what it was good for."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            scene.issuer.always = act
            before = process.clock.monotonic()
            with pytest.raises(AuthorizationError) as caught:
                await process.app.exchange(scene.callback(request), request, store=process.store)
            assert "lost" in str(caught.value)
            assert len(scene.issuer.posts) == 1
            assert process.clock.monotonic() - before <= 10.0

        virtual.run(main())

    @pytest.mark.parametrize(
        ("act", "error"), [(unreachable, RefreshFailed), (saying(401, {"error": "invalid_client"}), OAuthRefused)]
    )
    def test_other_failures(self, act: Act, error: type[BrexError]) -> None:
        """An issuer that is not there, or refuses the application, has not used the code up."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            url = scene.callback(request)
            scene.issuer.always = act
            with pytest.raises(error):
                await process.app.exchange(url, request, store=process.store)
            scene.issuer.always = None
            await process.app.exchange(url, request, store=process.store)
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())

    @pytest.mark.parametrize("moment", [0.0, 0.5, 1.5, 2.5, 3.5, 4.5])
    def test_browser_that_goes_away(self, moment: float) -> None:
        """A caller that is cancelled at any time gets a stored grant all the same."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            for operation in ("lock", "load", "compare_and_swap"):
                process.store.before[operation] = waiting(process.clock, 1.0)  # type: ignore[index]
            request = begun(process)
            scene.issuer.script = [late(1.0)]
            task = asyncio.create_task(process.app.exchange(scene.callback(request), request, store=process.store))
            await asyncio.sleep(moment)
            task.cancel()
            await asyncio.wait({task})
            await asyncio.sleep(10.0)
            assert scene.accepts(str(scene.place.state.access_token))
            assert scene.place.holder is None

        virtual.run(main())

    def test_end_of_the_loop(self) -> None:
        """``asyncio.run`` that ends while the grant is being stored waits for that."""
        scene = Scene()
        process = scene.process()
        process.store.before["compare_and_swap"] = waiting(process.clock, 1.0)
        request = begun(process)

        async def main() -> None:
            asyncio.get_running_loop().create_task(
                process.app.exchange(scene.callback(request), request, store=process.store)
            )
            await asyncio.sleep(0.5)

        virtual.run(main())
        assert scene.accepts(str(scene.place.state.access_token))

    def test_a_store_that_fails_first(self) -> None:
        """It is found out before the code is used."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            url = scene.callback(request)
            for operation in ("lock", "load"):
                process.store.before[operation] = failing()  # type: ignore[index]
                with pytest.raises(TokenStoreError) as caught:
                    await process.app.exchange(url, request, store=process.store)
                assert not isinstance(caught.value, TokensNotSaved)
                process.store.before.clear()
            assert scene.issuer.posts == []
            await process.app.exchange(url, request, store=process.store)
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())

    def test_a_store_that_fails_afterwards(self) -> None:
        """The hook gets what should be there, and the caller is told; written by hand it works."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            process.store.before["compare_and_swap"] = failing()
            with pytest.raises(TokensNotSaved) as caught:
                await process.app.exchange(scene.callback(request), request, store=process.store)
            assert caught.value.__cause__ is not None
            assert [unsaved.store for unsaved in process.unsaved] == [process.store]
            assert scene.accepts(str(from_bytes(process.unsaved[0].content).access_token))
            scene.place.keep(process.unsaved[0].content)
            assert scene.accepts(await scene.process().grant.access_token())

        virtual.run(main())

    def test_a_store_that_fails_once(self) -> None:
        """One failure is made good."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            process.store.after["compare_and_swap"] = failing(1)
            await process.app.exchange(scene.callback(request), request, store=process.store)
            assert scene.accepts(await process.grant.access_token())
            assert process.unsaved == []

        virtual.run(main())

    def test_a_store_of_another_client(self) -> None:
        """A grant of another client is not overwritten, and the code not used."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            scene.place.put(attrs.evolve(scene.consented(), client_id="somebody else"))
            before = scene.place.stored
            request = begun(process)
            with pytest.raises(TokenStoreError, match="another client"):
                await process.app.exchange(scene.callback(request), request, store=process.store)
            assert scene.place.stored == before
            assert scene.issuer.posts == []

        virtual.run(main())

    def test_replaces_a_grant(self) -> None:
        """A second consent takes the place of the first, with its own age."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            old = await process.grant.access_token()
            await asyncio.sleep(100.0)
            request = begun(process)
            await process.app.exchange(scene.callback(request), request, store=process.store)
            assert await process.grant.access_token() != old
            assert (scene.place.state.granted_at - virtual.EPOCH).total_seconds() == 100.0

        virtual.run(main())

    def test_errors_show_no_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        """Neither code nor verifier, state or secret is in an error or a record."""
        caplog.set_level(1)
        scene = Scene()
        process = scene.process()
        request = begun(process)
        url = scene.callback(request)
        code = dict(parse_qsl(urlsplit(url).query))["code"]

        async def main() -> list[str]:
            texts = []
            for act in (unreachable, lost_after, None):
                scene.issuer.always = act
                process.store.before["compare_and_swap"] = failing()
                try:
                    await process.app.exchange(url, request, store=process.store)
                except BrexError as error:
                    seen: BaseException | None = error
                    while seen is not None:
                        texts.append(f"{seen!r} {seen}")
                        seen = seen.__cause__ or seen.__context__
            return texts

        texts = virtual.run(main())
        texts += [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
        for secret in (code, request.code_verifier, request.state, scene.world.issuer.client_secret):
            assert not [text for text in texts if secret in text]
