"""The clock of a tenant: it stands still, jumps and runs at any speed, and goes back only where it is put back."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import InvalidArgument
from brex_accounting.emulator.clock import TenantClock, timestamp

START = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
END = datetime(9000, 1, 1, tzinfo=timezone.utc)
EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-12))


class Machine:
    """Real time that passes only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def clock_at(start: datetime = START) -> tuple[TenantClock, Machine]:
    machine = Machine()
    return TenantClock(start, machine), machine


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class TestStart:
    def test_at_an_instant(self) -> None:
        """A clock begins where it is told to, in UTC whatever the zone of the start."""
        clock, _ = clock_at(START.astimezone(timezone(timedelta(hours=-7))))
        assert START == clock.now()
        assert timedelta(0) == clock.now().utcoffset()

    def test_at_the_real_instant(self) -> None:
        """Without a start it begins now."""
        before = datetime.now(timezone.utc)
        started = TenantClock(monotonic=Machine()).now()
        assert before <= started <= datetime.now(timezone.utc)

    @pytest.mark.parametrize(
        "start",
        [
            datetime(2026, 1, 1),
            datetime.min.replace(tzinfo=timezone.utc),
            datetime.min.replace(tzinfo=EAST),
            datetime.max.replace(tzinfo=timezone.utc),
            datetime.max.replace(tzinfo=WEST),
            datetime(1970, 1, 1, tzinfo=EAST),
            datetime(9000, 1, 1, tzinfo=WEST),
        ],
        ids=lambda start: start.isoformat(),
    )
    def test_nowhere_near_the_ends_of_time(self, start: datetime) -> None:
        """A start without a zone, or beyond the years that the clock knows, is refused to begin or freeze at."""
        with pytest.raises(InvalidArgument):
            TenantClock(start)
        clock, _ = clock_at()
        with pytest.raises(InvalidArgument):
            clock.freeze(start)
        assert (START, False) == (clock.now(), clock.frozen)


class TestRunning:
    def test_it_moves_with_real_time(self) -> None:
        """A second on the machine is a second on the clock."""
        clock, machine = clock_at()
        machine.seconds += 12.5
        assert later(12.5) == clock.now()
        assert 1.0 == clock.scale

    @pytest.mark.parametrize(("scale", "passed"), [(60, 600), (0.5, 5), (1_000_000, 10_000_000), (0, 0)])
    def test_at_another_speed(self, scale: float, passed: float) -> None:
        """Ten real seconds are ten times the scale, counted from when it was set."""
        clock, machine = clock_at()
        machine.seconds += 3
        clock.run(scale)
        machine.seconds += 10
        assert later(3 + passed) == clock.now()
        assert (scale, scale == 0) == (clock.scale, clock.frozen)

    @pytest.mark.parametrize("scale", [-1, -1e-9, 1_000_000.5, math.inf, math.nan])
    def test_at_no_speed_at_all(self, scale: float) -> None:
        """A speed that is negative, too high or no number is refused, and the old one stays."""
        clock, machine = clock_at()
        with pytest.raises(InvalidArgument, match=r"^scale: "):
            clock.run(scale)
        machine.seconds += 1
        assert later(1) == clock.now()


class TestFrozen:
    def test_it_stands_still(self) -> None:
        """A frozen clock shows the same instant however long one waits."""
        clock, machine = clock_at()
        machine.seconds += 5
        clock.freeze()
        machine.seconds += 1e6
        assert (later(5), True, 0.0) == (clock.now(), clock.frozen, clock.scale)

    def test_at_an_instant(self) -> None:
        """It can be frozen anywhere, earlier too."""
        clock, machine = clock_at()
        clock.freeze(START - timedelta(days=400))
        machine.seconds += 60
        assert START - timedelta(days=400) == clock.now()

    def test_it_advances_all_the_same(self) -> None:
        """Advancing moves a frozen clock, and it stays frozen."""
        clock, machine = clock_at()
        clock.freeze()
        clock.advance(90.25)
        machine.seconds += 60
        assert (later(90.25), True) == (clock.now(), clock.frozen)

    def test_it_goes_on_as_before(self) -> None:
        """Unfrozen, it takes up the speed that it had, and none of the time that passed meanwhile."""
        clock, machine = clock_at()
        clock.run(60)
        clock.freeze()
        clock.freeze()
        machine.seconds += 1000
        clock.unfreeze()
        machine.seconds += 2
        assert (later(120), 60.0) == (clock.now(), clock.scale)

    def test_unfreezing_what_runs(self) -> None:
        """A clock that runs is not disturbed by being unfrozen."""
        clock, machine = clock_at()
        clock.run(2)
        machine.seconds += 1
        clock.unfreeze()
        machine.seconds += 1
        assert later(4) == clock.now()

    def test_a_speed_unfreezes(self) -> None:
        """A new speed lets a frozen clock run."""
        clock, machine = clock_at()
        clock.freeze()
        clock.run(3)
        machine.seconds += 1
        assert (later(3), False) == (clock.now(), clock.frozen)

    def test_a_scale_of_nothing_freezes(self) -> None:
        """Scale 0 freezes; unfreezing goes back to the speed before."""
        clock, machine = clock_at()
        clock.run(7)
        clock.run(0)
        machine.seconds += 1
        clock.unfreeze()
        machine.seconds += 1
        assert later(7) == clock.now()


class TestAdvance:
    @pytest.mark.parametrize("seconds", [-1, -1e-9, math.nan, math.inf, -math.inf, 3_153_600_001, 1e300])
    def test_not_back_and_not_too_far(self, seconds: float) -> None:
        """A jump that is negative, no number, or longer than a hundred years is refused, and the clock stays."""
        clock, _ = clock_at()
        with pytest.raises(InvalidArgument, match=r"^seconds: expected a number from 0 to 3153600000, got "):
            clock.advance(seconds)
        assert START == clock.now()

    def test_up_to_the_end_of_time(self) -> None:
        """A jump beyond the last year is refused as wrong use, not as an overflow; one up to it is not."""
        clock, _ = clock_at(END - timedelta(days=1))
        with pytest.raises(InvalidArgument, match=r"^seconds: 86401 leads beyond the year 8999, where the clock ends$"):
            clock.advance(86401)
        clock.advance(86400)
        assert END == clock.now()

    def test_century_by_century(self) -> None:
        """However often one jumps as far as one may, what comes is a refusal at last, never another error."""
        clock, _ = clock_at()
        for _ in range(69):
            clock.advance(3_153_600_000)
        with pytest.raises(InvalidArgument, match="where the clock ends"):
            clock.advance(3_153_600_000)

    @given(st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31), timezones=st.just(timezone.utc)) | st.just(END))
    def test_it_runs_into_the_end(self, start: datetime) -> None:
        """A clock that runs as fast as it can, for a year, stands still at its end, and can be frozen there."""
        clock, machine = clock_at(start)
        clock.run(1_000_000)
        machine.seconds += 365 * 86400
        assert END == clock.now()
        clock.freeze()
        assert END == clock.now()
        clock.unfreeze()
        machine.seconds += 1
        assert END == clock.now()


class TestSnapshots:
    @pytest.mark.parametrize("scale", [1, 60, 0.5])
    @pytest.mark.parametrize("frozen", [False, True])
    def test_going_on(self, scale: float, frozen: bool) -> None:
        """A clock goes on from a snapshot as it went on then: from there, as fast, and as fast when it is unfrozen."""
        clock, machine = clock_at()
        clock.run(scale)
        if frozen:
            clock.freeze()
        machine.seconds += 10
        at, state = clock.now(), clock.snapshot()
        clock.advance(86400)
        clock.run(7)
        clock.freeze()
        machine.seconds += 10
        for _ in range(2):  # a snapshot can be used again
            clock.restore(state)
            assert (at, frozen) == (clock.now(), clock.frozen)
            machine.seconds += 3
            assert at + timedelta(seconds=0 if frozen else 3 * scale) == clock.now()
            clock.unfreeze()
            assert scale == clock.scale

    def test_on_another_clock(self) -> None:
        """A snapshot of one clock can be restored on another, whose machine has a time of its own."""
        clock, machine = clock_at()
        machine.seconds += 10
        other, other_machine = clock_at(START + timedelta(days=9))
        other_machine.seconds = 5.0
        other.restore(clock.snapshot())
        other_machine.seconds += 2
        assert later(12) == other.now()


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 1000)),
    st.tuples(st.just("advance"), st.floats(0, 1e7)),
    st.tuples(st.just("run"), st.floats(0, 1e6)),
    st.tuples(st.just("freeze"), st.none()),
    st.tuples(st.just("unfreeze"), st.none()),
)


@given(st.lists(STEPS, max_size=30))
def test_it_never_goes_back(steps: list[tuple[str, Any]]) -> None:
    """Whatever is done to a clock, save freezing it at an instant, it never goes back, nor moves while frozen."""
    clock, machine = clock_at()
    before = clock.now()
    for step, value in steps:
        was_frozen = clock.frozen
        if step == "wait":
            machine.seconds += value
        else:
            act: Callable[..., None] = getattr(clock, step)
            act(*() if value is None else (value,))
        after = clock.now()
        assert before <= after
        if step == "wait" and was_frozen:
            assert before == after
        if step == "advance":
            assert abs((after - before).total_seconds() - value) < 1e-5
        before = after


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40), st.floats(0.001, 1000))
def test_settling_loses_nothing(waits: list[float], scale: float) -> None:
    """A clock that is set to its own speed again and again shows what one left alone shows, to the microsecond."""
    clock, machine = clock_at()
    clock.run(scale)
    for wait in waits:
        machine.seconds += wait
        clock.run(scale)
    expected = later((machine.seconds - 1000.0) * scale)
    assert abs(clock.now() - expected) <= timedelta(microseconds=len(waits) + 2)


def test_asking_for_the_time_once() -> None:
    """Where a step of the clock takes real time itself, none of that is lost."""
    ticks = iter(range(100))
    clock = TenantClock(START, lambda: float(next(ticks)))  # a second passes each time somebody looks
    for _ in range(10):
        clock.run(1)
    assert later(next(ticks)) == clock.now() - timedelta(seconds=1)


class TestTimestamp:
    @pytest.mark.parametrize(
        ("instant", "expected"),
        [
            (START, "2026-11-20T09:30:00Z"),
            (START.replace(microsecond=1), "2026-11-20T09:30:00.000001Z"),
            (START.replace(microsecond=500000), "2026-11-20T09:30:00.500000Z"),
            (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-12-31T23:00:00Z"),
            (END, "9000-01-01T00:00:00Z"),
        ],
    )
    def test_as_brex_writes_it(self, instant: datetime, expected: str) -> None:
        """UTC with a Z, and microseconds only where there are any."""
        assert expected == timestamp(instant)
