"""Refreshes: tokens that rotate, come back within their grace or after it, expire, and are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.emulator.issuer.world import (
    DAY,
    INVALID_GRANT,
    INVALID_REQUEST,
    INVALID_SCOPE,
    START,
    World,
    body,
    refused,
    tokens,
)


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
