"""The fault plan of one tenant: which rules are in force, what they have counted, and which request they strike."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from ..errors import InvalidArgument
from .clock import timestamp
from .faults import Fault


@attrs.frozen
class Firing:
    """A fault that strikes a request.

    Args:
        id: Of the rule.
        fault: The rule.
    """

    id: str
    fault: Fault


@attrs.frozen
class Standing:
    """How a rule of a plan stands.

    Args:
        id: What ``FaultPlan.add`` returned.
        fault: The rule.
        matched: How many requests it was about.
        fired: How many of them it struck.
        ended: Whether it strikes no more.
    """

    id: str
    fault: Fault
    matched: int
    fired: int
    ended: bool


@attrs.define(eq=False)
class _Rule:
    id: str
    fault: Fault
    added: datetime
    matched: int = 0
    fired: int = 0
    _chance: random.Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # Its own source of chance, so that others do not disturb it, as far on as the requests so far have brought it.
        self._chance = random.Random(self.fault.seed)  # noqa: S311 - it has to be the same in every run
        for _ in range(self.matched - self.fault.skip):
            self._chance.random()

    def ended(self, now: datetime) -> bool:
        """Whether it strikes no more."""
        fault = self.fault
        if fault.times is not None and self.fired >= fault.times:
            return True
        return fault.seconds is not None and (now - self.added).total_seconds() >= fault.seconds

    def strikes(self) -> bool:
        """Count a request that it is about, and tell whether it would strike it."""
        self.matched += 1
        turn = self.matched - self.fault.skip
        if turn <= 0:
            return False
        if self.fault.probability is not None:
            return self._chance.random() < self.fault.probability
        return turn % self.fault.every == 0


class FaultPlan:
    """The faults of one tenant. Rules may come and go while requests are under way."""

    def __init__(self) -> None:
        self._rules: dict[str, _Rule] = {}
        self._added = 0

    def add(self, fault: Fault, *, now: datetime) -> str:
        """Put a fault in force.

        Args:
            fault: The rule.
            now: The instant on the tenant's clock.

        Returns:
            Its id, which no other rule of this plan has had or will have.
        """
        self._added += 1
        rule = _Rule(f"fault_{self._added}", fault, now)
        self._rules[rule.id] = rule
        return rule.id

    def remove(self, rule_id: str) -> None:
        """Take a fault out of force.

        Args:
            rule_id: What ``add`` returned.

        Raises:
            InvalidArgument: There is no such rule.
        """
        if self._rules.pop(rule_id, None) is None:
            message = f"id: there is no fault {rule_id!r}; there are {', '.join(self._rules) or 'none'}"
            raise InvalidArgument(message)

    def clear(self) -> None:
        """Take all faults out of force."""
        self._rules.clear()

    def all(self, *, now: datetime) -> list[Standing]:
        """How every rule stands, oldest first, those that have ended among them.

        Args:
            now: The instant on the tenant's clock.
        """
        return [
            Standing(rule.id, rule.fault, rule.matched, rule.fired, rule.ended(now)) for rule in self._rules.values()
        ]

    def fire(self, operation: str, now: datetime) -> tuple[Firing, ...]:
        """Count a request that has come in.

        Args:
            operation: What it calls, as in ``Fault.operation``.
            now: The instant on the tenant's clock.

        Returns:
            The faults whose effect comes to bear, oldest first: latencies, and one other. A rule behind it has counted
            the request, and has not struck it.
        """
        if not self._rules:
            return ()
        ready = [
            rule
            for rule in self._rules.values()
            if rule.fault.matches(operation) and not rule.ended(now) and rule.strikes()
        ]
        others = [rule for rule in ready if rule.fault.effect != "latency"]
        others.sort(key=lambda rule: rule.fault.phase == "after")  # before comes first, and then there is no after
        chosen = others[:1]
        only_before = bool(chosen) and chosen[0].fault.phase == "before"
        firings: list[Firing] = []
        for rule in ready:
            is_latency = rule.fault.effect == "latency" and not (only_before and rule.fault.phase == "after")
            if is_latency or rule in chosen:
                rule.fired += 1
                firings.append(Firing(rule.id, rule.fault))
        return tuple(firings)

    def snapshot(self) -> dict[str, Any]:
        """The plan and all its counts, as plain JSON values."""
        rules = [
            {
                "id": rule.id,
                "fault": rule.fault.to_json(),
                "added": timestamp(rule.added),
                "matched": rule.matched,
                "fired": rule.fired,
            }
            for rule in self._rules.values()
        ]
        return {"added": self._added, "rules": rules}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a snapshot; ids that have been given since are not given again.

        Args:
            state: What ``snapshot`` returned; it can be used again.
        """
        rules = [
            _Rule(
                rule["id"],
                Fault.from_json(rule["fault"]),
                datetime.fromisoformat(rule["added"]),
                rule["matched"],
                rule["fired"],
            )
            for rule in state["rules"]
        ]
        self._rules = {rule.id: rule for rule in rules}
        self._added = max(self._added, state["added"])


__all__ = ["FaultPlan", "Firing", "Standing"]
