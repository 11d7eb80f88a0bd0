"""Walks over lists that hold still and lists that do not, with every kind of cursor, ours and others'."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from brex_accounting.emulator.answers import Refusal
from brex_accounting.emulator.arguments import read_arguments
from brex_accounting.emulator.published import operations
from brex_accounting.emulator.variants import VARIANTS, Variants
from brex_accounting.emulator.walks import Page, Walks, page_limit

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
MODES = tuple(VARIANTS["cursor"].values)
EACH_MODE = pytest.mark.parametrize("mode", MODES)


@attrs.frozen
class Thing:
    position: int
    state: int = 0

    @property
    def id(self) -> str:
        return f"thing_{self.position}"


def things(positions: Iterable[int]) -> list[Thing]:
    return [Thing(position) for position in sorted(positions)]


class Shelf:
    """A tenant's list: all things there are, which of them fit the query, and the walks over it."""

    def __init__(self, positions: Iterable[int], *, owner: str = "main", **variants: str) -> None:
        self.things = {thing.id: thing for thing in things(positions)}
        self.out: set[int] = set()
        self.variants = Variants(**variants)
        self.walks = Walks(owner)
        self.now = NOW

    def fitting(self) -> list[Thing]:
        return [
            thing
            for thing in sorted(self.things.values(), key=lambda thing: thing.position)
            if thing.position not in self.out
        ]

    def page(self, cursor: str | None = None, limit: int = 2, query: object = "all") -> Page[Thing]:
        return self.walks.page(
            self.fitting(),
            self.things.get,
            cursor=cursor,
            limit=limit,
            query=query,
            variants=self.variants,
            now=self.now,
        )

    def walk(self, sizes: Iterator[int], between: Callable[[], None] = lambda: None) -> list[Page[Thing]]:
        """Every page until the last; something happens between two."""
        pages = [self.page(limit=next(sizes))]
        while pages[-1].next_cursor is not None:
            between()
            pages.append(self.page(pages[-1].next_cursor, next(sizes)))
            assert len(pages) < 200
        return pages


def seen(pages: Iterable[Page[Thing]]) -> list[int]:
    return [thing.position for page in pages for thing in page.items]


def ever(sizes: Sequence[int]) -> Iterator[int]:
    """The sizes, again and again."""
    while True:
        yield from sizes


def refused(shelf: Shelf, cursor: str, complaint: str = "cursor is not one that was given out") -> None:
    with pytest.raises(Refusal) as caught:
        shelf.page(cursor)
    assert (400, "INVALID_REQUEST", complaint) == (caught.value.status, caught.value.code, caught.value.text)


POSITIONS = st.sets(st.integers(0, 60), max_size=25)
SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=6)


class TestUnchangingLists:
    @given(
        POSITIONS,
        SIZES,
        st.sampled_from(MODES),
        st.sampled_from(tuple(VARIANTS["empty_page"].values)),
        st.sampled_from(tuple(VARIANTS["cursor_lifetime"].values)),
    )
    def test_each_thing_once(self, positions: set[int], sizes: list[int], mode: str, empty: str, lifetime: str) -> None:
        """With any kind of cursor, and pages of any sizes, a walk yields each match once, in order, and ends."""
        shelf = Shelf(positions, cursor=mode, empty_page=empty, cursor_lifetime=lifetime)
        pages = shelf.walk(ever(sizes))
        assert sorted(positions) == seen(pages)
        assert {len(positions)} == {page.total for page in pages}
        cursors = [page.next_cursor for page in pages if page.next_cursor is not None]
        assert len(cursors) == len(set(cursors))

    @given(POSITIONS, SIZES, st.sampled_from(MODES))
    def test_pages_are_full(self, positions: set[int], sizes: list[int], mode: str) -> None:
        """Each page but the last holds as many things as it may, and the last at least one, unless there is nothing."""
        pages = Shelf(positions, cursor=mode).walk(ever(sizes))
        lengths = [len(page.items) for page in pages]
        assert [size for size, _ in zip(ever(sizes), lengths[:-1], strict=False)] == lengths[:-1]
        assert 0 < lengths[-1] or not positions

    @EACH_MODE
    def test_the_end_is_the_end(self, mode: str) -> None:
        """A list that is just as long as its pages has no empty page behind it."""
        assert [2, 2] == [len(page.items) for page in Shelf(range(4), cursor=mode).walk(ever([2]))]

    @EACH_MODE
    def test_nothing(self, mode: str) -> None:
        """Where nothing fits there is one page, and it is empty."""
        assert Page([], None, 0) == attrs.evolve(Shelf((), cursor=mode).page(), items=[])

    @EACH_MODE
    def test_again_from_any_page(self, mode: str) -> None:
        """A cursor can be used again, and gives the same page."""
        shelf = Shelf(range(10), cursor=mode)
        cursor = shelf.page().next_cursor
        assert [2, 3] == seen([shelf.page(cursor)])
        assert [2, 3, 4] == seen([shelf.page(cursor, 3)])
        assert shelf.page(cursor) == shelf.page(cursor)

    @EACH_MODE
    def test_other_walks(self, mode: str) -> None:
        """Walks over one list do not disturb each other, whatever their page sizes."""
        shelf = Shelf(range(9), cursor=mode)
        first, second = shelf.page(limit=2), shelf.page(limit=5)
        assert [2, 3] == seen([shelf.page(first.next_cursor)])
        assert [5, 6] == seen([shelf.page(second.next_cursor)])

    @EACH_MODE
    def test_a_variant_that_changes_on_the_way(self, mode: str) -> None:
        """A walk that has begun goes on as it began, when the tenant plays another variant."""
        for other in MODES:
            shelf = Shelf(range(9), cursor=mode)
            cursor = shelf.page().next_cursor
            shelf.variants.choose(cursor=other)
            shelf.out = {0, 2}
            expected = {"offset": [4, 5], "key": [3, 4], "snapshot": [2, 3]}[mode]
            assert expected == seen([shelf.page(cursor)])

    def test_cursors_are_opaque_and_fit_into_an_address(self) -> None:
        """A cursor is made of characters that need no escaping, and is short."""
        for mode in MODES:
            cursor = Shelf(range(9), cursor=mode).page().next_cursor or ""
            assert cursor.replace("-", "").replace("_", "").isalnum()
            assert cursor.isascii()
            assert len(cursor) < 150

    def test_the_same_ones_in_every_run(self) -> None:
        """Two emulators that are asked the same give the same cursors."""
        for mode in MODES:
            assert Shelf(range(9), cursor=mode).page() == Shelf(range(9), cursor=mode).page()


class TestChangingLists:
    """What happens to a walk while things leave the filter and others join."""

    @given(POSITIONS, SIZES, st.data())
    def test_key(self, positions: set[int], sizes: list[int], data: st.DataObject) -> None:
        """Behind a key, what stays is seen once, whatever else comes and goes; and nothing is seen twice."""
        shelf = Shelf(positions, cursor="key")
        shelf.out = data.draw(st.sets(st.sampled_from(sorted(positions)))) if positions else set()
        stayed = {thing.position for thing in shelf.fitting()}

        def change() -> None:
            nonlocal stayed
            if positions:
                shelf.out ^= data.draw(st.sets(st.sampled_from(sorted(positions)), max_size=4))
            new = max(positions, default=-1) + len(shelf.things) + 1
            if data.draw(st.booleans()) and len(shelf.things) < 40:
                shelf.things[f"thing_{new}"] = Thing(new)
            stayed &= {thing.position for thing in shelf.fitting()}

        found = seen(shelf.walk(ever(sizes), change))
        assert sorted(set(found)) == found
        assert stayed <= set(found)

    @given(POSITIONS, SIZES, st.data())
    def test_snapshot(self, positions: set[int], sizes: list[int], data: st.DataObject) -> None:
        """Over a snapshot, what fitted at first is seen once, in order, in its latest state, and nothing else is."""
        shelf = Shelf(positions, cursor="snapshot")

        def change() -> None:
            shelf.out ^= data.draw(st.sets(st.sampled_from(sorted(positions)), max_size=4))
            shelf.things["thing_99"] = Thing(99)

        assert sorted(positions) == seen(shelf.walk(ever(sizes), change))

    def test_snapshots_show_the_latest_state(self) -> None:
        """What has left the filter is shown as it is now; what is gone altogether is missing, on a shorter page."""
        shelf = Shelf(range(6), cursor="snapshot")
        cursor = shelf.page().next_cursor
        shelf.things["thing_2"] = Thing(2, state=7)
        del shelf.things["thing_3"]
        shelf.out = {2, 4}
        page = shelf.page(cursor)
        assert [Thing(2, state=7)] == page.items
        assert 3 == page.total
        assert [4, 5] == seen([shelf.page(page.next_cursor)])

    @given(st.integers(1, 25), st.integers(1, 7), st.data())
    def test_offset(self, count: int, size: int, data: st.DataObject) -> None:
        """By offset, a walk skips just as many things as left among those it had seen: the lie that is promised."""
        shelf = Shelf(range(count), cursor="offset")
        first = shelf.page(limit=size)
        left = data.draw(st.sets(st.sampled_from(range(min(size, count)))))
        shelf.out |= left
        found, cursor = [], first.next_cursor
        while cursor is not None:
            page = shelf.page(cursor, size)
            found += seen([page])
            cursor = page.next_cursor
        assert list(range(size, count))[len(left) :] == found

    @given(POSITIONS, SIZES, st.data())
    def test_offset_as_a_list_is_cut(self, positions: set[int], sizes: list[int], data: st.DataObject) -> None:
        """Whatever comes and goes, each page by offset is the part of the list as it is then."""
        shelf = Shelf(positions, cursor="offset")
        at, cursor, limits = 0, None, ever(sizes)
        for _ in range(30):
            limit = next(limits)
            page = shelf.page(cursor, limit)
            assert shelf.fitting()[at : at + limit] == list(page.items)
            assert (page.next_cursor is not None) is (at + limit < len(shelf.fitting()))
            if page.next_cursor is None:
                return
            at, cursor = at + limit, page.next_cursor
            shelf.out ^= data.draw(st.sets(st.sampled_from(sorted(positions)), max_size=4))

    def test_the_three_differ(self) -> None:
        """The same two things leave during the same walk: one cursor skips, one does not, one shows them still."""
        found = {}
        for mode in MODES:
            shelf = Shelf(range(6), cursor=mode)
            first = shelf.page()
            shelf.out = {0, 3}
            pages = [first, shelf.page(first.next_cursor)]
            found[mode] = seen(pages)
        assert {"offset": [0, 1, 4, 5], "key": [0, 1, 2, 4], "snapshot": [0, 1, 2, 3]} == found

    @EACH_MODE
    def test_everything_leaves(self, mode: str) -> None:
        """A walk whose list is emptied ends with an empty page, or shows what there was."""
        shelf = Shelf(range(5), cursor=mode)
        cursor = shelf.page().next_cursor
        shelf.out = set(range(5))
        page = shelf.page(cursor)
        expected = ([2, 3], True) if mode == "snapshot" else ([], False)
        assert expected == (seen([page]), page.next_cursor is not None)


class TestOddPages:
    @EACH_MODE
    def test_an_empty_page(self, mode: str) -> None:
        """Where the second page is empty, it has a cursor, and the things come behind it."""
        pages = Shelf(range(5), cursor=mode, empty_page="second").walk(ever([2]))
        assert [2, 0, 2, 1] == [len(page.items) for page in pages]
        assert {5} == {page.total for page in pages}

    @EACH_MODE
    def test_no_second_page(self, mode: str) -> None:
        """A list that fits on one page has no second one that could be empty or repeat itself."""
        page = Shelf(range(2), cursor=mode, empty_page="second", repeated_cursor="second").page()
        assert ([0, 1], None) == (seen([page]), page.next_cursor)

    @EACH_MODE
    def test_a_cursor_that_repeats(self, mode: str) -> None:
        """Where the second page gives its own cursor again, one can go round for ever."""
        shelf = Shelf(range(9), cursor=mode, repeated_cursor="second")
        cursor = shelf.page().next_cursor
        for _ in range(3):
            page = shelf.page(cursor)
            assert ([2, 3], cursor) == (seen([page]), page.next_cursor)

    @EACH_MODE
    def test_a_last_page_does_not_repeat(self, mode: str) -> None:
        """A second page that is the last one says so all the same."""
        pages = Shelf(range(4), cursor=mode, repeated_cursor="second").walk(ever([2]))
        assert [0, 1, 2, 3] == seen(pages)

    @EACH_MODE
    def test_both(self, mode: str) -> None:
        """An empty second page comes first; a cursor that repeats would hide what is behind it."""
        shelf = Shelf(range(9), cursor=mode, empty_page="second", repeated_cursor="second")
        first = shelf.page()
        second = shelf.page(first.next_cursor)
        assert ([], True) == (seen([second]), second.next_cursor not in (None, first.next_cursor))


class TestLifetimes:
    @EACH_MODE
    @pytest.mark.parametrize("empty", ["never", "second"])
    def test_ten_minutes(self, mode: str, empty: str) -> None:
        """A cursor works for ten minutes to the microsecond, counted from its own page, on a frozen clock."""
        shelf = Shelf(range(9), cursor=mode, cursor_lifetime="600s", empty_page=empty)
        cursor = shelf.page().next_cursor or ""
        shelf.now += timedelta(seconds=600)
        later = shelf.page(cursor).next_cursor or ""
        assert shelf.page(cursor) == shelf.page(cursor)
        shelf.now += timedelta(microseconds=1)
        refused(shelf, cursor, "cursor has expired")
        shelf.now += timedelta(seconds=599)
        assert [] != seen([shelf.page(shelf.page(later).next_cursor)])
        shelf.now += timedelta(seconds=1)
        refused(shelf, later, "cursor has expired")

    @EACH_MODE
    def test_for_good(self, mode: str) -> None:
        """A cursor that does not expire works a hundred years later."""
        shelf = Shelf(range(9), cursor=mode)
        cursor = shelf.page().next_cursor
        shelf.now += timedelta(days=36500)
        assert [2, 3] == seen([shelf.page(cursor)])

    def test_the_variant_of_the_moment_counts(self) -> None:
        """A cursor that was to last for good is refused once cursors expire, and works again when they do not."""
        shelf = Shelf(range(9))
        cursor = shelf.page().next_cursor or ""
        shelf.now += timedelta(seconds=601)
        shelf.variants.choose(cursor_lifetime="600s")
        refused(shelf, cursor, "cursor has expired")
        shelf.variants.choose(cursor_lifetime="forever")
        assert [2, 3] == seen([shelf.page(cursor)])

    def test_a_clock_that_was_set_back(self) -> None:
        """A cursor from the future has not expired."""
        shelf = Shelf(range(9), cursor_lifetime="600s")
        cursor = shelf.page().next_cursor
        shelf.now = datetime(1970, 1, 1, tzinfo=timezone.utc)
        assert [2, 3] == seen([shelf.page(cursor)])


def sealed(content: bytes) -> str:
    """What looks like a cursor, checksum and all, for whoever has read the source."""
    checksum = hashlib.sha256(b"cursor" + content).digest()[:6]
    return base64.urlsafe_b64encode(checksum + content).decode().rstrip("=")


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


REAL = {mode: Shelf(range(9), cursor=mode).page().next_cursor or "" for mode in MODES}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


ALMOST = st.tuples(
    st.sampled_from([*MODES, "x", ""]),
    st.integers(-(10**40), 10**40),
    st.integers(-(10**40), 10**40),
    st.text(max_size=3),
    st.text(max_size=3),
    st.floats(allow_nan=False) | st.integers(-(10**40), 10**40),
)
"""What a cursor is made of, with values that none has."""


class TestForeignCursors:
    """Whatever is no cursor of this walk is refused with 400 and raises nothing else."""

    @given(st.text())
    @example("")
    @example("null")
    @example("undefined")
    @example("\x00")
    @example("\ud800")
    @example("ü" * 8)
    @example("A" * 7)
    @example("====")
    def test_any_text(self, cursor: str) -> None:
        """Text of any kind is refused, the empty one and lone surrogates among them."""
        refused(Shelf(range(9)), cursor)

    @given(st.binary(max_size=100))
    def test_any_bytes(self, content: bytes) -> None:
        """So are bytes of any kind in the right clothes."""
        refused(Shelf(range(9)), encoded(content))
        refused(Shelf(range(9)), encoded(content).rstrip("="))

    @given(JSON_VALUES)
    def test_any_json(self, value: object) -> None:
        """So is any JSON, as base64, and even with the checksum that it ought to have."""
        content = json.dumps(value).encode()
        refused(Shelf(range(9)), encoded(content))
        refused(Shelf(range(9)), encoded(b"123456" + content))
        refused(Shelf(range(9)), sealed(content))

    @given(ALMOST)
    def test_almost_cursors(self, value: tuple[object, ...]) -> None:
        """So is what is made as a cursor is, of other values, as long as it is not sealed as one."""
        content = json.dumps(value).encode()
        refused(Shelf(range(9)), encoded(content))
        refused(Shelf(range(9)), encoded(b"123456" + content))

    @pytest.mark.parametrize("length", [1_000, 65_536, 5_000_000])
    def test_any_length(self, length: int) -> None:
        """So is text of any length, and JSON that is nested without end."""
        refused(Shelf(range(9)), "A" * length)
        refused(Shelf(range(9)), "é" * length)
        refused(Shelf(range(9)), encoded(b"123456" + b"[" * length))
        refused(Shelf(range(9)), encoded(b'123456["key",0,0,"","",0.0,' + b"[" * length))
        refused(Shelf(range(9)), sealed(b'["key",0,0,"","",0.0,' + b"[" * length))

    @given(st.sampled_from(MODES), st.data())
    def test_tampered(self, mode: str, data: st.DataObject) -> None:
        """A cursor of which one character is changed, missing or added is refused."""
        cursor = REAL[mode]
        at = data.draw(st.integers(0, len(cursor) - 1))
        other = data.draw(st.sampled_from("ABab09-_=+/ \n.%é"))
        how = data.draw(st.sampled_from(["change", "drop", "add"]))
        changed = cursor[:at] + ("" if how == "drop" else other) + cursor[at + (how != "add") :]
        assume(changed != cursor)
        refused(Shelf(range(9), cursor=mode), changed)

    @EACH_MODE
    def test_truncated(self, mode: str) -> None:
        """So is every part of one, one that is padded as base64 may be, and two in a row."""
        shelf, cursor = Shelf(range(9), cursor=mode), REAL[mode]
        for end in range(len(cursor)):
            refused(shelf, cursor[:end])
        for other in (cursor + "=", cursor + "==", cursor + cursor, " " + cursor, cursor + "\n", cursor.swapcase()):
            refused(shelf, other)

    @EACH_MODE
    def test_of_another_query(self, mode: str) -> None:
        """A cursor leads only through the list that it was given out for."""
        shelf = Shelf(range(9), cursor=mode)
        cursor = shelf.page(query=("READY_FOR_EXPORT",)).next_cursor or ""
        refused(shelf, cursor, "cursor belongs to another query")
        assert [2, 3] == seen([shelf.page(cursor, query=("READY_FOR_EXPORT",))])

    @EACH_MODE
    def test_of_another_owner(self, mode: str) -> None:
        """A cursor of one tenant means nothing to another, whose list may be the same."""
        cursor = Shelf(range(9), owner="acme", cursor=mode).page().next_cursor or ""
        refused(Shelf(range(9), owner="globex", cursor=mode), cursor, "cursor belongs to another query")


GONE = "the cursor is too old: the list that it leads through is gone"


class TestSnapshots:
    def test_after_a_reset(self) -> None:
        """A cursor from before a reset finds the list that it was given out for, or none; never another one."""
        before, after, same = (Shelf(positions, cursor="snapshot") for positions in (range(9), range(20), range(9)))
        cursor = before.page().next_cursor or ""
        refused(after, cursor, GONE)
        after.page()
        refused(after, cursor, GONE)
        same.page()
        assert [2, 3] == seen([same.page(cursor)])

    def test_how_many_are_kept(self) -> None:
        """A thousand lists are kept; the one that was begun longest ago goes first."""
        shelf = Shelf(range(110), cursor="snapshot")
        cursors = []
        for missing in range(1001):  # another list each time
            shelf.out = {50 + missing // 20, missing % 20 + 20}
            cursors.append(shelf.page().next_cursor or "")
        refused(shelf, cursors[0], GONE)
        assert [2, 3] == seen([shelf.page(cursors[1])])
        assert [2, 3] == seen([shelf.page(cursors[-1])])

    def test_what_takes_no_room(self) -> None:
        """Lists of one page are not kept, nor is the same list kept twice: other walks last."""
        shelf = Shelf(range(50), cursor="snapshot")
        cursor = shelf.page().next_cursor
        for limit in range(1, 1500):
            shelf.page(limit=1 + limit % 40)
        for missing in range(1, 1500):
            shelf.out = {missing % 50, missing // 50}
            shelf.page(limit=50)
        assert [2, 3] == seen([shelf.page(cursor)])

    def test_copies(self) -> None:
        """A copy knows the walks that had begun, and what begins on either side is unknown to the other."""
        shelf = Shelf(range(9), cursor="snapshot")
        before = shelf.page().next_cursor
        copied = Shelf(range(9), cursor="snapshot")
        copied.walks = shelf.walks.copy()
        assert [2, 3] == seen([copied.page(before)])
        shelf.out, copied.out = {0}, {1}
        cursor, other = shelf.page().next_cursor or "", copied.page().next_cursor or ""
        refused(copied, cursor, GONE)
        refused(shelf, other, GONE)

    def test_a_list_that_is_walked_again(self) -> None:
        """A list that is begun again is as young as a new one."""
        shelf = Shelf(range(130), cursor="snapshot")
        cursor = shelf.page().next_cursor
        for missing in range(1500):
            if missing == 900:
                shelf.out = set()
                shelf.page()
            shelf.out = {50 + missing // 20, missing % 20 + 20}
            shelf.page()
        assert [2, 3] == seen([shelf.page(cursor)])


def limit_of(text: str) -> float | None:
    """``limit`` as a request for accounting records has it."""
    return read_arguments(operations()["queryAccountingRecords"], {}, [("limit", text)], ())["limit"]


class TestPageLimit:
    CLAMPED, REFUSED = Variants(limit="clamped"), Variants(limit="refused")

    def test_nothing_given(self) -> None:
        """Without a limit it is Brex's own, even where that is beyond what may be asked for."""
        for variants in (self.CLAMPED, self.REFUSED):
            assert 100 == page_limit(None, most=1000, default=100, variants=variants)

    @pytest.mark.parametrize(
        ("text", "clamped"),
        [("1", 1), ("1000", 1000), ("1.0", 1), ("1e2", 100), ("0", 1), ("-0", 1), ("-5", 1), ("1001", 1000),
         ("1e300", 1000), ("-1e300", 1), ("1e-999", 1), ("2147483648", 1000)],
    )  # fmt: skip
    def test_whole_numbers(self, text: str, clamped: int) -> None:
        """A whole number outside of what is allowed becomes the nearest that is, or is refused, as the tenant plays."""
        given_limit = limit_of(text)
        assert given_limit is not None
        limit = page_limit(given_limit, most=1000, default=100, variants=self.CLAMPED)
        assert (clamped, int) == (limit, type(limit))
        if 1 <= given_limit <= 1000:
            assert clamped == page_limit(given_limit, most=1000, default=100, variants=self.REFUSED)
        else:
            with pytest.raises(Refusal, match=r"^400 INVALID_REQUEST: limit is not between 1 and 1000$"):
                page_limit(given_limit, most=1000, default=100, variants=self.REFUSED)

    @pytest.mark.parametrize("text", ["0.5", "1.5", "99.999", "-0.1", "1e999", "-1e999", "1e-300", "9" * 400])
    def test_no_whole_numbers(self, text: str) -> None:
        """What is no whole number is refused however the tenant plays; what is too large for a float is none."""
        for variants in (self.CLAMPED, self.REFUSED):
            with pytest.raises(Refusal, match=r"^400 INVALID_REQUEST: limit is not a whole number$"):
                page_limit(limit_of(text), most=1000, default=100, variants=variants)

    @given(st.floats() | st.integers(-(2**31), 2**31), st.integers(1, 1000), st.sampled_from([CLAMPED, REFUSED]))
    @example(math.nan, 100, CLAMPED)
    @example(math.inf, 100, CLAMPED)
    def test_any_number(self, number: float, most: int, variants: Variants) -> None:
        """Any number gives a limit that is allowed, or a 400."""
        try:
            limit = page_limit(number, most=most, default=7, variants=variants)
        except Refusal:
            assert not math.isfinite(number) or number != int(number) or not 1 <= number <= most
        else:
            assert 1 <= limit <= most
            assert limit == number or (variants is self.CLAMPED and not 1 <= number <= most)
