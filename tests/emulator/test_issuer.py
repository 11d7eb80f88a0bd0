"""The issuer of the emulator: every rule of its endpoints, and one grant through all its states."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from brex_accounting import InvalidArgument
from brex_accounting.emulator.answers import Answer
from brex_accounting.emulator.clock import TenantClock
from brex_accounting.emulator.issuer import API_SCOPES, DEFAULT_REDIRECT_URI, SCOPES, Issuer
from brex_accounting.emulator.variants import VARIANTS, Variants

START = datetime(2026, 11, 20, 9, tzinfo=timezone.utc)
DAY = 86400
URL = "http://127.0.0.1:9000/oauth2/default"
STATE = "state-123"
VERIFIER = "v" * 43
INVALID_CLIENT = (401, "invalid_client")
INVALID_GRANT = (400, "invalid_grant")
INVALID_REQUEST = (400, "invalid_request")
INVALID_SCOPE = (400, "invalid_scope")
KNOWN = (400, "unsupported_grant_type")
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@attrs.define
class Account:
    name: str
    clock: TenantClock = attrs.Factory(lambda: TenantClock(START, monotonic=lambda: 0.0))
    variants: Variants = attrs.Factory(Variants)

    def lived(self) -> datetime:
        return self.clock.now()


class World:
    """An issuer with the tenants main and globex, whose clocks move only when told to."""

    def __init__(self, **options: Any) -> None:
        self.accounts = {name: Account(name) for name in ("main", "globex")}
        self.issuer = Issuer(self.accounts.get, **options)

    def choose(self, **variants: str) -> None:
        self.accounts["main"].variants.choose(**variants)

    def advance(self, seconds: float) -> None:
        self.accounts["main"].clock.advance(seconds)

    def authorize(self, **changes: str | None) -> Answer:
        """An authorize request that would succeed but for the changes; None leaves a parameter out."""
        query = {
            "client_id": self.issuer.client_id,
            "redirect_uri": DEFAULT_REDIRECT_URI,
            "response_type": "code",
            "scope": "accounting.record.read offline_access",
            "state": STATE,
        }
        return self.issuer.authorize(pairs(query | changes), URL)

    def code(self, **changes: str | None) -> str:
        return location(self.authorize(**changes))["code"]

    def post(self, **form: str | None) -> Answer:
        """A token request of the client."""
        client = {"client_id": self.issuer.client_id, "client_secret": self.issuer.client_secret}
        return self.issuer.token(pairs(client | form), None)

    def redeem(self, code: str, /, **changes: str | None) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": DEFAULT_REDIRECT_URI}
        return self.post(**(form | changes))

    def refresh(self, token: str, /, **changes: str | None) -> Answer:
        return self.post(**({"grant_type": "refresh_token", "refresh_token": token} | changes))

    def revoke(self, token: str, /, **changes: str | None) -> Answer:
        client = {"client_id": self.issuer.client_id, "client_secret": self.issuer.client_secret, "token": token}
        return self.issuer.revoke(pairs(client | changes), None)

    def good(self, token: str) -> bool:
        return self.issuer.credential(token) is not None


def pairs(values: dict[str, str | None]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value is not None]


def header(answer: Answer, name: str) -> str | None:
    return dict(answer.headers).get(name)


def location(answer: Answer) -> dict[str, str]:
    """The members that a redirect carries, each once."""
    assert 302 == answer.status
    query = parse_qs(urlsplit(header(answer, "location") or "").query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def body(answer: Answer) -> dict[str, Any]:
    return json.loads(answer.body)


def tokens(answer: Answer) -> dict[str, Any]:
    assert 200 == answer.status, answer.body
    return body(answer)


def refused(answer: Answer) -> tuple[int, str]:
    """Status and error of a refusal."""
    found = body(answer)
    assert {"error", "error_description"} == set(found)
    return answer.status, found["error"]


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@pytest.fixture
def world() -> World:
    return World()


class TestDiscovery:
    def test_endpoints(self, world: World) -> None:
        """The endpoints lie below the issuer's URL, whether that ends in a slash or not."""
        for url in (URL, f"{URL}/"):
            found = body(world.issuer.discovery(url))
            assert url == found["issuer"]
            assert f"{URL}/v1/authorize" == found["authorization_endpoint"]
            assert f"{URL}/v1/token" == found["token_endpoint"]
            assert f"{URL}/v1/revoke" == found["revocation_endpoint"]

    def test_support(self, world: World) -> None:
        """It lists what the endpoints take, and no more."""
        found = body(world.issuer.discovery(URL))
        assert ["code"] == found["response_types_supported"]
        assert ["authorization_code", "refresh_token"] == found["grant_types_supported"]
        assert ["S256", "plain"] == found["code_challenge_methods_supported"]
        assert ["client_secret_post", "client_secret_basic"] == found["token_endpoint_auth_methods_supported"]
        assert list(SCOPES) == found["scopes_supported"]
        assert found["authorization_response_iss_parameter_supported"] is True


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


class TestClientAuthentication:
    """A client that is known is told that there is no such grant_type, which is looked at next."""

    def authenticated(self, world: World, form: dict[str, str | None], authorization: str | None) -> Answer:
        return world.issuer.token(pairs(form | {"grant_type": "none"}), authorization)

    def test_post(self, world: World) -> None:
        """The form may carry id and secret."""
        form = {"client_id": world.issuer.client_id, "client_secret": world.issuer.client_secret}
        assert KNOWN == refused(self.authenticated(world, form, None))

    @pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
    def test_basic(self, world: World, scheme: str) -> None:
        """The header may carry them, whatever the case of its scheme; the form may repeat the id."""
        authorization = basic(world.issuer.client_id, world.issuer.client_secret).replace("Basic", scheme)
        for form in ({}, {"client_id": world.issuer.client_id}):
            assert KNOWN == refused(self.authenticated(world, form, authorization))

    def test_basic_is_form_encoded(self) -> None:
        """Id and secret in the header are form-encoded first, as RFC 6749 says: colons and spaces survive."""
        world = World(client_id="a:b c", client_secret="s%+:ü")
        authorization = basic("a%3Ab+c", quote("s%+:ü", safe=""))
        assert KNOWN == refused(self.authenticated(world, {}, authorization))
        assert INVALID_CLIENT == refused(self.authenticated(world, {}, basic("a:b c", "s%+:ü")))

    def test_both(self, world: World) -> None:
        """Two ways at once are refused, and so is a form that names another client."""
        authorization = basic(world.issuer.client_id, world.issuer.client_secret)
        for form in ({"client_secret": world.issuer.client_secret}, {"client_id": "other"}):
            assert INVALID_REQUEST == refused(self.authenticated(world, form, authorization))

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"client_id": "ID"},
            {"client_secret": "SECRET"},
            {"client_id": "ID", "client_secret": "wrong"},
            {"client_id": "wrong", "client_secret": "SECRET"},
            {"client_id": "ID", "client_secret": ""},
            {"client_id": "ID", "client_secret": "\ud800ü"},
        ],
        ids=repr,
    )
    def test_wrong_form(self, form: dict[str, str | None]) -> None:
        """A wrong or missing id or secret in a form is 401, and no browser is asked for a password."""
        answer = self.authenticated(World(client_id="ID", client_secret="SECRET"), form, None)
        assert INVALID_CLIENT == refused(answer)
        assert header(answer, "www-authenticate") is None

    @pytest.mark.parametrize(
        "authorization",
        [
            basic("ID", "wrong"),
            basic("wrong", "SECRET"),
            basic("ID", "SECRET").replace(" ", " !"),
            "Basic !!!",
            "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
            "Basic " + base64.b64encode(b"IDSECRET").decode(),
            "Basic",
            "Bearer token",
            "",
            "Basic ü",
        ],
    )
    def test_wrong_header(self, authorization: str) -> None:
        """A wrong or malformed header is 401 and says which scheme would do."""
        answer = self.authenticated(World(client_id="ID", client_secret="SECRET"), {}, authorization)
        assert INVALID_CLIENT == refused(answer)
        assert (header(answer, "www-authenticate") or "").startswith("Basic ")

    def test_comes_first(self, world: World) -> None:
        """Who cannot authenticate ends nothing: a used code and a refresh token are not looked at."""
        code = world.code()
        found = tokens(world.redeem(code))
        assert INVALID_CLIENT == refused(world.redeem(code, client_secret="wrong"))
        assert INVALID_CLIENT == refused(world.revoke(found["refresh_token"], client_secret="wrong"))
        assert world.good(found["access_token"])


class TestRotation:
    def test_on(self, world: World) -> None:
        """Each refresh gives a new pair; the older access token lasts until it expires."""
        first = world.issuer.grant("main")
        world.advance(1800)
        answer = world.refresh(first.refresh_token)
        second = tokens(answer)
        assert answer.committed
        assert second["access_token"] != first.access_token
        assert second["refresh_token"] != first.refresh_token
        assert 3600 == second["expires_in"]
        assert world.good(first.access_token)
        world.advance(1800)
        assert not world.good(first.access_token)
        assert world.good(second["access_token"])

    def test_off(self, world: World) -> None:
        """Without rotation the same refresh token comes again, as often as it is used, and is never a replay."""
        world.choose(rotation="off", grace="0s")
        refresh_token = world.issuer.grant("main").refresh_token
        found = [tokens(world.refresh(refresh_token)) for _ in range(3)]
        assert {refresh_token} == {each["refresh_token"] for each in found}
        assert 3 == len({each["access_token"] for each in found})
        assert () == world.issuer.replays

    def test_silent(self, world: World) -> None:
        """An answer may leave the refresh token out; the old one stays good."""
        world.choose(rotation="silent", grace="0s")
        refresh_token = world.issuer.grant("main").refresh_token
        for _ in range(3):
            assert "refresh_token" not in tokens(world.refresh(refresh_token))

    @pytest.mark.parametrize("rotation", ["off", "silent"])
    def test_switched_off(self, world: World, rotation: str) -> None:
        """A token that was used up stays used up when rotation ends, and its window closes at the next refresh."""
        old = world.issuer.grant("main").refresh_token
        new = tokens(world.refresh(old))
        world.choose(rotation=rotation, reuse="refused")
        assert new == tokens(world.refresh(old))
        assert 200 == world.refresh(new["refresh_token"]).status
        assert INVALID_GRANT == refused(world.refresh(old))
        assert 200 == world.refresh(new["refresh_token"]).status

    def test_switched_on(self, world: World) -> None:
        """A token that was used without rotation is current, and used up by the first refresh with it."""
        world.choose(rotation="off", grace="0s")
        token = world.issuer.grant("main").refresh_token
        world.refresh(token)
        world.choose(rotation="on")
        assert tokens(world.refresh(token))["refresh_token"] != token
        assert INVALID_GRANT == refused(world.refresh(token))

    def test_per_tenant(self, world: World) -> None:
        """The variants of one tenant mean nothing to another."""
        world.choose(rotation="off")
        other = world.issuer.grant("globex").refresh_token
        assert tokens(world.refresh(other))["refresh_token"] != other


class TestGrace:
    @pytest.mark.parametrize("seconds", [5, 30, 300])
    def test_same_pair(self, world: World, seconds: int) -> None:
        """A replay within the window gets the very same pair, with the lifetime that is left, and changes nothing."""
        world.choose(grace=f"{seconds}s")
        old = world.issuer.grant("main").refresh_token
        pair = tokens(world.refresh(old))
        world.advance(seconds - 0.5)
        answer = world.refresh(old)
        assert pair | {"expires_in": 3600 - seconds} == tokens(answer)
        assert not answer.committed
        assert pair["refresh_token"] == tokens(world.refresh(old))["refresh_token"]
        world.advance(0.5)
        assert INVALID_GRANT == refused(world.refresh(old))

    def test_none(self, world: World) -> None:
        """A window of 0 s is none, even while time stands still or was set back."""
        world.choose(grace="0s", reuse="refused")
        old = world.issuer.grant("main").refresh_token
        world.refresh(old)
        assert INVALID_GRANT == refused(world.refresh(old))
        world.accounts["main"].clock.freeze(START - timedelta(days=1))
        assert INVALID_GRANT == refused(world.refresh(old))

    def test_successor_used(self, world: World) -> None:
        """Once the successor was used, the token before it is reused, however short ago."""
        first = world.issuer.grant("main").refresh_token
        second = tokens(world.refresh(first))["refresh_token"]
        third = tokens(world.refresh(second))["refresh_token"]
        assert third == tokens(world.refresh(second))["refresh_token"]
        assert INVALID_GRANT == refused(world.refresh(first))
        assert INVALID_GRANT == refused(world.refresh(third))

    def test_scope(self, world: World) -> None:
        """A replay gets the scopes of the first answer, and cannot ask for more than was consented to."""
        old = world.issuer.grant("main", ["accounting.record.read", "expenses.card"]).refresh_token
        pair = tokens(world.refresh(old, scope="expenses.card"))
        assert pair == tokens(world.refresh(old))
        assert INVALID_SCOPE == refused(world.refresh(old, scope="companies.readonly"))

    def test_access_token_expired_by_fault(self, world: World) -> None:
        """A pair whose access token was ended meanwhile says that nothing is left of it."""
        old = world.issuer.grant("main").refresh_token
        pair = tokens(world.refresh(old))
        world.issuer.expire(pair["access_token"])
        assert pair | {"expires_in": 0} == tokens(world.refresh(old))

    def test_switched(self, world: World) -> None:
        """The window is as wide as the tenant says at the time of the replay."""
        world.choose(reuse="refused")
        old = world.issuer.grant("main").refresh_token
        world.refresh(old)
        world.advance(40)
        assert INVALID_GRANT == refused(world.refresh(old))
        world.choose(grace="300s")
        assert 200 == world.refresh(old).status


class TestReuse:
    def test_revokes(self, world: World) -> None:
        """A replay after the window ends the whole family: each access and refresh token, of this grant only."""
        other = world.issuer.grant("main")
        first = world.issuer.grant("main")
        second = tokens(world.refresh(first.refresh_token))
        world.advance(30)
        answer = world.refresh(first.refresh_token)
        assert INVALID_GRANT == refused(answer)
        assert answer.committed
        assert not world.good(first.access_token)
        assert not world.good(second["access_token"])
        assert INVALID_GRANT == refused(world.refresh(second["refresh_token"]))
        assert world.good(other.access_token)
        assert 200 == world.refresh(other.refresh_token).status

    def test_refused(self, world: World) -> None:
        """A replay may also be refused alone, and the grant lives on."""
        world.choose(reuse="refused")
        first = world.issuer.grant("main")
        second = tokens(world.refresh(first.refresh_token))
        world.advance(30)
        answer = world.refresh(first.refresh_token)
        assert INVALID_GRANT == refused(answer)
        assert not answer.committed
        assert world.good(first.access_token)
        assert 200 == world.refresh(second["refresh_token"]).status

    def test_noted(self, world: World) -> None:
        """Each replay is noted with its tenant, grant, time and effect, also after the family has ended."""
        grant = world.issuer.grant("main")
        world.refresh(grant.refresh_token)
        for _ in range(3):
            world.refresh(grant.refresh_token)
            world.advance(20)
        noted = [(each.at, each.within_grace, each.revoked_family) for each in world.issuer.replays]
        assert [
            (START, True, False),
            (START + timedelta(seconds=20), True, False),
            (START + timedelta(seconds=40), False, True),
        ] == noted
        world.refresh(grant.refresh_token)
        last = world.issuer.replays[-1]
        assert (False, False) == (last.within_grace, last.revoked_family)
        assert {("main", grant.grant_id)} == {(each.tenant, each.grant_id) for each in world.issuer.replays}

    def test_no_replay(self, world: World) -> None:
        """A token that was never used up is no replay, be it refused or not."""
        grant = world.issuer.grant("main")
        world.refresh("unknown")
        world.refresh(grant.refresh_token, scope="nonsense")
        world.issuer.revoke_tenant("main")
        world.refresh(grant.refresh_token)
        assert () == world.issuer.replays


class TestExpiry:
    @pytest.mark.parametrize("rotation", ["on", "off", "silent"])
    def test_sliding(self, world: World, rotation: str) -> None:
        """Each refresh gives another 90 days."""
        world.choose(rotation=rotation)
        token = world.issuer.grant("main").refresh_token
        for _ in range(3):
            world.advance(90 * DAY - 1)
            token = tokens(world.refresh(token)).get("refresh_token", token)
        world.advance(90 * DAY)
        assert INVALID_GRANT == refused(world.refresh(token))

    def test_absolute(self, world: World) -> None:
        """The 90 days may also count from the consent, whatever was refreshed since."""
        world.choose(refresh_expiry="absolute")
        token = world.issuer.grant("main").refresh_token
        world.advance(90 * DAY - 1)
        token = tokens(world.refresh(token))["refresh_token"]
        world.advance(1)
        assert INVALID_GRANT == refused(world.refresh(token))
        world.choose(refresh_expiry="sliding")
        assert 200 == world.refresh(token).status

    def test_consent_is_when_the_code_was_made(self, world: World) -> None:
        """A consent is as old as its code, not as the tokens that the code was exchanged for."""
        world.choose(refresh_expiry="absolute")
        code = world.code()
        world.advance(500)
        token = tokens(world.redeem(code))["refresh_token"]
        world.advance(90 * DAY - 500)
        assert INVALID_GRANT == refused(world.refresh(token))

    def test_replay_does_not_slide(self, world: World) -> None:
        """A repeated answer is no refresh: the 90 days count from the first one."""
        world.choose(grace="300s")
        old = world.issuer.grant("main").refresh_token
        new = tokens(world.refresh(old))["refresh_token"]
        world.advance(299)
        world.refresh(old)
        world.advance(90 * DAY - 299)
        assert INVALID_GRANT == refused(world.refresh(new))

    def test_clock_of_the_tenant(self, world: World) -> None:
        """Time that passes for one tenant passes for no other."""
        mine, theirs = world.issuer.grant("main"), world.issuer.grant("globex")
        world.advance(100 * DAY)
        assert not world.good(mine.access_token)
        assert world.good(theirs.access_token)


class TestScope:
    def test_narrows_for_one_access_token(self, world: World) -> None:
        """A refresh may ask for less; the refresh token still stands for all."""
        grant = world.issuer.grant("main", ["accounting.record.read", "expenses.card"])
        narrow = tokens(world.refresh(grant.refresh_token, scope="expenses.card"))
        assert "expenses.card" == narrow["scope"]
        credential = world.issuer.credential(narrow["access_token"])
        assert credential is not None
        assert {"expenses.card"} == credential.scopes
        wide = tokens(world.refresh(narrow["refresh_token"]))
        assert "accounting.record.read expenses.card offline_access" == wide["scope"]

    @pytest.mark.parametrize("scope", ["expenses.card companies.readonly", "nonsense", " "])
    def test_never_widens(self, world: World, scope: str) -> None:
        """More than was consented to is refused, and the refresh token stays good."""
        token = world.issuer.grant("main", ["expenses.card"]).refresh_token
        answer = world.refresh(token, scope=scope)
        assert INVALID_SCOPE == refused(answer)
        assert not answer.committed
        assert 200 == world.refresh(token).status


class TestRefreshRefusals:
    def test_missing(self, world: World) -> None:
        """A refresh without a refresh token is refused by name."""
        answer = world.post(grant_type="refresh_token")
        assert INVALID_REQUEST == refused(answer)
        assert "refresh_token is missing" == body(answer)["error_description"]

    def test_unknown(self, world: World) -> None:
        """What is no refresh token is refused: nonsense, an access token, a user token."""
        for token in ("nonsense", world.issuer.grant("main").access_token, world.issuer.user_token("main")):
            assert INVALID_GRANT == refused(world.refresh(token))

    def test_tenant_is_gone(self, world: World) -> None:
        """Tokens of a tenant that no longer exists are good for nothing, and good again once it is back."""
        grant, code = world.issuer.grant("main"), world.code()
        main = world.accounts.pop("main")
        assert INVALID_GRANT == refused(world.refresh(grant.refresh_token))
        assert INVALID_GRANT == refused(world.redeem(code))
        assert not world.good(grant.access_token)
        world.accounts["main"] = main
        assert world.good(grant.access_token)
        assert 200 == world.refresh(grant.refresh_token).status


class TestRevoke:
    @pytest.mark.parametrize("which", ["used", "current"])
    def test_refresh_token(self, world: World, which: str) -> None:
        """A refresh token, be it current or used, takes its whole grant with it; no other grant."""
        other, first = world.issuer.grant("main"), world.issuer.grant("main")
        second = tokens(world.refresh(first.refresh_token))
        answer = world.revoke(first.refresh_token if which == "used" else second["refresh_token"])
        assert (200, b"", True) == (answer.status, answer.body, answer.committed)
        assert not world.good(first.access_token)
        assert not world.good(second["access_token"])
        assert INVALID_GRANT == refused(world.refresh(second["refresh_token"]))
        assert world.good(other.access_token)

    def test_access_token(self, world: World) -> None:
        """An access token takes only itself."""
        first = world.issuer.grant("main")
        second = tokens(world.refresh(first.refresh_token))
        assert 200 == world.revoke(second["access_token"], token_type_hint="refresh_token").status
        assert not world.good(second["access_token"])
        assert world.good(first.access_token)
        assert 200 == world.refresh(second["refresh_token"]).status

    def test_unknown(self, world: World) -> None:
        """A token that is unknown, ended or not the client's is no error, and nothing happens."""
        grant, user = world.issuer.grant("main"), world.issuer.user_token("main")
        world.revoke(grant.refresh_token)
        for token in ("nonsense", grant.refresh_token, user):
            answer = world.revoke(token)
            assert (200, False) == (answer.status, answer.committed)
        assert world.good(user)

    def test_refusals(self, world: World) -> None:
        """It wants a token, once."""
        assert INVALID_REQUEST == refused(world.revoke(""))
        form = [("token", "a"), ("token", "a")]
        assert INVALID_REQUEST == refused(world.issuer.revoke(form, None))

    def test_tenant(self, world: World) -> None:
        """A customer who withdraws consent ends its grants, and neither its user tokens nor other tenants."""
        mine = [world.issuer.grant("main") for _ in range(2)]
        user, theirs = world.issuer.user_token("main"), world.issuer.grant("globex")
        world.issuer.revoke_tenant("main")
        assert not any(world.good(each.access_token) for each in mine)
        assert {INVALID_GRANT} == {refused(world.refresh(each.refresh_token)) for each in mine}
        assert world.good(user)
        assert world.good(theirs.access_token)
        assert world.good(world.issuer.grant("main").access_token)


class TestPrograms:
    def test_user_token(self, world: World) -> None:
        """A user token is for one tenant, has all scopes of the API unless told otherwise, and never expires."""
        token = world.issuer.user_token("globex")
        world.accounts["globex"].clock.advance(1000 * DAY)
        world.issuer.expire(token)
        credential = world.issuer.credential(token)
        assert credential is not None
        assert token.startswith("bxt_")
        assert ("globex", set(API_SCOPES)) == (credential.tenant, credential.scopes)
        assert credential.client.startswith("user token ")

    def test_user_token_is_the_same_again(self, world: World) -> None:
        """Seed, tenant and scopes make a user token; the order of scopes does not."""
        two = ["expenses.card", "companies.readonly"]
        found = [
            world.issuer.user_token("main"),
            world.issuer.user_token("globex"),
            world.issuer.user_token("main", two),
            world.issuer.user_token("main", []),
            World(seed=1).issuer.user_token("main"),
        ]
        assert len(found) == len(set(found))
        assert found[2] == world.issuer.user_token("main", reversed(two))
        later = World()
        later.issuer.grant("main")
        assert found[0] == later.issuer.user_token("main")

    def test_grant(self, world: World) -> None:
        """A consent without a browser gives a good pair for all scopes; each one is a grant of its own."""
        first, second = world.issuer.grant("main"), world.issuer.grant("main")
        assert first.grant_id != second.grant_id
        credential = world.issuer.credential(first.access_token)
        assert credential is not None
        assert ("main", set(SCOPES)) == (credential.tenant, credential.scopes)
        assert f"{world.issuer.client_id}/{first.grant_id}" == credential.client
        assert list(SCOPES) == tokens(world.refresh(second.refresh_token))["scope"].split()

    def test_grant_of_some_scopes(self, world: World) -> None:
        """It has a refresh token whatever the scopes are."""
        grant = world.issuer.grant("main", ["expenses.card"])
        assert "expenses.card offline_access" == tokens(world.refresh(grant.refresh_token))["scope"]

    def test_wrong_arguments(self, world: World) -> None:
        """A tenant or scope that does not exist is wrong use."""
        for make in (world.issuer.user_token, world.issuer.grant):
            with pytest.raises(InvalidArgument, match="nobody"):
                make("nobody")
            with pytest.raises(InvalidArgument, match="nonsense"):
                make("main", ["nonsense"])

    @pytest.mark.parametrize(
        "options",
        [
            {"client_id": ""},
            {"client_secret": ""},
            {"redirect_uris": []},
            {"redirect_uris": ["/callback"]},
            {"redirect_uris": ["https://example.com/#part"]},
            {"redirect_uris": ["https://example.com/\r\nx: y"]},
            {"redirect_uris": ["https://exämple.com/"]},
        ],
        ids=repr,
    )
    def test_wrong_options(self, options: dict[str, Any]) -> None:
        """A blank id or secret, or what no browser can be sent back to, is wrong use."""
        with pytest.raises(InvalidArgument):
            World(**options)

    def test_expire(self, world: World) -> None:
        """An access token can be made to expire now, for good; its grant lives on."""
        grant = world.issuer.grant("main")
        world.issuer.expire(grant.access_token)
        world.issuer.expire(grant.refresh_token)
        world.issuer.expire("unknown")
        assert not world.good(grant.access_token)
        world.accounts["main"].clock.freeze(START - timedelta(days=1))
        assert not world.good(grant.access_token)
        assert 200 == world.refresh(grant.refresh_token).status

    def test_credential(self, world: World) -> None:
        """Only access tokens and user tokens are credentials."""
        assert not world.good("unknown")
        assert not world.good("")
        assert not world.good(world.issuer.grant("main").refresh_token)


class TestTenants:
    def test_of_token(self, world: World) -> None:
        """The tenant of a token is known for good, so that a fault and the journal find it."""
        grant, user = world.issuer.grant("globex"), world.issuer.user_token("globex")
        world.accounts["globex"].clock.advance(DAY)
        world.issuer.revoke_tenant("globex")
        for token in (grant.access_token, grant.refresh_token, user):
            assert "globex" == world.issuer.tenant_of_token(token)
        assert world.issuer.tenant_of_token("unknown") is None

    def test_of_request(self, world: World) -> None:
        """A request is about the tenant of its code, token or hint; an authorize request without one, the default."""
        grant, code = world.issuer.grant("globex"), world.code(login_hint="globex")
        for name, value in {
            "code": code,
            "refresh_token": grant.refresh_token,
            "token": grant.access_token,
            "login_hint": "globex",
        }.items():
            assert "globex" == world.issuer.tenant_of([("grant_type", "x"), (name, value)])
        assert "main" == world.issuer.tenant_of([("response_type", "code")])

    @pytest.mark.parametrize("values", [[], [("token", "x")], [("login_hint", "nobody")], [("code", "")]], ids=repr)
    def test_of_nobody(self, world: World, values: list[tuple[str, str]]) -> None:
        """A request that names nobody who exists is about nobody."""
        assert world.issuer.tenant_of(values) is None


class TestDeterminism:
    def test_seed(self) -> None:
        """The same seed makes the same client and tokens in the same order, another seed makes others."""

        def run(seed: int) -> list[Any]:
            world = World(seed=seed)
            first = tokens(world.redeem(world.code()))
            return [
                world.issuer.client_id,
                world.issuer.client_secret,
                first,
                tokens(world.refresh(first["refresh_token"])),
            ]

        assert run(7) == run(7)
        assert all(left != right for left, right in zip(run(7), run(8), strict=True))

    def test_across_processes(self) -> None:
        """A value depends on nothing but its seed and parts: it is the same in another process and years later."""
        issuer = World(seed=7).issuer
        assert "bxt_0He0wrfc" == issuer.user_token("main")[:12]
        assert "fcxFWRHTGMwW" == issuer.grant("main").refresh_token[:12]

    def test_given_client(self) -> None:
        """A client id and secret may be given."""
        issuer = World(client_id="ID", client_secret="SECRET").issuer
        assert ("ID", "SECRET") == (issuer.client_id, issuer.client_secret)


class TestSecrets:
    def test_no_repr(self, world: World) -> None:
        """No token, code, verifier or client secret is in the repr of anything that holds one."""
        issuer = world.issuer
        grant = issuer.grant("main")
        pair = tokens(world.refresh(grant.refresh_token))
        world.refresh(grant.refresh_token)
        code = world.code(code_challenge=VERIFIER)
        user = issuer.user_token("main")
        held = [
            grant,
            issuer,
            issuer.replays,
            issuer.credential(user),
            issuer.credential(pair["access_token"]),
            issuer._client,
            issuer._codes.find(code),
            issuer._grants.refresh_token(grant.refresh_token),
            issuer._grants.access_token(pair["access_token"]),
            issuer._grants.refresh_token(grant.refresh_token).grant,
        ]
        secrets = (*attrs.astuple(grant)[1:], *pair.values(), code, user, issuer.client_secret, VERIFIER)
        found = [
            secret
            for secret in secrets
            if len(str(secret)) > 31 and " " not in str(secret)
            if str(secret) in repr(held)
        ]
        assert [] == found

    def test_no_echo(self, world: World) -> None:
        """A refusal repeats no value that was sent, and its description keeps to the characters of RFC 6749."""
        secret = 'sécret"value\\'
        answers = [
            world.redeem(secret, redirect_uri=secret),
            world.redeem(world.code(), code_verifier=secret, redirect_uri=secret),
            world.refresh(secret),
            world.refresh(world.issuer.grant("main").refresh_token, scope=secret),
            world.post(grant_type=secret),
            world.post(client_secret=secret),
            world.authorize(redirect_uri=secret),
        ]
        texts = [body(answer)["error_description"] for answer in answers]
        texts.append(location(world.authorize(scope=secret, state=STATE))["error_description"])
        for text in texts:
            assert "cret" not in text.replace("client_secret", "")
            assert all(" " <= character <= "~" and character not in '"\\' for character in text)

    def test_repeated_name(self, world: World) -> None:
        """The name of a repeated parameter, which may be anything, cannot break a description."""
        text = body(world.issuer.token([('n"\\é\n', "1")] * 2, None))["error_description"]
        assert "n???? occurs more than once" == text


NAMES = st.sampled_from(
    [
        *("client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token"),
        *("scope", "token", "response_type", "state", "login_hint", "code_challenge", "code_challenge_method"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=50),
    st.sampled_from(["ID", "SECRET", DEFAULT_REDIRECT_URI, "code", "refresh_token", "authorization_code", STATE, S256]),
)


class TestAnyText:
    @given(
        st.lists(st.tuples(st.one_of(NAMES, st.text(max_size=9)), VALUES), max_size=9),
        st.one_of(st.none(), st.text(), st.text().map(lambda text: f"Basic {text}"), st.just(basic("ID", "SECRET"))),
    )
    def test_answers(self, values: list[tuple[str, str]], authorization: str | None) -> None:
        """Whatever is sent, half surrogates and all, each endpoint answers, and never with a server error."""
        issuer = World(client_id="ID", client_secret="SECRET").issuer
        issuer.tenant_of(values)
        assert issuer.authorize(values, URL).status in {302, 400}
        assert issuer.token(values, authorization).status in {200, 400, 401}
        assert issuer.revoke(values, authorization).status in {200, 400, 401}


SWITCHED = ("rotation", "reuse", "grace", "refresh_expiry")
EDGE = st.sampled_from([-0.5, 0, 0.5])


def readings(name: str) -> st.SearchStrategy[str]:
    """The answers of a variant, the first of them most often."""
    values = list(VARIANTS[name].values)
    return st.sampled_from([values[0]] * len(values) + values[1:])


class OneGrant(RuleBasedStateMachine):
    """One grant after the other of one tenant, against a model of a few lists.

    The model knows refresh tokens by their place in the chain of a grant; times are seconds since the start. There are
    few rules, each with many cases, since Hypothesis leaves some rules out of each run.
    """

    @initialize(variants=st.fixed_dictionaries({name: readings(name) for name in SWITCHED}))
    def start(self, variants: dict[str, str]) -> None:
        self.world = World()
        self.world.choose(**variants)
        self.at = 0.0
        self.variants = variants
        self.access_tokens: dict[str, tuple[int, float]] = {}  # value: number of its grant, when it was made
        self.ended_access: set[str] = set()
        self.ended_grants: set[int] = set()
        self.grants = 0
        self.replayed: list[tuple[float, bool, bool]] = []
        self.consent()

    def consent(self) -> None:
        found = self.world.issuer.grant("main")
        self.grants += 1
        self.chain = [found.refresh_token]
        self.used: dict[int, tuple[float, dict[str, Any]]] = {}  # place in the chain: when, and the answer
        self.window = -1  # place of the token whose answer may be repeated
        self.consented = self.refreshed = self.at
        self.access_tokens[found.access_token] = (self.grants, self.at)

    def live(self, token: str) -> bool:
        grant, made = self.access_tokens[token]
        return grant not in self.ended_grants and token not in self.ended_access and self.at - made < 3600

    @property
    def ended(self) -> bool:
        return self.grants in self.ended_grants

    @property
    def expiry(self) -> float:
        since = self.consented if self.variants["refresh_expiry"] == "absolute" else self.refreshed
        return since + 90 * DAY

    @property
    def grace(self) -> float:
        return float(self.variants["grace"][:-1])

    # ---- what happens -------------------------------------------------------------------------------------------

    @rule(back=st.sampled_from([0, 0, 0, 1, 1, 1, 2, 3, 4]))
    def refresh(self, back: int) -> None:
        """With the current token, the one before it, or an ancient one."""
        place = len(self.chain) - 1 - back
        if place < 0 or back == 0:
            self.refresh_current()
        else:
            self.refresh_used(place)

    def refresh_current(self) -> None:
        answer = self.world.refresh(self.chain[-1])
        if self.ended or self.at >= self.expiry:
            assert INVALID_GRANT == refused(answer)
            assert not answer.committed
            return
        found = tokens(answer)
        assert answer.committed
        assert 3600 == found["expires_in"]
        assert found["access_token"] not in self.access_tokens
        self.access_tokens[found["access_token"]] = (self.grants, self.at)
        self.refreshed = self.at
        self.window = -1
        match self.variants["rotation"]:
            case "on":
                assert found["refresh_token"] not in self.chain
                self.window = len(self.chain) - 1
                self.used[self.window] = (self.at, found)
                self.chain.append(found["refresh_token"])
            case "off":
                assert self.chain[-1] == found["refresh_token"]
            case _:
                assert "refresh_token" not in found

    def refresh_used(self, place: int) -> None:
        when, first = self.used[place]
        answer = self.world.refresh(self.chain[place])
        if place == self.window and self.at - when < self.grace and not self.ended:
            left = max(0.0, 3600 - (self.at - when)) if self.live(first["access_token"]) else 0.0
            assert first | {"expires_in": math.floor(left)} == tokens(answer)
            assert not answer.committed
            self.replayed.append((self.at, True, False))
            return
        revokes = self.variants["reuse"] == "revokes" and not self.ended
        assert INVALID_GRANT == refused(answer)
        assert revokes == answer.committed
        self.replayed.append((self.at, False, revokes))
        if revokes:
            self.ended_grants.add(self.grants)

    @rule(
        to=st.one_of(
            st.sampled_from([0.5, 4.5, 5, 25, 30, 300, 1800, 45 * DAY]).map(lambda seconds: ("on", seconds)),
            st.tuples(st.sampled_from(["window", "access token", "refresh token"]), EDGE),
        )
    )
    def wait(self, to: tuple[str, float]) -> None:
        """Some time, or until about the end of something."""
        what, seconds = to
        last_use, _ = self.used.get(len(self.chain) - 2, (self.at, {}))
        ends = {"window": last_use + self.grace, "access token": self.refreshed + 3600, "refresh token": self.expiry}
        seconds = max(0.0, ends.get(what, self.at) + seconds - self.at)
        self.world.advance(seconds)
        self.at += seconds

    @rule(switched=st.sampled_from(SWITCHED).flatmap(lambda name: st.tuples(st.just(name), readings(name))))
    def switch(self, switched: tuple[str, str]) -> None:
        name, value = switched
        self.variants = self.variants | {name: value}
        self.world.choose(**{name: value})

    @rule(number=st.integers(0, 9), fault=st.booleans())
    def end_access_token(self, number: int, fault: bool) -> None:
        """By a fault or by the client, the youngest first."""
        token = list(self.access_tokens)[-1 - number % len(self.access_tokens)]
        if fault:
            self.world.issuer.expire(token)
        else:
            assert 200 == self.world.revoke(token).status
        self.ended_access.add(token)

    @rule(place=st.integers(0, 9), withdraw=st.booleans())
    @precondition(lambda self: len(self.chain) > 3)
    def end_grant(self, place: int, withdraw: bool) -> None:
        """By any refresh token of the chain, or by the customer."""
        if withdraw:
            self.world.issuer.revoke_tenant("main")
        else:
            answer = self.world.revoke(self.chain[place % len(self.chain)])
            assert (200, not self.ended) == (answer.status, answer.committed)
        self.ended_grants.add(self.grants)

    @rule()
    @precondition(lambda self: self.ended or self.at >= self.expiry)
    def consent_again(self) -> None:
        """Old tokens stay as they are while a new grant begins."""
        self.consent()

    # ---- what holds ---------------------------------------------------------------------------------------------

    @invariant()
    def access_tokens_agree(self) -> None:
        for token in self.access_tokens:
            assert self.live(token) == self.world.good(token)
            assert "main" == self.world.issuer.tenant_of_token(token)

    @invariant()
    def replays_agree(self) -> None:
        noted = [
            ((each.at - START).total_seconds(), each.within_grace, each.revoked_family)
            for each in self.world.issuer.replays
        ]
        assert self.replayed == noted


TestOneGrant = OneGrant.TestCase
