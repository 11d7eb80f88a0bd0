"""Authorization: to whom a browser is sent back, with what, and who is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI
from tests.emulator.issuer.world import S256, STATE, URL, World, header, location, pairs, tokens


class TestAuthorize:
    def test_consent(self, world: World) -> None:
        """The tenant consents at once: back to the redirect URI with code, state and issuer, kept by no cache."""
        answer = world.authorize()
        found = location(answer)
        assert {"code", "state", "iss"} == set(found)
        assert (STATE, URL) == (found["state"], found["iss"])
        assert (header(answer, "location") or "").startswith(f"{DEFAULT_REDIRECT_URI}?")
        assert "no-store" == header(answer, "cache-control")
        assert answer.committed

    def test_without_issuer_url(self, world: World) -> None:
        """Nothing is said about an issuer whose URL is not known."""
        query = [("client_id", world.issuer.client_id), ("redirect_uri", DEFAULT_REDIRECT_URI)]
        assert "iss" not in location(world.issuer.authorize(query))

    def test_redirect_uri_with_query(self) -> None:
        """A redirect URI keeps its own query."""
        world = World(redirect_uris=["https://erp.example.com/cb?tenant=7"])
        answer = world.authorize(redirect_uri="https://erp.example.com/cb?tenant=7")
        assert location(answer) == location(answer) | {"tenant": "7"}

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "someone"},
            {"client_id": None},
            {"redirect_uri": None},
            {"redirect_uri": f"{DEFAULT_REDIRECT_URI}/"},
            {"redirect_uri": DEFAULT_REDIRECT_URI.replace("8765", "8766")},
            {"redirect_uri": DEFAULT_REDIRECT_URI.upper()},
            {"redirect_uri": f"{DEFAULT_REDIRECT_URI}?a=b"},
        ],
        ids=str,
    )
    def test_no_open_redirect(self, world: World, changes: dict[str, str | None]) -> None:
        """An unknown client or a redirect URI that differs in one character: 400, and no browser is sent anywhere."""
        answer = world.authorize(**changes)
        assert 400 == answer.status
        assert header(answer, "location") is None
        assert not answer.committed

    @pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
    def test_repeated_target(self, world: World, name: str) -> None:
        """A client or redirect URI that is named twice counts as none."""
        target = {"client_id": world.issuer.client_id, "redirect_uri": DEFAULT_REDIRECT_URI}
        answer = world.issuer.authorize([*pairs(target), (name, target[name])])
        assert 400 == answer.status

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"state": "12345678"}, "invalid_request"),
            ({"scope": None}, "invalid_scope"),
            ({"scope": " "}, "invalid_scope"),
            ({"scope": "accounting.record.read nonsense"}, "invalid_scope"),
            ({"login_hint": "nobody"}, "access_denied"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"code_challenge": S256, "code_challenge_method": "s256"}, "invalid_request"),
            ({"code_challenge_method": "S256"}, "invalid_request"),
            ({"code_challenge": "ü" * 43}, "invalid_request"),
        ],
        ids=str,
    )
    def test_error_goes_to_client(self, world: World, changes: dict[str, str | None], error: str) -> None:
        """Every other error goes to the redirect URI, with its description, state and issuer."""
        answer = world.authorize(**changes)
        found = location(answer)
        assert {"error", "error_description", "state", "iss"} == set(found)
        assert (error, changes.get("state") or STATE) == (found["error"], found["state"])
        assert not answer.committed

    def test_missing_state(self, world: World) -> None:
        """Without a state there is none to give back."""
        found = location(world.authorize(state=None))
        assert "invalid_request" == found["error"]
        assert "state is missing" in found["error_description"]
        assert "state" not in found

    def test_shortest_state(self, world: World) -> None:
        """Nine characters are more than eight."""
        assert "code" in location(world.authorize(state="123456789"))

    @pytest.mark.parametrize("name", ["state", "scope", "response_type", "anything"])
    def test_repeated_parameter(self, world: World, name: str) -> None:
        """A parameter that occurs twice is refused, and one of two states is not given back."""
        query = {
            "client_id": world.issuer.client_id,
            "redirect_uri": DEFAULT_REDIRECT_URI,
            "response_type": "code",
            "scope": "openid",
            "state": STATE,
            "anything": "x",
        }
        found = location(world.issuer.authorize([*pairs(query), (name, query[name])]))
        assert ("invalid_request", f"{name} occurs more than once") == (found["error"], found["error_description"])
        assert (name != "state") == ("state" in found)

    def test_unknown_parameter(self, world: World) -> None:
        """What the issuer does not know it ignores."""
        assert "code" in location(world.authorize(prompt="consent", nonce="n"))

    def test_tenant(self, world: World) -> None:
        """login_hint names the tenant; without it the default one consents."""
        for hint, tenant in ((None, "main"), ("globex", "globex")):
            access = tokens(world.redeem(world.code(login_hint=hint)))["access_token"]
            assert tenant == world.issuer.tenant_of_token(access)

    @given(st.text(alphabet=st.characters(codec="utf-8"), min_size=9))
    def test_any_state(self, state: str) -> None:
        """Whatever the state is, it comes back as it was."""
        world = World()
        assert state == location(world.authorize(state=state))["state"]

    def test_state_that_cannot_be_sent(self, world: World) -> None:
        """Half of a surrogate pair in a state is replaced."""
        assert "?" + STATE == location(world.authorize(state="\ud800" + STATE))["state"]
