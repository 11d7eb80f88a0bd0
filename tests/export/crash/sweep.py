"""The sweep: workers killed at random instants and started again, records coming in meanwhile, then left to finish."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from brex_accounting.emulator import Fault
from tests.auth.fleet import Worker
from tests.export.crash.checks import check
from tests.export.crash.scene import EXPIRY, FAULTS, Scene, scene

AIMS: Final = ("at work", "posting", "reporting", "any time", "books grow", "reporting")
"""What a kill waits for, in turn: with each of them a random moment more."""

_NEW: Final = ("posting", "books grow", "reporting")
"""Before kills that wait for these, records come in."""

_MOMENT: Final = {"at work": 0.5, "posting": 0.1, "books grow": 0.05, "reporting": 0.4}
"""Seconds, at most: about as long as it takes."""

_LOOK = 0.001
_AIM = 10.0
"""Seconds to wait for an instant that is aimed at; then the worker is killed whatever it does."""

_FINISH = 600.0

Progress = Callable[[str], object]


@attrs.frozen(kw_only=True)
class SweepPlan:
    """How much of it.

    Args:
        kills: How many workers are killed.
        records: How many records there are in the end.
        first: The share of them that is there at first; the others come in portions.
        workers: How many are at work at once.
        seed: Makes the data, and the instants.
        erp: ``beancount`` or ``durable``.
        worker: What workers do differently from usual.
        variants: Of the emulator.
        grant: Whether the workers have a grant in a file, whose tokens expire.
        faults: How many times as many requests go wrong as usual.
    """

    kills: int
    records: int
    first: float = 0.5
    workers: int = 1
    seed: int = 7
    erp: str = "beancount"
    worker: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    variants: Mapping[str, str] = attrs.field(factory=dict[str, str])
    grant: bool = False
    faults: float = 1.0

    def pair(self, **changes: Any) -> SweepPlan:
        """The same with two workers at a time."""
        return attrs.evolve(self, workers=2, **changes)


@attrs.define
class SweepReport:
    """What happened.

    Args:
        kills: Workers that were killed.
        phases: Of these, by what the journal said that they were at.
        aims: Of these, by what the kill had waited for; ``missed`` where it did not come.
        restarts: Workers that were started again.
        finishers: Workers that it took in the end.
        records: Records.
        ends: Of these, by where they came to.
        requests: Requests that the emulator had.
        struck: Faults that struck, before and after requests took effect.
        refreshes: Of the requests, those for new tokens.
        looked_up: Posts that were broken off and found in the books by another worker.
        posted_again: Posts that were broken off, not in the books, and made again.
        read_back: Reports that were broken off and found to have arrived.
        reported_again: Reports that were made again.
        seconds: How long all of it took.
    """

    kills: int = 0
    phases: Counter[str] = attrs.field(factory=Counter[str])
    aims: Counter[str] = attrs.field(factory=Counter[str])
    restarts: int = 0
    finishers: int = 0
    records: int = 0
    ends: Mapping[str, int] = attrs.field(factory=dict[str, int])
    requests: int = 0
    struck: Mapping[str, int] = attrs.field(factory=dict[str, int])
    refreshes: int = 0
    looked_up: int = 0
    posted_again: int = 0
    read_back: int = 0
    reported_again: int = 0
    seconds: float = 0.0

    def table(self) -> str:
        """It as a table."""
        rows: list[tuple[str, object]] = []
        for name, value in attrs.asdict(self, recurse=False).items():
            title = name.replace("_", " ")
            if isinstance(value, Mapping):
                rows += [(title, sum(value.values())), *((f"  {key}", value[key]) for key in sorted(value))]
            else:
                rows.append((title, f"{value:.1f}" if isinstance(value, float) else value))
        return "\n".join(f"{title:<40}{value:>10}" for title, value in rows)


class Sweep:
    """One sweep.

    Args:
        plan: How much of it.
        folder: An empty one.
        tell: Takes what happens, a line each.
    """

    def __init__(self, plan: SweepPlan, folder: Path, tell: Progress = lambda line: None) -> None:
        self._plan = plan
        self._folder = folder
        self._tell = tell
        self._dice = random.Random(plan.seed)
        self._report = SweepReport()

    def run(self) -> SweepReport:
        """Do it, and check what is left.

        Raises:
            AssertionError: Something is wrong.
        """
        plan, report = self._plan, self._report
        begun = time.monotonic()
        first = int(plan.records * plan.first)
        with scene(
            self._folder,
            records=first,
            seed=plan.seed,
            faults=self._faults(),
            variants=plan.variants,
            erp=plan.erp,
            **plan.worker,
        ) as found:
            if plan.grant:
                found.use_grant()
            self._kill_all(found, plan.records - first)
            self._tell(f"{report.kills} kills are done; now it is left to finish: {found.states()}")
            report.finishers = found.finish(seconds=_FINISH)
            report.ends = check(found, pairs=plan.workers > 1)
            self._count(found)
        report.seconds = time.monotonic() - begun
        return report

    def _faults(self) -> tuple[Fault, ...]:
        more = (attrs.evolve(fault, probability=(fault.probability or 0.0) * self._plan.faults) for fault in FAULTS)
        return (*more, EXPIRY) if self._plan.grant else tuple(more)

    def _kill_all(self, found: Scene, later: int) -> None:
        plan, report = self._plan, self._report
        names = {str(number + 1): found.fleet.start(name=str(number + 1)) for number in range(plan.workers)}
        portions = sum(AIMS[number % len(AIMS)] in _NEW for number in range(plan.kills))
        while report.kills < plan.kills:
            aim = AIMS[report.kills % len(AIMS)]
            if aim in _NEW:
                found.add(later // portions)
                later, portions = later - later // portions, portions - 1
            name = self._wait(found, names, aim)
            assert names[name].is_alive, names[name].story()
            self._kill(found, names[name])
            names[name] = found.fleet.start(name=name)
            report.restarts += 1
            if report.kills % 10 == 0:
                self._tell(f"{report.kills} kills, {found.requests()} requests, {found.states()}")
        for worker in names.values():
            worker.kill()

    # ---- one kill -----------------------------------------------------------------------------------------------

    def _wait(self, found: Scene, workers: Mapping[str, Worker], aim: str) -> str:
        """Wait for an instant that is worth a kill.

        Returns:
            Which worker is to be killed.
        """
        by_chance = self._dice.choice(sorted(workers))
        if aim == "any time":
            time.sleep(self._dice.uniform(0, 2.0))
            self._report.aims[aim] += 1
            return by_chance
        size = found.size()
        end = time.monotonic() + _AIM
        while not (there := [name for name, worker in workers.items() if self._is_there(found, worker, aim, size)]):
            if time.monotonic() > end:
                self._report.aims[f"missed: {aim}"] += 1
                return by_chance
            time.sleep(_LOOK)
        time.sleep(self._dice.uniform(0, _MOMENT[aim]))
        self._report.aims[aim] += 1
        return there[0]

    def _is_there(self, found: Scene, worker: Worker, aim: str, size: int) -> bool:
        assert worker.is_alive, worker.story()
        owner = found.owner(worker)
        if owner is None:
            return False
        match aim:
            case "at work":
                return bool(worker.heard("at work"))
            case "books grow":
                return found.size() != size
            case _:
                return any(state.startswith(aim) for state in found.claimed(owner))

    def _kill(self, found: Scene, victim: Worker) -> None:
        """Kill a worker, and count what it was about to do."""
        victim.kill()
        # Only then: what it was about to do does not change any more, and stays in the journal until its claims end.
        owner = found.owner(victim)
        claimed = found.claimed(owner) if owner is not None else {}
        self._report.kills += 1
        if owner is None:
            phase = "starting"
        elif claimed:
            phase = max(claimed, key=lambda state: claimed[state])
        else:
            phase = "reading" if victim.heard("at work") else "opening"
        self._report.phases[phase] += 1

    # ---- figures ------------------------------------------------------------------------------------------------

    def _count(self, found: Scene) -> None:
        report = self._report
        report.records = len(found.tenant.records)
        report.requests = found.requests()
        report.struck = found.struck()
        report.refreshes = sum(entry.operation == "token" for entry in list(found.tenant.journal))
        before: dict[int, tuple[str, str | None]] = {}
        begun: Counter[tuple[int, str]] = Counter()
        for entry, state, owner in found.rows("select entry, state, owner from history order by number"):
            was, by = before.get(entry, ("", None))
            if (was, state) == ("posting", "posted") and by != owner:
                report.looked_up += 1
            if (was, state) == ("reporting", "exported") and by != owner:
                report.read_back += 1
            if state in ("posting", "reporting"):
                begun[entry, state] += 1
            before[entry] = state, owner
        report.posted_again = sum(count - 1 for (_, state), count in begun.items() if state == "posting")
        report.reported_again = sum(count - 1 for (_, state), count in begun.items() if state == "reporting")


__all__ = ["AIMS", "Sweep", "SweepPlan", "SweepReport"]
