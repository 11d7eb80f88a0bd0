"""Tokens: what every operation wants of one, and for how long one is good."""

from __future__ import annotations

import pytest

from brex_accounting.emulator.issuer import API_SCOPES
from brex_accounting.emulator.published import operations
from tests.emulator.asking import COMPANY, TOKEN, Emulator
from tests.emulator.operations.calls import REQUESTS, call
from tests.emulator.operations.tenant import other_token

SCOPED = [(name, scope) for name, request in REQUESTS.items() for scope in request[3]]


class TestTokens:
    def test_every_operation_is_asked(self) -> None:
        """The table holds every operation of the four documents, with its scopes."""
        found = {name: (it.method, frozenset(it.scopes)) for name, it in operations().items()}
        assert found == {name: (method, frozenset(scopes)) for name, (method, _, _, scopes) in REQUESTS.items()}

    @pytest.mark.parametrize("name", REQUESTS)
    def test_all_scopes(self, brex: Emulator, name: str) -> None:
        """A token with all scopes may call every operation."""
        expected = 409 if name == "reactivateIntegration" else 200
        assert expected == call(brex, name, brex.token).status

    @pytest.mark.parametrize(("name", "scope"), SCOPED)
    def test_needed_scope(self, brex: Emulator, name: str, scope: str) -> None:
        """One of the scopes that the document names is enough."""
        token = brex.world.issuer.user_token("main", [scope])
        assert call(brex, name, token).status in (200, 409)

    @pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if request[3]])
    def test_missing_scope(self, brex: Emulator, name: str) -> None:
        """With every scope but those it is 403, in the words of the document, and nothing happens."""
        scopes = [scope for scope in API_SCOPES if scope not in REQUESTS[name][3]]
        accounting = operations()[name].document == "accounting_api"
        for token in (
            brex.world.issuer.user_token("main", scopes),
            brex.world.issuer.grant("main", scopes).access_token,
        ):
            reply = call(brex, name, token)
            expected = {"error_code": "FORBIDDEN"} if accounting else {"type": "FORBIDDEN"}
            assert (403, expected, None) == (reply.status, reply.error, reply.header("www-authenticate"))
            assert not brex.last.committed

    @pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if not request[3]])
    def test_no_scope_needed(self, brex: Emulator, name: str) -> None:
        """Operations for which the document names no scope take any token."""
        assert 200 == call(brex, name, brex.world.issuer.user_token("main", [])).status

    @pytest.mark.parametrize("name", REQUESTS)
    def test_unauthorized(self, brex: Emulator, name: str) -> None:
        """Without a good token it is 401 with a challenge, in the words of the document, and nothing happens."""
        issuer = brex.world.issuer
        grant = issuer.grant("main")
        expired = grant.access_token
        brex.advance(3600)
        accounting = operations()[name].document == "accounting_api"
        expected = {"error_code": "UNAUTHORIZED"} if accounting else {"type": "UNAUTHORIZED"}
        for token in ("unknown", expired, grant.refresh_token, "bxt_" + "A" * 43, brex.token + "x"):
            reply = call(brex, name, token)
            assert (401, expected) == (reply.status, reply.error), token
            assert 'Bearer error="invalid_token"' == reply.header("www-authenticate")
        for headers in (
            (),
            [("authorization", "")],
            [("authorization", "Bearer")],
            [("authorization", "Bearer  ")],
            [("authorization", brex.token)],
            [("authorization", f"Basic {brex.token}")],
            [("x-authorization", f"Bearer {brex.token}")],
        ):
            reply = call(brex, name, None, headers=headers)
            assert (401, expected, "Bearer") == (reply.status, reply.error, reply.header("www-authenticate")), headers

    def test_scheme_in_any_case(self, brex: Emulator) -> None:
        """The scheme may be written in any case (RFC 9110)."""
        assert 200 == brex.get(COMPANY, token=None, headers=[("authorization", f"bEARER {brex.token}")]).status

    def test_hour(self, brex: Emulator) -> None:
        """An access token is good for 3,600 s of the tenant's clock; a refresh gives another one."""
        grant = brex.world.issuer.grant("main")
        brex.advance(3599.999)
        assert 200 == brex.get(COMPANY, token=grant.access_token).status
        brex.advance(0.001)
        assert 401 == brex.get(COMPANY, token=grant.access_token).status
        tokens = brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token).json
        assert 3600 == tokens["expires_in"]
        assert 200 == brex.get(COMPANY, token=tokens["access_token"]).status
        assert 401 == brex.get(COMPANY, token=grant.access_token).status

    def test_withdrawn_consent(self, brex: Emulator) -> None:
        """A consent that was withdrawn takes its access token along; a user token needs none."""
        grant = brex.world.issuer.grant("main")
        brex.world.issuer.revoke_tenant("main")
        assert [401, 200] == [brex.get(COMPANY, token=token).status for token in (grant.access_token, brex.token)]

    def test_removed_tenant(self, brex: Emulator) -> None:
        """The tokens of a tenant that is gone are unknown."""
        token = other_token(brex)
        brex.world.remove("globex")
        assert 401 == brex.get(COMPANY, token=token).status
