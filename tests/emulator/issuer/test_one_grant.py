"""One grant through all its states, against a model."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from brex_accounting.emulator.variants import VARIANTS
from tests.emulator.issuer.world import DAY, INVALID_GRANT, START, World, refused, tokens

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
