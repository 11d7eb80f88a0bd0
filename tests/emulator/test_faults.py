"""Fault plans: which requests a rule strikes, how it ends, and what it cannot be."""

from __future__ import annotations

import datetime
import json
import random
import re
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import InvalidArgument
from brex_accounting.emulator.fault_plan import FaultPlan
from brex_accounting.emulator.faults import EFFECTS, Fault

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
OPERATIONS = ("listSubscription", "updateSubscription", "getCompany", "token")

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "operation": st.sampled_from([*OPERATIONS, "*Subscription*", "get*", "*", "[!t]*"]),
    "phase": st.sampled_from(["before", "after"]),
    "skip": st.integers(0, 4),
    "times": st.none() | st.integers(1, 4),
    "seconds": st.none() | st.integers(1, 20) | st.floats(0.5, 20),
    "status": st.sampled_from([200, 429, 500, 520, 599]),
    "retry_after": st.none() | st.integers(0, 100) | st.just("Sun, 06 Nov 1994 08:49:37 GMT"),
    "code": st.none() | st.just("INTERNAL_ERROR"),
    "message": st.none() | st.just("Überlastet"),
    "delay": st.floats(0, 100),
    "pieces": st.integers(2, 50),
    "keep": st.floats(0, 1, exclude_max=True),
    "chunked": st.booleans(),
}


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    effect = draw(st.sampled_from(sorted(EFFECTS)))
    names = ["operation", "phase", "skip", "times", "seconds", *EFFECTS[effect].options]
    chosen: dict[str, Any] = {name: draw(_VALUES[name]) for name in names if draw(st.booleans())}
    if EFFECTS[effect].disfigures:
        chosen.pop("phase", None)
    if draw(st.booleans()):
        chosen |= {"probability": draw(st.floats(0, 1, exclude_min=True)), "seed": draw(st.integers(0, 2**70))}
    else:
        chosen["every"] = draw(st.integers(1, 4))
    return Fault(effect=effect, **chosen)


@attrs.define
class Model:
    """A rule as what it counts."""

    fault: Fault
    added: datetime.datetime
    matched: int = 0
    fired: int = 0

    def ended(self, now: datetime.datetime) -> bool:
        age = (now - self.added).total_seconds()
        return self.fired == self.fault.times or (self.fault.seconds is not None and age >= self.fault.seconds)

    def standing(self, now: datetime.datetime) -> tuple[Fault, int, int, bool]:
        return self.fault, self.matched, self.fired, self.ended(now)

    def request(self) -> bool:
        """Whether the request after those that counted would be struck, computed from the first one on."""
        self.matched += 1
        turn = self.matched - self.fault.skip
        if turn < 1:
            return False
        if self.fault.probability is None:
            return turn % self.fault.every == 0
        draws = random.Random(self.fault.seed)
        return [draws.random() for _ in range(turn)][-1] < self.fault.probability


def struck(model: dict[str, Model], operation: str, now: datetime.datetime) -> list[tuple[str, Fault]]:
    """What comes to bear: every latency on the way, and the first other fault that is met."""
    ready = {
        rule_id: rule
        for rule_id, rule in model.items()
        if rule.fault.matches(operation) and not rule.ended(now) and rule.request()
    }
    met: list[str] = []
    for phase in ("before", "after"):
        of_phase = [rule_id for rule_id, rule in ready.items() if rule.fault.phase == phase]
        met += [rule_id for rule_id in of_phase if ready[rule_id].fault.effect == "latency"]
        others = [rule_id for rule_id in of_phase if ready[rule_id].fault.effect != "latency"]
        if others:
            met.append(others[0])
            break
    for rule_id in met:
        model[rule_id].fired += 1
    return [(rule_id, rule.fault) for rule_id, rule in ready.items() if rule_id in met]


requests = st.tuples(st.just("request"), st.sampled_from(OPERATIONS))
steps = st.lists(
    requests
    | requests
    | st.tuples(st.just("add"), faults())
    | st.tuples(st.just("wait"), st.floats(0, 5))
    | st.tuples(st.sampled_from(["remove", "remember", "restore", "clear"]), st.integers(0, 5)),
    max_size=40,
)


class TestPlan:
    @given(st.lists(faults(), min_size=1, max_size=4), steps)
    def test_counts_like_the_model(self, first: list[Fault], steps: list[tuple[str, Any]]) -> None:
        """Any number of rules that come, go, end and are put back strike what comes to bear, and count nothing else."""
        plan, model, now = FaultPlan(), {}, START
        remembered: tuple[Any, dict[str, Model]] = (plan.snapshot(), {})
        for what, value in [*(("add", fault) for fault in first), *steps]:
            match what:
                case "add":
                    rule_id = plan.add(value, now=now)
                    assert rule_id not in model
                    model[rule_id] = Model(value, now)
                case "request":
                    expected = struck(model, value, now)
                    assert expected == [(firing.id, firing.fault) for firing in plan.fire(value, now)]
                case "wait":
                    now += datetime.timedelta(seconds=value)
                case "remove" if model:
                    rule_id = list(model)[value % len(model)]
                    del model[rule_id]
                    plan.remove(rule_id)
                case "remember":
                    copies = {key: attrs.evolve(rule) for key, rule in model.items()}
                    remembered = (json.loads(json.dumps(plan.snapshot())), copies)
                case "restore":
                    plan.restore(remembered[0])
                    model = {key: attrs.evolve(rule) for key, rule in remembered[1].items()}
                case "clear" if value == 0:
                    plan.clear()
                    model = {}
            expected_all = [(rule_id, *rule.standing(now)) for rule_id, rule in model.items()]
            found = [(s.id, s.fault, s.matched, s.fired, s.ended) for s in plan.all(now=now)]
            assert expected_all == found

    def test_by_hand(self) -> None:
        """Every third after the first two, twice: the fifth and the eighth."""
        plan = FaultPlan()
        plan.add(Fault(effect="drop", operation="get*", skip=2, every=3, times=2), now=START)
        assert () == plan.fire("listExpenses", START)
        struck = [number for number in range(1, 20) if plan.fire("getExpense", START)]
        assert [5, 8] == struck
        [standing] = plan.all(now=START)
        assert ("fault_1", 8, 2, True) == (standing.id, standing.matched, standing.fired, standing.ended)

    def test_ends_on_the_clock(self) -> None:
        """A rule for ten seconds ends at ten seconds, not before, whether or not anybody asks."""
        plan = FaultPlan()
        plan.add(Fault(effect="drop", seconds=10), now=START)
        almost, then = (START + datetime.timedelta(seconds=s) for s in (9.999999, 10))
        assert 1 == len(plan.fire("token", almost))
        assert [False, True] == [plan.all(now=now)[0].ended for now in (almost, then)]
        assert () == plan.fire("token", then)

    def test_oldest_first(self) -> None:
        """Latencies and one other strike together, in the order in which they were added, also after a restore."""
        plan = FaultPlan()
        ids = [plan.add(Fault(effect=effect), now=START) for effect in ("html", "latency", "drop", "latency")]
        expected = [ids[0], ids[1], ids[3]]
        assert expected == [firing.id for firing in plan.fire("token", START)]
        plan.restore(plan.snapshot())
        assert expected == [firing.id for firing in plan.fire("token", START)]

    def test_one_after_the_other(self) -> None:
        """Lost before it took effect, and the retry lost after it did: a rule that waits its turn is not used up."""
        plan = FaultPlan()
        for phase in ("after", "before"):
            plan.add(Fault(effect="drop", phase=phase, times=1), now=START)
        assert ["before", "after"] == [firing.fault.phase for _ in range(3) for firing in plan.fire("token", START)]

    @pytest.mark.parametrize("effect", [name for name, effect in EFFECTS.items() if effect.disfigures])
    def test_before_there_is_nothing_to_disfigure(self, effect: str) -> None:
        """An empty page in place of a true answer would look like the end of a list, and is refused."""
        with pytest.raises(InvalidArgument, match=rf"^phase: {effect} needs an answer"):
            Fault(effect=effect, phase="before")

    def test_case_counts(self) -> None:
        """Patterns are for names as the documents write them, and one that fits none of them would never strike."""
        for pattern in ("getcompany", "GET*", "queryAccountingRecord"):
            with pytest.raises(InvalidArgument, match=r"^operation: none fits .*; there are .*getCompany.*token"):
                Fault(effect="drop", operation=pattern)

    def test_chance_is_a_share(self) -> None:
        """A probability strikes about that share, the same ones in every run, and others with another seed."""

        def run(seed: int) -> list[int]:
            plan = FaultPlan()
            plan.add(Fault(effect="drop", probability=0.3, seed=seed), now=START)
            return [number for number in range(2000) if plan.fire("token", START)]

        assert run(7) == run(7)
        assert run(7) != run(8)
        assert 500 < len(run(7)) < 700

    def test_certain(self) -> None:
        """Probability 1 strikes always."""
        plan = FaultPlan()
        plan.add(Fault(effect="drop", probability=1, seed=0), now=START)
        assert all(plan.fire("token", START) for _ in range(1000))

    def test_ids_are_not_given_twice(self) -> None:
        """An id that somebody may still hold names no later rule, whatever was removed or put back."""
        plan = FaultPlan()
        before = plan.snapshot()
        assert "fault_1" == plan.add(Fault(effect="drop"), now=START)
        plan.restore(before)
        assert "fault_2" == plan.add(Fault(effect="drop"), now=START)
        plan.clear()
        assert "fault_3" == plan.add(Fault(effect="drop"), now=START)
        plan.remove("fault_3")
        assert "fault_4" == plan.add(Fault(effect="drop"), now=START)

    def test_a_fresh_plan_takes_a_snapshot(self) -> None:
        """A plan goes on in another one where it stood, chance and counts included."""
        plan, other = FaultPlan(), FaultPlan()
        plan.add(Fault(effect="drop", probability=0.5, seed=3, skip=2, times=30), now=START)
        plan.add(Fault(effect="reset", every=3), now=START)
        for _ in range(25):
            plan.fire("token", START)
        other.restore(plan.snapshot())
        assert plan.snapshot() == other.snapshot()
        assert [plan.fire("token", START) for _ in range(50)] == [other.fire("token", START) for _ in range(50)]
        assert "fault_3" == other.add(Fault(effect="drop"), now=START)

    def test_unknown_id(self) -> None:
        """Removing what is not there says what is."""
        plan = FaultPlan()
        with pytest.raises(InvalidArgument, match=r"id: there is no fault 'fault_1'; there are none"):
            plan.remove("fault_1")
        plan.add(Fault(effect="drop"), now=START)
        with pytest.raises(InvalidArgument, match=r"id: there is no fault 'x'; there are fault_1"):
            plan.remove("x")


WRONG: list[tuple[str, Any]] = [
    *(("operation", value) for value in ("", "  ", 3, "\ud800")),
    *(("phase", value) for value in ("during", "", None, 1, [])),
    *(("every", value) for value in (0, -1, 1.0, "2", True, None)),
    *(("skip", value) for value in (-1, 0.5, False, None)),
    *(("probability", value) for value in (0, -0.1, 1.01, float("nan"), float("inf"), "0.5", True)),
    *(("seed", value) for value in (-1, 1.5, "x", True)),
    *(("times", value) for value in (0, 1.5, True)),
    *(("seconds", value) for value in (0, -1, float("nan"), float("inf"), 1e9, "10", True)),
    *(("status", value) for value in (199, 600, 204, 304, 503.0, "503", True, None)),
    *(("retry_after", value) for value in (-1, float("nan"), float("inf"), True, "", "soon", "2026-01-01", "10")),
    ("retry_after", "Sun, 06 Nov 1994 08:49:37 GMT\r\nx: y"),
    ("retry_after", "Sun, 06 Nov 1994 08:49:37 +0100"),
    ("retry_after", "Sun, 99 Nov 99999999999999999999 08:49:37 GMT"),
    *(("code", value) for value in ("", 3, "\udfff")),
    *(("message", value) for value in ("", 3, "\udfff")),
    *(("delay", value) for value in (-1, float("nan"), float("inf"), 86401, "1", True, None)),
    *(("pieces", value) for value in (0, 1, 10_001, 2.0, True, None)),
    *(("keep", value) for value in (-0.1, 1, float("nan"), "0.5", True, None)),
    *(("chunked", value) for value in (1, "yes", None)),
]


def an_effect_with(field: str) -> str:
    return next((name for name, effect in EFFECTS.items() if field in effect.options), "status")


class TestFault:
    @pytest.mark.parametrize(("field", "value"), WRONG)
    def test_wrong_value(self, field: str, value: Any) -> None:
        """Each field refuses what it cannot be, by its name, and says what it can be."""
        with pytest.raises(InvalidArgument, match=rf"^{field}: expected .+, got {re.escape(repr(value))}$"):
            Fault(effect=an_effect_with(field), **{field: value})

    @pytest.mark.parametrize("effect", ["", "Drop", None, 3, [], {}])
    def test_unknown_effect(self, effect: Any) -> None:
        """An effect that there is not is refused with those that there are."""
        with pytest.raises(InvalidArgument, match=r"^effect: expected one of status, drop, .+, empty, got "):
            Fault(effect=effect)

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"probability": 0.5}, "seed"),
            ({"seed": 1}, "seed"),
            ({"probability": 0.5, "seed": 1, "every": 2}, "every"),
        ],
    )
    def test_chance_and_count(self, given: dict[str, Any], field: str) -> None:
        """Chance needs a seed, a seed needs chance, and chance does not count."""
        with pytest.raises(InvalidArgument, match=rf"^{field}: .+; (give both or neither|leave out every or)"):
            Fault(effect="drop", **given)

    @pytest.mark.parametrize("effect", EFFECTS)
    def test_idle_options(self, effect: str) -> None:
        """An option that means nothing to the effect is refused, one that means something is taken."""
        other = {
            "status": 500, "retry_after": 3, "code": "X", "message": "x", "delay": 2.0, "pieces": 9, "keep": 0.1,
            "chunked": True,
        }  # fmt: skip
        for name, value in other.items():
            if name in EFFECTS[effect].options:
                assert value == getattr(Fault(effect=effect, **{name: value}), name)
            else:
                with pytest.raises(InvalidArgument, match=rf"^{name}: it means nothing to the effect {effect}; leave"):
                    Fault(effect=effect, **{name: value})

    def test_effects(self) -> None:
        """The effects that there are, those that strike only after the request took effect, those of the network."""
        assert [
            "status", "drop", "reset", "cut_body", "hang", "latency", "slow_body", "bad_json", "html", "wrong_schema",
            "wrong_page", "lone_surrogate", "expired_token", "unknown_enum", "unknown_field", "empty",
        ] == list(EFFECTS)  # fmt: skip
        before = {name for name in EFFECTS if Fault(effect=name).phase == "before"}
        assert {"status", "drop", "reset", "hang", "latency", "html", "expired_token"} == before
        assert {"drop", "reset", "cut_body"} == {name for name, effect in EFFECTS.items() if effect.network}
        assert "after" == Fault(effect="drop", phase="after").phase

    @given(faults())
    def test_json_and_back(self, fault: Fault) -> None:
        """A fault survives being written as JSON."""
        assert fault == Fault.from_json(json.loads(json.dumps(fault.to_json())))

    def test_to_json(self) -> None:
        """It says what is set and what means something, and nothing else."""
        expected = {"effect": "cut_body", "phase": "after", "every": 2, "skip": 0, "keep": 0.5, "chunked": False}
        assert expected == Fault(effect="cut_body", every=2).to_json()

    def test_null_is_absent(self) -> None:
        """A member that is null leaves the field at its default."""
        nothing = {field.name: None for field in attrs.fields(Fault)}
        assert Fault(effect="drop") == Fault.from_json({**nothing, "effect": "drop"})

    def test_unknown_member(self) -> None:
        """A member that is no field is refused with the fields that there are."""
        names = ", ".join(field.name for field in attrs.fields(Fault))
        with pytest.raises(InvalidArgument, match=rf"^evry: no such field of a fault; there are {names}$"):
            Fault.from_json({"effect": "drop", "evry": 2})

    @pytest.mark.parametrize("wrong", [None, [], "drop", 3])
    def test_no_object(self, wrong: Any) -> None:
        """What is no object is refused."""
        with pytest.raises(InvalidArgument, match=r"^fault: expected an object, got "):
            Fault.from_json(wrong)

    def test_no_effect(self) -> None:
        """An effect there must be."""
        with pytest.raises(InvalidArgument, match=r"^effect: expected one of "):
            Fault.from_json({"operation": "token"})

    @given(
        st.dictionaries(
            st.sampled_from([field.name for field in attrs.fields(Fault)]) | st.text(max_size=3),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(max_size=30)
            | st.sampled_from(sorted(EFFECTS))
            | st.lists(st.integers(), max_size=2),
        )
    )
    def test_any_json(self, mapping: dict[str, Any]) -> None:
        """Any JSON makes a fault or an InvalidArgument, and nothing else."""
        try:
            fault = Fault.from_json(mapping)
        except InvalidArgument:
            return
        assert fault == Fault.from_json(fault.to_json())
