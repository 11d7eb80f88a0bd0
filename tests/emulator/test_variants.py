"""The table of variants, and what a tenant plays of it."""

from __future__ import annotations

import keyword
import math

import pytest

from brex_accounting import InvalidArgument
from brex_accounting.emulator.variants import VARIANTS, Variant, Variants

NAMES = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
EVERY = [(name, value) for name, variant in VARIANTS.items() for value in variant.values]


class TestTable:
    def test_it_answers_every_open_question(self) -> None:
        """What Brex leaves open, and the issue names, has a variant with just these answers."""
        expected = {
            "cursor": {"offset", "key", "snapshot"},
            "cursor_lifetime": {"forever", "600s"},
            "empty_page": {"never", "second"},
            "last_cursor": {"null", "absent", "string"},
            "limit": {"clamped", "refused"},
            "report_422": {"atomic", "partial"},
            "report_200": {"all", "subset"},
            "failure_result": {"stays", "moves"},
            "report_moves": {"version", "nothing"},
            "bill_ready": {"never", "reaches"},
            "idempotency": {"honoured", "ignored"},
            "rotation": {"on", "off", "silent"},
        }
        assert expected == {name: set(VARIANTS[name].values) for name in expected}

    @NAMES
    def test_the_default_is_an_answer(self, variant: Variant) -> None:
        """The default is the first of at least two answers, each of which says what it means."""
        values = list(variant.values)
        assert values[0] == variant.default
        assert len(values) >= 2
        assert all(value and meaning.strip() for value, meaning in variant.values.items())

    @NAMES
    def test_the_name_can_be_written(self, variant: Variant) -> None:
        """A name serves as a keyword argument and on a command line, and so do its answers."""
        assert variant.name.isidentifier()
        assert not keyword.iskeyword(variant.name)
        assert variant.name != "self"
        assert [] == [value for value in variant.values if not value.isascii() or not value.isalnum()]

    @NAMES
    def test_it_asks_a_question(self, variant: Variant) -> None:
        """Each says what is not known, and whether the default is documented or assumed."""
        assert "?" in variant.question
        assert variant.certainty in ("documented", "assumed")

    def test_names_are_their_own(self) -> None:
        """The table leads from a name to the variant of that name."""
        assert list(VARIANTS) == [variant.name for variant in VARIANTS.values()]


class TestVariants:
    def test_the_defaults(self) -> None:
        """A tenant that chooses nothing plays every default."""
        assert {name: variant.default for name, variant in VARIANTS.items()} == Variants().all()

    @pytest.mark.parametrize(("name", "value"), EVERY)
    def test_each_answer_can_be_chosen(self, name: str, value: str) -> None:
        """Any answer can be played, at first or later, and the others stay as they were."""
        chosen = Variants(**{name: value})
        assert {**Variants().all(), name: value} == chosen.all()
        later = Variants()
        later.choose(**{name: value})
        assert value == later[name]

    def test_choices_add_up(self) -> None:
        """A later choice leaves earlier ones of other variants alone."""
        variants = Variants(cursor="key", limit="refused")
        variants.choose(cursor="snapshot")
        assert ("snapshot", "refused") == (variants["cursor"], variants["limit"])

    @pytest.mark.parametrize(
        ("chosen", "complaint"),
        [
            ({"cursor": "offset2"}, "^cursor: expected one of offset, key, snapshot, got 'offset2'$"),
            ({"cursor": ""}, "^cursor: expected one of offset, key, snapshot, got ''$"),
            ({"colour": "red"}, "^colour: no such variant; there are cursor, cursor_lifetime, "),
            ({"self": "key"}, "^self: no such variant; "),
            ({"": ""}, "^: no such variant; "),
        ],
    )
    def test_a_wrong_choice_changes_nothing(self, chosen: dict[str, str], complaint: str) -> None:
        """One wrong name or answer refuses the whole choice, and says what there is."""
        variants = Variants()
        with pytest.raises(InvalidArgument, match=complaint):
            variants.choose(**{"limit": "refused", **chosen})
        assert Variants().all() == variants.all()
        with pytest.raises(InvalidArgument, match=complaint):
            Variants(**chosen)

    def test_what_is_no_variant(self) -> None:
        """Asking for a variant that there is not is a mistake in the emulator."""
        with pytest.raises(KeyError):
            Variants()["colour"]


class TestSeconds:
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("cursor_lifetime", "forever", math.inf),
            ("cursor_lifetime", "600s", 600.0),
            ("grace", "0s", 0.0),
            ("grace", "5s", 5.0),
            ("grace", "30s", 30.0),
            ("grace", "300s", 300.0),
        ],
    )
    def test_spans(self, name: str, value: str, expected: float) -> None:
        """An answer that is a span of time reads as seconds."""
        assert expected == Variants(**{name: value}).seconds(name)

    def test_all_spans_can_be_read(self) -> None:
        """Every variant with an answer that looks like a span has only answers that are spans."""
        spans = {name for name, value in EVERY if value.removesuffix("s").isdigit()}
        assert {"cursor_lifetime", "grace"} == spans
        for name in spans:
            assert all(Variants(**{name: value}).seconds(name) >= 0 for value in VARIANTS[name].values)
