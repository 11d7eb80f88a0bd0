"""Codes: each is redeemed once, by its client, with its verifier."""

from __future__ import annotations

import base64
import hashlib

import pytest

from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI
from tests.emulator.issuer.world import (
    INVALID_GRANT,
    INVALID_REQUEST,
    S256,
    VERIFIER,
    World,
    basic,
    body,
    header,
    refused,
    tokens,
)


class TestCode:
    def test_tokens(self, world: World) -> None:
        """A code gives a pair: a bearer token for an hour, its scopes and a refresh token, kept by no cache."""
        answer = world.redeem(world.code())
        found = tokens(answer)
        assert {"access_token", "token_type", "expires_in", "scope", "refresh_token"} == set(found)
        assert ("Bearer", 3600) == (found["token_type"], found["expires_in"])
        assert "accounting.record.read offline_access" == found["scope"]
        assert min(len(found["access_token"]), len(found["refresh_token"])) >= 32
        assert "application/json" == header(answer, "content-type")
        assert ("no-store", "no-cache") == (header(answer, "cache-control"), header(answer, "pragma"))
        assert answer.committed

    def test_without_offline_access(self, world: World) -> None:
        """Without offline_access there is no refresh token."""
        found = tokens(world.redeem(world.code(scope="openid expenses.card")))
        assert "refresh_token" not in found
        assert "expenses.card openid" == found["scope"]

    def test_without_expires_in(self, world: World) -> None:
        """The lifetime may be left unsaid, and is an hour all the same."""
        world.choose(expires_in="absent")
        found = tokens(world.redeem(world.code()))
        assert "expires_in" not in found
        world.advance(3599)
        assert world.good(found["access_token"])
        world.advance(1)
        assert not world.good(found["access_token"])

    def test_lifetime(self, world: World) -> None:
        """A code lasts less than 600 s, on the tenant's clock."""
        code, late = world.code(), world.code()
        world.advance(599.9)
        assert 200 == world.redeem(code).status
        world.advance(0.1)
        assert INVALID_GRANT == refused(world.redeem(late))

    def test_comes_back(self, world: World) -> None:
        """A code that comes back is refused and ends all that was made from it, and nothing else."""
        code, other = world.code(), tokens(world.redeem(world.code()))
        first = tokens(world.redeem(code))
        second = tokens(world.refresh(first["refresh_token"]))
        answer = world.redeem(code)
        assert INVALID_GRANT == refused(answer)
        assert answer.committed
        assert not world.good(first["access_token"])
        assert not world.good(second["access_token"])
        assert INVALID_GRANT == refused(world.refresh(second["refresh_token"]))
        assert world.good(other["access_token"])
        assert not world.redeem(code).committed

    def test_refused_code_stays_good(self, world: World) -> None:
        """A request that does not fit uses no code up."""
        code = world.code()
        world.redeem(code, redirect_uri=f"{DEFAULT_REDIRECT_URI}/")
        assert 200 == world.redeem(code).status

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"code": None}, "invalid_request"),
            ({"code": ""}, "invalid_request"),
            ({"code": "unknown"}, "invalid_grant"),
            ({"redirect_uri": None}, "invalid_request"),
            ({"redirect_uri": "https://other.example.com/"}, "invalid_grant"),
            ({"code_verifier": VERIFIER}, "invalid_grant"),
            ({"grant_type": None}, "invalid_request"),
            ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
            ({"grant_type": "refresh_token"}, "invalid_request"),
        ],
        ids=str,
    )
    def test_refusals(self, world: World, changes: dict[str, str | None], error: str) -> None:
        """What is missing, unknown or does not fit is refused, with the error that RFC 6749 has for it."""
        answer = world.redeem(world.code(), **changes)
        assert (400, error) == refused(answer)
        assert not answer.committed
        assert "no-store" == header(answer, "cache-control")

    @pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri"])
    def test_missing_is_named(self, world: World, name: str) -> None:
        """The description names the parameter that is missing."""
        assert f"{name} is missing" == body(world.redeem(world.code(), **{name: None}))["error_description"]

    def test_other_registered_redirect_uri(self) -> None:
        """Being registered is not enough: it must be the one of the authorize request."""
        world = World(redirect_uris=[DEFAULT_REDIRECT_URI, "https://erp.example.com/cb"])
        answer = world.redeem(world.code(), redirect_uri="https://erp.example.com/cb")
        assert INVALID_GRANT == refused(answer)

    def test_repeated_parameter(self, world: World) -> None:
        """A parameter that occurs twice is refused, even one that means nothing."""
        answer = world.issuer.token([("a", "1"), ("a", "1")], basic(world.issuer.client_id, world.issuer.client_secret))
        assert INVALID_REQUEST == refused(answer)

    def test_withdrawn(self, world: World) -> None:
        """A code dies with the consent, those of other tenants do not; the next consent gives a good one."""
        code, other = world.code(), world.code(login_hint="globex")
        world.issuer.revoke_tenant("main")
        assert 200 == world.redeem(other).status
        assert INVALID_GRANT == refused(world.redeem(code))
        assert 200 == world.redeem(world.code()).status


class TestPKCE:
    @pytest.mark.parametrize(
        "challenge",
        [
            {"code_challenge": S256, "code_challenge_method": "S256"},
            {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
            {"code_challenge": VERIFIER},
        ],
        ids=str,
    )
    def test_verifier(self, world: World, challenge: dict[str, str]) -> None:
        """With a challenge the code needs its verifier, and no other one will do."""
        code = world.code(**challenge)
        assert INVALID_REQUEST == refused(world.redeem(code))
        for wrong in (S256, "w" * 43, VERIFIER + "v", "short", "ü" * 43):
            assert INVALID_GRANT == refused(world.redeem(code, code_verifier=wrong))
        assert 200 == world.redeem(code, code_verifier=VERIFIER).status

    @pytest.mark.parametrize("verifier", ["short", "s" * 129, "v" * 42 + " "])
    def test_length(self, world: World, verifier: str) -> None:
        """A verifier that is too short, too long or has other characters is none, even if it fits."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        code = world.code(code_challenge=challenge, code_challenge_method="S256")
        assert INVALID_GRANT == refused(world.redeem(code, code_verifier=verifier))

    def test_published_example(self, world: World) -> None:
        """The verifier and challenge that RFC 7636 prints in its appendix B belong together."""
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        code = world.code(code_challenge=challenge, code_challenge_method="S256")
        assert 200 == world.redeem(code, code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").status
