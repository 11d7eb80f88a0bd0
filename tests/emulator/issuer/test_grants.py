"""Grants and user tokens: made by programs, known for their tenants, revoked, and the same for the same seed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from brex_accounting import InvalidArgument
from brex_accounting.emulator.issuer import API_SCOPES, SCOPES
from tests.emulator.issuer.world import DAY, INVALID_GRANT, INVALID_REQUEST, START, World, refused, tokens


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
