"""What is stored of a grant: there and back, and nothing else taken for one."""

from __future__ import annotations

import datetime
import json
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting.auth.grant_state import (
    LONGEST_LIFETIME,
    Dead,
    GrantState,
    Intent,
    Unreadable,
    from_bytes,
    hashed,
    to_bytes,
)

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
GRANT = GrantState(
    issuer="https://issuer.example",
    client_id="client",
    access_token="access-secret",
    refresh_token="refresh-secret",
    scopes=("a", "b"),
    granted_at=NOW,
    refresh_token_at=NOW,
    refreshed_at=NOW,
    expires_at=NOW + datetime.timedelta(hours=1),
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
tokens = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
instants = st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(datetime.UTC))
causes = st.sampled_from(["revoked or expired", "answer lost", "revoked here", "no refresh token", "no grant"])


@st.composite
def states(draw: st.DrawFn) -> GrantState:
    """Any grant."""
    refreshed_at = draw(instants)
    lifetime = draw(st.floats(1.0, LONGEST_LIFETIME))
    return GrantState(
        issuer=draw(texts),
        client_id=draw(texts),
        access_token=draw(tokens),
        refresh_token=draw(st.none() | tokens),
        scopes=tuple(draw(st.lists(texts, max_size=3))),
        granted_at=draw(instants),
        refresh_token_at=draw(instants),
        refreshed_at=refreshed_at,
        expires_at=refreshed_at + datetime.timedelta(seconds=lifetime),
        intent=draw(st.none() | st.builds(Intent, token_hash=texts, begun_at=instants)),
        dead=draw(st.none() | st.builds(Dead, cause=causes, since=instants)),
    )


def changed(**members: Any) -> bytes:
    """A stored grant with other members; None takes one away."""
    found = {**json.loads(to_bytes(GRANT)), **members}
    return json.dumps({name: value for name, value in found.items() if value != "absent"}).encode()


class TestForm:
    """Bytes of a grant."""

    @given(states())
    def test_there_and_back(self, state: GrantState) -> None:
        """What is written is read as it was."""
        assert from_bytes(to_bytes(state)) == state

    @given(st.binary())
    @example(b"[" * 100_000)
    @example(b'"\xff"')
    @example(b'{"format": 1}')
    def test_anything_else(self, content: bytes) -> None:
        """Bytes of anybody else's are unreadable and nothing worse."""
        with pytest.raises(Unreadable):
            from_bytes(content)

    @given(
        name=st.sampled_from(sorted(json.loads(to_bytes(GRANT)))),
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=5,
        ),
    )
    def test_one_member_is_something_else(self, name: str, value: Any) -> None:
        """It is a grant that can be written again, or unreadable; never an error of another kind."""
        try:
            state = from_bytes(changed(**{name: value}))
        except Unreadable:
            pass
        else:
            assert from_bytes(to_bytes(state)) == state

    @pytest.mark.parametrize(
        "members",
        [
            {"format": 2},
            {"format": "1"},
            {"format": "absent"},
            {"issuer": "absent"},
            {"access_token": 5},
            {"access_token": None},
            {"access_token": ""},
            {"refresh_token": ""},
            {"expires_at": "2026-01-01T01:00:00"},
            {"expires_at": "2025-01-01T00:00:00Z"},
            {"expires_at": "2126-01-01T00:00:00Z"},
            {"expires_at": "soon"},
            {"dead": {"cause": "because", "since": "2026-01-01T00:00:00Z"}},
            {"intent": {"token_hash": "x"}},
        ],
    )
    def test_what_no_grant_has(self, members: dict[str, Any]) -> None:
        """A grant that could not be used is not taken for one."""
        with pytest.raises(Unreadable):
            from_bytes(changed(**members))

    def test_members_of_later_versions_are_no_matter(self) -> None:
        """The same form may get more members."""
        assert from_bytes(changed(more={"a": 1})) == GRANT

    def test_reasons_repeat_no_value(self) -> None:
        """The text says where, and nothing of what is there."""
        with pytest.raises(Unreadable) as caught:
            from_bytes(changed(scopes="access-secret"))
        assert str(caught.value) == "$.scopes is not what it should be"


class TestSteps:
    """From one state to the next."""

    def test_intent(self) -> None:
        """It is about one refresh token, and keeps the time of its first request."""
        begun = GRANT.intending(NOW)
        assert (begun.pending, GRANT.pending) == (True, False)
        assert begun.intending(NOW + datetime.timedelta(seconds=9)) == begun
        assert not attrs.evolve(begun, refresh_token="another").pending
        assert begun.settled() == GRANT
        assert begun.intent == Intent(token_hash=hashed("refresh-secret"), begun_at=NOW)

    def test_death(self) -> None:
        """Its tokens are kept for somebody to look into it, and nothing is pending."""
        died = GRANT.intending(NOW).died(Dead(cause="answer lost", since=NOW))
        assert (died.pending, died.refresh_token) == (False, "refresh-secret")
        assert from_bytes(to_bytes(died)) == died

    def test_revocation(self) -> None:
        """No token is left."""
        revoked = GRANT.intending(NOW).revoked(NOW)
        assert b"secret" not in to_bytes(revoked)
        assert revoked.dead == Dead(cause="revoked here", since=NOW)
        assert from_bytes(to_bytes(revoked)) == revoked

    def test_repr(self) -> None:
        """It shows no token."""
        assert "secret" not in repr(GRANT.intending(NOW))
