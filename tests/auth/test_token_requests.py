"""Requests for tokens: what an answer means, when one is sent again, and how long all of that takes."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting.auth.grant_state import LONGEST_LIFETIME, from_bytes, to_bytes
from brex_accounting.auth.token_answer import NoTokens, Tokens, read_answer
from brex_accounting.auth.token_request import TokenRequest
from brex_accounting.auth.unbroken import Unbroken
from brex_accounting.transport.web import WebAnswer
from tests import virtual

from .scripted_issuer import Act, Scene, disfigured, hanging, lost_after, lost_before, saying, unreachable

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
GOOD = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt", "scope": "a b"}


def read(content: Any, status: int = 200, **headers: str) -> Tokens | NoTokens:
    """What an answer means."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_answer(WebAnswer(status, headers, body), NOW)


class TestAnswers:
    """One answer."""

    def test_whole(self) -> None:
        """Everything in it is read."""
        assert read(GOOD) == Tokens(access_token="at", refresh_token="rt", lifetime=3600.0, scopes=("a", "b"))

    @pytest.mark.parametrize(
        ("expires_in", "lifetime"),
        [
            (3600, 3600),
            ("3600", 3600),
            (60.5, 60.5),
            (None, 3600),
            (0, 3600),
            (-5, 3600),
            ("soon", 3600),
            ("-5", 3600),
            (True, 3600),
            ([], 3600),
            (1e-9, 1),
            (1e300, LONGEST_LIFETIME),
            (10**400, LONGEST_LIFETIME),
            (10**15, LONGEST_LIFETIME),
            ("9" * 5000, 3600),
        ],
    )
    def test_lifetimes(self, expires_in: Any, lifetime: float) -> None:
        """What is no lifetime is an hour; no lifetime is longer than a year or too short to be stored."""
        found = read({**GOOD, "expires_in": expires_in})
        assert isinstance(found, Tokens)
        assert found.lifetime == lifetime

    def test_without_lifetime(self) -> None:
        """A missing one is an hour."""
        found = read({"access_token": "at"})
        assert found == Tokens(access_token="at", refresh_token=None, lifetime=3600.0, scopes=None)

    @pytest.mark.parametrize("refresh_token", [None, ""])
    def test_without_refresh_token(self, refresh_token: Any) -> None:
        """The old one is kept, with its age."""
        found = read({**GOOD, "refresh_token": refresh_token})
        assert isinstance(found, Tokens)
        before = Tokens(access_token="old", refresh_token="kept", lifetime=60.0, scopes=None).granted(
            issuer="i", client_id="c", asked=("a",), now=NOW
        )
        after = found.renewed(before, NOW + datetime.timedelta(hours=1))
        assert (after.access_token, after.refresh_token, after.refresh_token_at) == ("at", "kept", NOW)
        assert after.refreshed_at == NOW + datetime.timedelta(hours=1)

    @pytest.mark.parametrize(
        "change",
        [
            {"access_token": None},
            {"access_token": ""},
            {"access_token": 7},
            {"access_token": "a\nb"},
            {"access_token": "a\u00e9"},
            {"refresh_token": 7},
            {"refresh_token": "a\nb"},
            {"token_type": "mac"},
            {"token_type": 5},
        ],
    )
    def test_that_cannot_be_used(self, change: dict[str, Any]) -> None:
        """A 200 without tokens that can be sent may have used the refresh token up."""
        found = read({**GOOD, **change})
        assert isinstance(found, NoTokens)
        assert found.kind == "unclear"

    @pytest.mark.parametrize(
        ("status", "content", "kind"),
        [
            (400, {"error": "invalid_grant"}, "refused"),
            (401, {"error": "invalid_client"}, "refused"),
            (403, {"error": "access_denied"}, "refused"),
            (400, {"error": "temporarily_unavailable"}, "busy"),
            (400, {"error": "slow_down"}, "busy"),
            (400, {}, "busy"),
            (403, b"<html>blocked</html>", "busy"),
            (404, b"", "busy"),
            (429, {"error": "invalid_grant"}, "busy"),
            (408, b"", "unclear"),
            (500, {"error": "invalid_grant"}, "unclear"),
            (503, b"", "unclear"),
            (302, b"", "unclear"),
            (200, b"{", "unclear"),
            (200, [], "unclear"),
            (204, b"", "unclear"),
            (200, {"error": "invalid_grant"}, "unclear"),
        ],
    )
    def test_kinds(self, status: int, content: Any, kind: str) -> None:
        """What a status and an error code say about the refresh token."""
        found = read(content, status)
        assert isinstance(found, NoTokens)
        assert found.kind == kind

    def test_foreign_text_is_not_repeated(self) -> None:
        """Codes with anything but the letters of codes are left out."""
        found = read({"error": "Token at_secret is <b>bad</b>", "error_description": "at_secret"}, 400)
        assert isinstance(found, NoTokens)
        assert "secret" not in repr(found)
        assert found.error_code is None

    @given(
        content=st.binary(max_size=200)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda value: json.dumps(value).encode()),
        status=st.integers(200, 599),
        retry_after=st.none() | st.text(st.characters(codec="ascii")),
    )
    @example(content=b"[" * 100_000, status=200, retry_after=None)
    def test_no_answer_raises(self, content: bytes, status: int, retry_after: str | None) -> None:
        """Whatever comes is tokens or none."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        assert isinstance(read_answer(WebAnswer(status, headers, content), NOW), Tokens | NoTokens)

    @given(
        members=st.fixed_dictionaries(
            {"access_token": st.text(min_size=1, max_size=20)},
            optional={
                "refresh_token": st.none() | st.text(max_size=20) | st.integers(),
                "expires_in": st.none()
                | st.integers()
                | st.floats()
                | st.text(max_size=20)
                | st.integers(10**300, 10**310),
                "token_type": st.sampled_from(["Bearer", "bearer", "BEARER"]),
                "scope": st.none() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=2),
            },
        )
    )
    def test_what_is_read_can_be_stored(self, members: dict[str, Any]) -> None:
        """Tokens that were read make a grant that can be written and read again."""
        found = read(members)
        if isinstance(found, Tokens):
            state = found.granted(issuer="i", client_id="c", asked=("a",), now=NOW)
            assert from_bytes(to_bytes(state)) == state
            later = found.renewed(state, NOW + datetime.timedelta(days=1))
            assert from_bytes(to_bytes(later)) == later


async def ask(
    scene: Scene, *, repeats: bool = True, seconds: float = 10.0
) -> tuple[Tokens | NoTokens, TokenRequest, float]:
    """Send the scene's refresh token; what came of it, and how long it took."""
    state = scene.consent()
    process = scene.process()
    issuer = process.app._terms.issuer
    request = TokenRequest(issuer, process.runtime, seconds)
    form = {"grant_type": "refresh_token", "refresh_token": str(state.refresh_token)}
    before = process.clock.monotonic()
    async with issuer.web() as web:
        result = await request.send(web, issuer.known.token, form, repeats=repeats, unbroken=Unbroken())
    return result, request, process.clock.monotonic() - before


def asked(*script: Act, always: Act | None = None, **options: Any) -> tuple[Tokens | NoTokens, TokenRequest, float]:
    """The same, with a script."""
    scene = Scene()
    scene.issuer.script, scene.issuer.always = list(script), always
    found = virtual.run(ask(scene, **options))
    assert found[1].attempts == len(scene.issuer.posts)
    assert len({tuple(post.form.items()) for post in scene.issuer.posts}) == 1
    return found


class TestAttempts:
    """One request through all its attempts."""

    def test_first_is_enough(self) -> None:
        """Nothing is sent twice without need."""
        result, request, _ = asked()
        assert isinstance(result, Tokens)
        assert (request.attempts, request.unclear) == (1, False)

    @pytest.mark.parametrize("seconds", [0.5, 3.0, 10.0, 60.0])
    def test_silence_is_bounded(self, seconds: float) -> None:
        """All attempts together end within the time for them, and the first leaves some for the next."""
        result, request, took = asked(always=hanging, seconds=seconds)
        assert isinstance(result, NoTokens)
        assert (result.kind, request.unclear) == ("unclear", True)
        assert took == pytest.approx(seconds, abs=0.01) or took < seconds
        assert request.attempts >= 2

    def test_silence_of_the_first(self) -> None:
        """A request that hangs is followed by another one within two thirds of the time."""
        result, request, took = asked(hanging)
        assert isinstance(result, Tokens)
        assert took <= 6.7
        assert request.unclear

    def test_refusal_is_final(self) -> None:
        """A refused request is not sent again."""
        result, request, _ = asked(always=saying(400, {"error": "invalid_client"}))
        assert isinstance(result, NoTokens)
        assert (result.kind, request.attempts, request.unclear) == ("refused", 1, False)

    def test_wait_that_is_asked_for(self) -> None:
        """A short Retry-After is waited for, a long one is the caller's."""
        _, request, took = asked(saying(429, retry_after="2"))
        assert (request.attempts, round(took)) == (2, 2)
        result, request, took = asked(always=saying(503, retry_after="60"))
        assert isinstance(result, NoTokens)
        assert (request.attempts, took, result.retry_after, request.unclear) == (1, 0.0, 60.0, False)

    @pytest.mark.parametrize("act", [lost_before, lost_after, hanging, saying(500), disfigured(lambda _: [])])
    def test_what_is_good_once_is_not_repeated(self, act: Act) -> None:
        """A code is not sent again once it may have arrived."""
        result, request, _ = asked(always=act, repeats=False)
        assert isinstance(result, NoTokens)
        assert (result.kind, request.attempts) == ("unclear", 1)

    def test_what_never_left_is_repeated(self) -> None:
        """A code that no connection was made for is still good."""
        result, request, _ = asked(unreachable, unreachable, repeats=False)
        assert isinstance(result, Tokens)
        assert (request.attempts, request.unclear) == (3, False)

    def test_unclear_once_is_unclear(self) -> None:
        """A later clear answer does not undo that an earlier one was lost."""
        result, request, _ = asked(lost_before, saying(400, {"error": "invalid_grant"}))
        assert isinstance(result, NoTokens)
        assert (result.kind, request.unclear) == ("refused", True)
