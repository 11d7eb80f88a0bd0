"""Pages that are broken in one place give up that one record, say which and why, and lose no byte of it."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting_client import (
    BadRecords,
    ClientError,
    InvalidInput,
    Undecodable,
    decode_page,
    encode,
    needs_repair,
    unknown_fields,
    unknown_fields_of,
)
from brex_accounting_client.models import AccountingRecord, AccountingRecordPage, ExpensePage
from tests import wire

HUNDRED = [wire.record(index) for index in range(100)]
PAGE = wire.dumps(wire.page(HUNDRED, next_cursor="c2", has_next_page=True))
GOOD = decode_page(PAGE, AccountingRecordPage)


def collect(data: bytes) -> AccountingRecordPage:
    return decode_page(data, AccountingRecordPage, on_bad_record="collect")


def with_record(index: int, record: object) -> bytes:
    """The page of a hundred with one record replaced; bytes are put in as they are."""
    if not isinstance(record, bytes):
        record = wire.dumps(record)
    parts = [wire.dumps(item) for item in HUNDRED]
    parts[index] = record
    return b'{"items":[' + b",".join(parts) + b'],"total_count":100,"next_cursor":"c2","has_next_page":true}'


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a record."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, child in children for place in places(child, (*at, key)))]


WRONG = st.sampled_from(
    [None, 7, -1.5, "x", "", True, [], {}, [None], {"id": 3}, "2025-13-45T00:00:00Z", "NaN", 10**400]
)


@st.composite
def mutated_records(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """A record of the page with something missing, null, or of a wrong type anywhere in it."""
    index = draw(st.integers(0, 99))
    record = copy.deepcopy(HUNDRED[index])
    *parents, last = draw(st.sampled_from([place for place in places(record) if place]))
    holder: Any = record
    for key in parents:
        holder = holder[key]
    if draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = draw(WRONG)
    return index, record


class TestOneBadRecord:
    @given(mutation=mutated_records())
    def test_the_other_ninety_nine_arrive(self, mutation: tuple[int, dict[str, Any]]) -> None:
        """Whatever is missing, null or of a wrong type inside one record, the others are as before."""
        index, record = mutation
        page = collect(with_record(index, record))
        others = GOOD.items[:index] + GOOD.items[index + 1 :]
        assert "c2" == page.next_cursor
        if page.bad_records:
            (bad,) = page.bad_records
            assert index == bad.index
            assert wire.dumps(record) == bad.raw
            assert bad.path.startswith(f"$.items[{index}]")
            assert others == page.items
        else:
            assert others == page.items[:index] + page.items[index + 1 :]

    @pytest.mark.parametrize(
        ("change", "path", "reason"),
        [
            ({"id": None}, "$.items[41].id", "Expected `str`, got `null`"),
            ({"amount": {"amount": "12.50", "currency": "USD"}}, "$.items[41].amount.amount", "got a string"),
            ({"amount": {"amount": "NaN", "currency": "USD"}}, "$.items[41].amount.amount", "got a string"),
            ({"amount": {"amount": "Infinity", "currency": "USD"}}, "$.items[41].amount.amount", "got a string"),
            ({"amount": {"amount": True, "currency": "USD"}}, "$.items[41].amount.amount", "got a boolean"),
            ({"version": 3.5}, "$.items[41].version", "Expected `int`, got `float`"),
            ({"updated_at": "yesterday"}, "$.items[41].updated_at", "not an ISO 8601 date"),
            ({"line_items": {}}, "$.items[41].line_items", "Expected `array`, got `object`"),
        ],
    )
    def test_it_is_reported(self, change: dict[str, Any], path: str, reason: str) -> None:
        """A record that cannot be read is named by id, JSON path, reason and raw bytes."""
        record = wire.record(41, **change)
        (bad,) = collect(with_record(41, record)).bad_records
        assert path == bad.path
        assert reason in bad.reason
        assert record["id"] == bad.id
        assert wire.dumps(record) == bad.raw

    def test_raise_is_the_default(self) -> None:
        """Unless the caller collects, a bad record raises; the good ones and the bytes hang on the error."""
        data = with_record(3, wire.record(3, version="x"))
        with pytest.raises(BadRecords, match="accr_3") as caught:
            decode_page(data, AccountingRecordPage)
        assert [item.id for item in GOOD.items if item.id != "accr_3"] == [item.id for item in caught.value.page.items]
        assert data == caught.value.content

    @pytest.mark.parametrize(
        "item", [b"null", b'"x"', b"7", b"[]", b"{}", b'{"id": 5}', b"NaN", b'{"x":NaN}', b"9" * 5000]
    )
    def test_an_item_that_is_no_record(self, item: bytes) -> None:
        """An item that is not even an object, or that JSON does not know, is one bad record."""
        page = collect(with_record(50, item))
        assert [50] == [bad.index for bad in page.bad_records]
        assert [item] == [bad.raw for bad in page.bad_records]
        assert 99 == len(page.items)

    def test_many(self) -> None:
        """Several bad records are all reported, in order, and the text of the error stays short."""
        items = [wire.record(i, version="x") if i % 2 else wire.record(i) for i in range(100)]
        with pytest.raises(BadRecords) as caught:
            decode_page(wire.dumps(wire.page(items)), AccountingRecordPage)
        assert list(range(1, 100, 2)) == [bad.index for bad in caught.value.bad_records]
        assert len(str(caught.value)) < 400

    @pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999999999999999999999"])
    def test_what_is_no_number_is_found_at_its_place(self, number: bytes) -> None:
        """NaN and numbers beyond all bounds are one bad field of one record, which keeps its id."""
        raw = wire.dumps(wire.record(9)).replace(b'"amount":{"amount":1204.50', b'"amount":{"amount":' + number, 1)
        (bad,) = collect(with_record(9, raw)).bad_records
        assert ("accr_9", "$.items[9].amount.amount", "expected a finite number") == (bad.id, bad.path, bad.reason)

    @pytest.mark.parametrize("number", [b"NaN", b"9" * 5000, b"1e999999999999999999999"])
    def test_an_unknown_field_costs_no_record(self, number: bytes) -> None:
        """A number that nobody can hold, in a field that no model knows, is no reason to lose a record."""
        raw = wire.dumps(wire.record(9, odd="ODD", version=Decimal("3.0"))).replace(b'"ODD"', number)
        page = collect(with_record(9, raw))
        assert 100 == len(page.items)
        assert ["$.odd"] == list(unknown_fields(page, 9))
        envelope = collect(PAGE.replace(b'"total_count":100', b'"total_count":100,"odd":' + number))
        assert 100 == len(envelope.items)
        assert ["$.odd"] == list(unknown_fields(envelope))

    @pytest.mark.parametrize("depth", [400, 600, 990, 100_000])
    @pytest.mark.parametrize("memo", [b"plain", rb"\ud83d"])
    def test_deep_nesting_costs_one_record_at_most(self, depth: int, memo: bytes) -> None:
        """A record nested deeper than Python goes is reported; the others arrive."""
        raw = wire.dumps(wire.record(9, memo="MEMO", odd="ODD")).replace(b"MEMO", memo)
        page = collect(with_record(9, raw.replace(b'"ODD"', b"[" * depth + b"]" * depth)))
        assert 100 == len(page.items) + len(page.bad_records)
        assert {9} >= {bad.index for bad in page.bad_records}

    def test_the_text_shows_no_id_that_is_none(self) -> None:
        """What stands for an id appears in the text of the error only if it looks like one."""
        record = wire.record(0, version="x")
        record["id"] = "Ada Quill\nAda Quill"
        with pytest.raises(BadRecords) as caught:
            decode_page(wire.dumps(wire.page([record])), AccountingRecordPage)
        assert "Ada" not in str(caught.value)
        assert "item 0" in str(caught.value)
        assert record["id"] == caught.value.bad_records[0].id

    def test_there_are_two_choices(self) -> None:
        """Another word for on_bad_record is refused, not taken for one of them."""
        with pytest.raises(InvalidInput, match="on_bad_record"):
            decode_page(PAGE, AccountingRecordPage, on_bad_record="colect")  # type: ignore[arg-type]


class TestBrokenText:
    @pytest.mark.parametrize(
        ("memo", "mended"),
        [
            (rb"cut \ud83d", "cut \ufffd"),
            (rb"\ude00 cut", "\ufffd cut"),
            (rb"\ud83d\u0041", "\ufffdA"),
            (b"caf\xc3", "caf\ufffd"),
            (b"\xf0\x9f\x98", "\ufffd"),
            (b"\xed\xa0\xbd", "\ufffd"),
            (rb"whole \ud83d\ude00" + b" \xff", "whole \U0001f600 \ufffd"),
        ],
    )
    def test_is_repaired_and_marked(self, memo: bytes, mended: str) -> None:
        """A memo cut in half costs no record: the broken character becomes U+FFFD, and the record is marked."""
        raw = wire.dumps(wire.record(7, memo="MEMO")).replace(b"MEMO", memo)
        page = collect(with_record(7, raw))
        assert 100 == len(page.items)
        assert mended == page.items[7].memo
        assert frozenset({7}) == page.repaired
        assert raw == page.raw_item(7)
        assert needs_repair(page.raw_item(7))
        assert not needs_repair(page.raw_item(8))

    def test_in_a_field_that_no_model_knows(self) -> None:
        """Broken text in an unknown field is no reason to lose a record either."""
        raw = wire.dumps(wire.record(7, note="NOTE")).replace(b"NOTE", rb"\ud83d")
        page = collect(with_record(7, raw))
        assert 100 == len(page.items)
        assert {"$.note": "\ufffd"} == unknown_fields(page, 7)

    def test_whole_emojis_are_no_repair(self) -> None:
        """A proper surrogate pair is one character, and the record is not marked."""
        raw = wire.dumps(wire.record(7, memo="MEMO", version=Decimal("3.0"))).replace(b"MEMO", rb"\ud83d\ude00")
        page = collect(with_record(7, raw))
        assert "\U0001f600" == page.items[7].memo
        assert frozenset() == page.repaired

    def test_a_byte_order_mark(self) -> None:
        """A byte order mark before the page is passed over."""
        assert 100 == len(collect(b"\xef\xbb\xbf" + PAGE).items)

    def test_in_the_name_of_a_field(self) -> None:
        """A field of the envelope whose name is broken is one that nobody knows."""
        assert 100 == len(collect(PAGE.replace(b'"total_count"', rb'"total\ud83d"')).items)

    def test_in_the_envelope(self) -> None:
        """A cursor with a broken character is read, not fatal."""
        data = PAGE.replace(b'"c2"', rb'"c2\ud83d"')
        assert "c2\ufffd" == collect(data).next_cursor
        assert 100 == len(collect(data).items)

    def test_bad_record_beside_repaired(self) -> None:
        """Indexes of repaired records count the items that are left."""
        items = [wire.dumps(wire.record(i)) for i in range(4)]
        items[1] = wire.dumps(wire.record(1, version="x"))
        items[2] = items[2].replace(b"Toner for", rb"\ud83d for")
        page = collect(b'{"items":[' + b",".join(items) + b'],"has_next_page":false}')
        assert ["accr_0", "accr_2", "accr_3"] == [item.id for item in page.items]
        assert frozenset({1}) == page.repaired
        assert [items[0], items[2], items[3]] == [page.raw_item(i) for i in range(3)]

    def test_bare_control_characters(self) -> None:
        """A tab or newline that a server forgot to escape is kept."""
        raw = wire.dumps(wire.record(7, memo="MEMO")).replace(b"MEMO", b"two\nlines\t!")
        assert "two\nlines\t!" == collect(with_record(7, raw)).items[7].memo


class TestPagesThatAreNone:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"null",
            b"[]",
            b"7",
            b'"text"',
            b"{}",
            b"<html><body>Bad gateway</body></html>",
            PAGE[:-1],
            PAGE[: len(PAGE) // 2],
            PAGE + b"}",
            PAGE + PAGE,
            b'{"items":null,"has_next_page":true}',
            b'{"items":{},"has_next_page":true}',
            b'{"items":[],"has_next_page":null}',
            b'{"items":[]}',
            b'{"items":[],"has_next_page":"yes"}',
            b'{"items":[],,"has_next_page":true}',
            b'{"items":[1,],"has_next_page":true}',
            b'{"items":[],"has_next_page":true,}',
            b'{1:2,"items":[],"has_next_page":true}',
            b'{"items":[],"has_next_page":true,"next_cursor":5}',
            b'{"items":[],"has_next_page":true,"total_count":NaN}',
            b"\xff\xfe{\x00}\x00",
            b"[" * 100_000,
            b'{"items":' + b"[" * 100_000,
        ],
    )
    @pytest.mark.parametrize("on_bad_record", ["raise", "collect"])
    def test_raise_a_typed_error_with_the_bytes(self, data: bytes, on_bad_record: Any) -> None:
        """What is no page raises Undecodable with the bytes, whether the caller collects or not."""
        with pytest.raises(Undecodable) as caught:
            decode_page(data, AccountingRecordPage, on_bad_record=on_bad_record)
        assert data == caught.value.content
        assert not isinstance(caught.value, BadRecords)

    @given(end=st.integers(0, len(PAGE) - 1))
    def test_every_cut(self, end: int) -> None:
        """A body cut anywhere is an error, never a shorter page."""
        with pytest.raises(Undecodable):
            collect(PAGE[:end])

    @given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_fuzz(self, data: bytes) -> None:
        """No bytes at all raise anything but our own errors."""
        with contextlib.suppress(ClientError):
            collect(data)

    @given(at=st.integers(0, len(PAGE) - 1), byte=st.integers(0, 255))
    def test_one_byte_flipped(self, at: int, byte: int) -> None:
        """One wrong byte anywhere gives an error, one bad record, or a page of a hundred records."""
        data = PAGE[:at] + bytes([byte]) + PAGE[at + 1 :]
        try:
            page = collect(data)
        except ClientError:
            return
        assert 100 == len(page.items) + len(page.bad_records)

    def test_empty(self) -> None:
        """An empty page with a cursor is a page."""
        page = collect(b'{"items":[],"next_cursor":"c","has_next_page":true,"total_count":3.0}')
        assert [] == page.items
        assert ("c", True, 3) == (page.next_cursor, page.has_next_page, page.total_count)


class TestRaw:
    def test_raw(self) -> None:
        """A page keeps its bytes, and gives those of each record as they came."""
        assert PAGE == GOOD.raw
        assert [wire.dumps(record) for record in HUNDRED] == [GOOD.raw_item(i) for i in range(100)]

    def test_white_space_and_order_stay(self) -> None:
        """The bytes of a record are its own, with its white space and its order of fields."""
        record = json.dumps(wire.loads(wire.dumps(HUNDRED[0])), indent=2, default=float).encode()
        page = collect(b'{"has_next_page": false, "items" : [ ' + record + b" ] }")
        assert record == page.raw_item(0)

    def test_no_such_item(self) -> None:
        """An index beyond the items is an IndexError, as on any list."""
        with pytest.raises(IndexError):
            GOOD.raw_item(100)

    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda page: pickle.loads(pickle.dumps(page))])
    def test_copies_are_whole(self, again: Any) -> None:
        """A copied or pickled page keeps its bytes, and what it says of records that are missing."""
        data = with_record(3, wire.record(3, version="x")).replace(b"Toner for", rb"\ud83d for", 1)
        page = collect(data)
        back = again(page)
        assert (page, page.raw, page.bad_records) == (back, back.raw, back.bad_records)
        assert frozenset({0}) == page.repaired == back.repaired
        assert page.raw_item(98) == back.raw_item(98)

    def test_a_page_made_by_hand(self) -> None:
        """A page that was not read from bytes has none."""
        page = AccountingRecordPage(items=[], has_next_page=False)
        assert (b"", (), frozenset()) == (page.raw, page.bad_records, page.repaired)
        with pytest.raises(IndexError):
            page.raw_item(0)

    def test_raw_is_no_part_of_equality(self) -> None:
        """Two pages with the same records are equal, whatever their bytes looked like."""
        assert GOOD == collect(encode(GOOD))

    def test_a_model_has_no_dict(self) -> None:
        """Models and pages are slotted and frozen."""
        for model in (GOOD, GOOD.items[0], GOOD.items[0].amount):
            assert not hasattr(model, "__dict__")
            with pytest.raises(AttributeError):
                model.id = "x"  # type: ignore[attr-defined]


class TestUnknownFields:
    def test_of_a_record(self) -> None:
        """Unknown fields are found at any depth of a record, numbers exact."""
        record = wire.record(0, tax={"rate": 7}, user={**HUNDRED[0]["user"], "badge": None})
        record["line_items"][1]["tags"] = ["a"]
        page = collect(wire.dumps(wire.page([record])))
        assert {"$.tax": {"rate": 7}, "$.user.badge": None, "$.line_items[1].tags": ["a"]} == unknown_fields(page, 0)

    def test_of_the_envelope(self) -> None:
        """Unknown fields of the page itself are found without those of its records."""
        page = collect(wire.dumps(wire.page([wire.record(0, tax=1)], request_id="r1")))
        assert {"$.request_id": "r1"} == unknown_fields(page)

    def test_none(self) -> None:
        """A page of known fields has no unknown ones."""
        assert {} == unknown_fields(GOOD, 99)
        assert {} == unknown_fields(GOOD)

    def test_of_any_body(self) -> None:
        """The same works on a body that is no page."""
        data = wire.dumps([wire.record(0, tax=1)])
        assert {"$[0].tax": 1} == unknown_fields_of(data, list[AccountingRecord])

    def test_they_break_nothing(self) -> None:
        """A page whose every record has a new field is read in full, on the fast path."""
        page = collect(wire.dumps(wire.page([wire.record(i, tax={"a": [1, {}]}) for i in range(3)])))
        assert GOOD.items[:3] == page.items


class TestOtherPages:
    def test_expenses(self) -> None:
        """Expense pages share the machinery: nested line items, and what one bad one costs."""
        expense = {"id": "e1", "updated_at": "2025-01-01T00:00:00Z", "dashboard_url": "https://x.example"}
        nested = {**expense, "expense_line_items": [{**expense, "id": "e1a", "original_amount": {"amount": 700}}]}
        bad = {**nested, "id": "e2", "expense_line_items": [{**expense, "original_amount": {"amount": 7.5}}]}
        page = decode_page(wire.dumps({"items": [nested, bad]}), ExpensePage, on_bad_record="collect")
        assert 700 == page.items[0].expense_line_items[0].original_amount.amount
        assert "$.items[1].expense_line_items[0].original_amount.amount" == page.bad_records[0].path
