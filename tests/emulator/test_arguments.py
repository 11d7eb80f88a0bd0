"""The parameters of a request: every type of them, and whatever else somebody may send."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting.emulator.answers import Refusal
from brex_accounting.emulator.arguments import Pairs, read_arguments, read_instant
from brex_accounting.emulator.published import Parameter, PublishedOperation, operations
from tests import strategies

OPERATIONS = operations()
RECORDS, EXPENSES = OPERATIONS["queryAccountingRecords"], OPERATIONS["listExpenses"]
SUBSCRIBE = OPERATIONS["createSubscription"]
LONGEST_REFUSAL = 500
"""What a refusal may say, whatever was sent; in characters."""


def query(operation: PublishedOperation, *pairs: tuple[str, str]) -> dict[str, Any]:
    """What an operation reads in a query, without what it leaves out."""
    return given_only(read_arguments(operation, {}, pairs, ()))


def given_only(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None and value != {}}


def listed() -> list[str]:
    """The values of review_status, as the document lists them."""
    values: list[str] = strategies.document("accounting_api")["components"]["schemas"]["ReviewStatus"]["enum"]
    return values


def refused(
    operation: PublishedOperation, *pairs: tuple[str, str], path: dict[str, str] | None = None, headers: Pairs = ()
) -> str:
    """The text of the 400 that these pairs are refused with; in an answer it is JSON and not long."""
    with pytest.raises(Refusal) as caught:
        read_arguments(operation, path or {}, pairs, headers)
    assert (400, "INVALID_REQUEST") == (caught.value.status, caught.value.code)
    for dialect in ("accounting", "classic"):
        answer = caught.value.answer(dialect)
        assert caught.value.text == json.loads(answer.body)["message"]
    assert len(caught.value.text) <= LONGEST_REFUSAL
    return caught.value.text


def of_type(kind: str) -> list[tuple[PublishedOperation, Parameter]]:
    found = [
        (operation, parameter)
        for operation in OPERATIONS.values()
        for parameter in operation.parameters
        if parameter.place == "query" and parameter.schema["type"] == kind
    ]
    assert found
    return found


def each(found: Iterable[tuple[PublishedOperation, Parameter]]) -> pytest.MarkDecorator:
    cases = list(found)
    ids = [f"{operation.id}.{parameter.name}" for operation, parameter in cases]
    return pytest.mark.parametrize(("operation", "parameter"), cases, ids=ids)


class TestBooleans:
    @each(of_type("boolean"))
    def test_true_and_false(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """``true`` and ``false`` are read."""
        for text, value in (("true", True), ("false", False)):
            arguments = read_arguments(operation, {"record_id": "r", "id": "e"}, [(parameter.name, text)], ())
            assert arguments[parameter.name] is value

    @each(of_type("boolean"))
    @pytest.mark.parametrize("text", ["", "True", "TRUE", "1", "0", "yes", "null", " true", "true\n", "ｔｒｕｅ"])
    def test_anything_else(self, operation: PublishedOperation, parameter: Parameter, text: str) -> None:
        """Nothing else is taken for either."""
        complaint = refused(operation, (parameter.name, text), path={"record_id": "r", "id": "e"})
        assert f"{parameter.name} is neither true nor false" == complaint


class TestIntegers:
    @each(of_type("integer"))
    @pytest.mark.parametrize(
        ("text", "value"),
        [("0", 0), ("-0", 0), ("100", 100), ("-5", -5), ("2147483647", 2**31 - 1), ("-2147483648", -(2**31))],
    )
    def test_whole_numbers(self, operation: PublishedOperation, parameter: Parameter, text: str, value: int) -> None:
        """Whole numbers of 32 bits are read, the outermost included."""
        found = query(operation, (parameter.name, text))
        assert ({parameter.name: value}, int) == (found, type(found[parameter.name]))

    @each(of_type("integer"))
    @pytest.mark.parametrize(
        "text",
        ["", "-", "1.0", "1e2", "01", "+1", " 1", "1 ", "1\n", "0x1", "1_0", "２", "٣", "²", "NaN", "null",
         "2147483648", "-2147483649", "9" * 12, "-" + "9" * 11, "9" * 10_000],
    )  # fmt: skip
    def test_anything_else(self, operation: PublishedOperation, parameter: Parameter, text: str) -> None:
        """Nothing else is taken for one, however long it is."""
        assert f"{parameter.name} is not a whole number of 32 bits" == refused(operation, (parameter.name, text))


class TestNumbers:
    @each(of_type("number"))
    @pytest.mark.parametrize(
        ("text", "value"),
        [("0", 0.0), ("-0", 0.0), ("1.0", 1.0), ("1e2", 100.0), ("1E+2", 100.0),
         ("-2.5e-1", -0.25), ("1e999", math.inf), ("-1e999", -math.inf), ("1e-999", 0.0), ("9" * 5000, math.inf),
         ("0." + "3" * 5000, 1 / 3)],
    )  # fmt: skip
    def test_numbers(self, operation: PublishedOperation, parameter: Parameter, text: str, value: float) -> None:
        """Whatever JSON takes for a number is one, however large; what to do with it is for others to say."""
        assert {parameter.name: value} == query(operation, (parameter.name, text))

    @each(of_type("number"))
    @pytest.mark.parametrize(
        "text", ["", "-", ".5", "1.", "01", "+1", "1e", "1e1.5", " 1", "1\n", "0x1", "1_0", "１", "nan", "NaN", "inf",
                 "-Infinity", "1,5", "null"],
    )  # fmt: skip
    def test_anything_else(self, operation: PublishedOperation, parameter: Parameter, text: str) -> None:
        """What JSON does not take for a number is none, whatever Python takes it for."""
        assert f"{parameter.name} is not a number" == refused(operation, (parameter.name, text))


class TestStrings:
    @given(strategies.text())
    @example("")
    @example("null")
    @example("\x00")
    def test_as_they_are(self, value: str) -> None:
        """Text is passed on as it came, the empty one too."""
        assert {"cursor": value} == query(RECORDS, ("cursor", value))

    @pytest.mark.parametrize("status", ["READY_FOR_EXPORT", "PREPARE", "REVIEW", "EXPORTED"])
    def test_enums(self, status: str) -> None:
        """The values that the document lists are read."""
        assert {"review_status": status} == query(RECORDS, ("review_status", status))

    @pytest.mark.parametrize("status", ["", "prepare", "PREPARE ", "NEW_STATUS", "PREPARE,REVIEW", "X" * 10_000])
    def test_other_values(self, status: str) -> None:
        """Others are refused, and the refusal names those that there are."""
        assert f"review_status is not one of {', '.join(listed())}" == refused(RECORDS, ("review_status", status))

    def test_there_are_some(self) -> None:
        """Those that there are include the four stages of a record."""
        assert {"READY_FOR_EXPORT", "PREPARE", "REVIEW", "EXPORTED"} <= set(listed())


class TestArrays:
    @each(of_type("array"))
    def test_each_time_is_an_item(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """A name that repeats makes a list in the order of the query, what is there twice twice."""
        values = (parameter.schema["items"].get("enum") or ["b", "a,c", ""])[:3]
        values = [*values, values[0]]
        pairs = [pair for value in values for pair in ((parameter.name, value), ("other", "x"))]
        found = read_arguments(operation, {"id": "e"}, pairs, ())
        assert values == found[parameter.name]

    @each(of_type("array"))
    def test_none_at_all(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """A list that is not given is None, not empty."""
        assert read_arguments(operation, {"id": "e"}, (), ())[parameter.name] is None

    def test_one_wrong_item(self) -> None:
        """One item that the document does not list refuses the request."""
        complaint = refused(EXPENSES, ("status[]", "APPROVED"), ("status[]", "approved"))
        assert complaint.startswith("status[] is not one of DRAFT, SUBMITTED, ")

    @each(of_type("array"))
    def test_near_misses(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """A name with brackets too many, too few or filled is refused: without its filter a page is of everything."""
        stem = parameter.name.removesuffix("[]")
        for name in {stem, f"{stem}[]", f"{stem}[0]", f"{stem}[", f"{stem}[][]", stem + "[" + "x" * 10_000} - {
            parameter.name
        }:
            complaint = refused(operation, (name, "x"), path={"id": "e"})
            assert complaint.endswith(f"is no parameter; {parameter.name} is")

    def test_other_names(self) -> None:
        """A name that only begins or ends alike is one that nobody knows, and passed over."""
        assert {} == query(EXPENSES, ("STATUS[]", "?"), ("statuses", "?"), ("x[status]", "?"), ("[status]", "?"))


class TestDeepObjects:
    def test_each_bound(self) -> None:
        """Each member is read under its own name."""
        pairs = [(f"updated_at[{key}]", f"2025-01-0{day}") for day, key in enumerate(("gt", "gte", "lt", "lte"), 1)]
        expected = {"gt": "2025-01-01", "gte": "2025-01-02", "lt": "2025-01-03", "lte": "2025-01-04"}
        assert {"updated_at": expected} == query(RECORDS, *pairs)

    def test_none(self) -> None:
        """Without any, the object is empty."""
        assert {} == read_arguments(RECORDS, {}, (), ())["updated_at"]

    @pytest.mark.parametrize(
        "name",
        ["updated_at", "updated_at[", "updated_at[]", "updated_at[eq]", "updated_at[gt", "updated_at[gte",
         "updated_at[gtX", "updated_at[gt]]", "updated_at[gt]x", "updated_at[gt][gt]", "updated_at[ gt]",
         "updated_at[GT]", "updated_at[" + "x" * 10_000, "updated_at[\ud800]"],
    )  # fmt: skip
    def test_no_bound(self, name: str) -> None:
        """A bound that is not written just so is refused rather than passed over or taken for another."""
        expected = (
            "updated_at is given otherwise than as updated_at[gt], updated_at[gte], updated_at[lt], updated_at[lte]"
        )
        assert expected == refused(RECORDS, (name, "2025-01-01"))

    @pytest.mark.parametrize("name", ["updated_at]", "updated_at.gt", "updated_atgt]", "xupdated_at[gt]", "[gt]"])
    def test_other_names(self, name: str) -> None:
        """What only looks like it is an unknown name, and passed over."""
        assert {} == query(RECORDS, (name, "2025-01-01"))

    def test_twice(self) -> None:
        """A bound that is given twice is refused, the same value or not."""
        for second in ("2025-01-01", "2025-01-02"):
            complaint = refused(RECORDS, ("updated_at[gt]", "2025-01-01"), ("updated_at[gt]", second))
            assert "updated_at[gt] is given twice" == complaint


class TestRepetitions:
    SINGLE = tuple(
        (operation, parameter)
        for operation in OPERATIONS.values()
        for parameter in operation.parameters
        if parameter.place == "query" and parameter.schema["type"] not in ("array", "object")
    )

    @each(SINGLE)
    def test_of_what_is_single(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """A name that stands for one value is refused if it comes again, whatever the values are."""
        path = {"record_id": "r", "id": "e"}
        assert f"{parameter.name} is given 3 times" == refused(operation, *[(parameter.name, "true")] * 3, path=path)

    @each(SINGLE)
    def test_of_none(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """A name that does not come is None."""
        assert read_arguments(operation, {"record_id": "r", "id": "e"}, (), ())[parameter.name] is None


class TestNearMisses:
    @pytest.mark.parametrize(
        "name", ["limit[]", "limit[0]", "limit[", "cursor[]", "review_status[eq]", "source_type[]"]
    )
    def test_of_what_is_single(self, name: str) -> None:
        """Brackets at a name that has none are refused, with the name that was meant."""
        complaint = refused(RECORDS, (name, "1"))
        assert complaint == f"{name} is no parameter; {name.partition('[')[0]} is"

    def test_beside_the_right_name(self) -> None:
        """So they are where the right name is given as well."""
        assert "ids[] is no parameter; ids is" == refused(RECORDS, ("ids", "a"), ("ids[]", "b"))

    def test_of_other_operations(self) -> None:
        """A name that another operation has is unknown here, however it is written."""
        assert {} == query(RECORDS, ("status[]", "APPROVED"), ("expand", "merchant"))


class TestPlaces:
    def test_path(self) -> None:
        """A parameter of the path is read as text, whatever it is made of."""
        assert {"record_id": "a b/ü"} == given_only(
            read_arguments(OPERATIONS["getAccountingRecord"], {"record_id": "a b/ü"}, (), ())
        )

    def test_the_query_is_no_path(self) -> None:
        """A query cannot set what belongs in the path."""
        arguments = read_arguments(OPERATIONS["getExpense"], {"id": "mine"}, [("id", "other")], ())
        assert "mine" == arguments["id"]

    def test_header(self) -> None:
        """A header is found under its name in lower case."""
        arguments = read_arguments(SUBSCRIBE, {}, (), [("accept", "*/*"), ("idempotency-key", "k-1")])
        assert {"Idempotency-Key": "k-1"} == arguments

    def test_header_that_is_missing(self) -> None:
        """A header that the document requires is asked for; one in the query does not count."""
        assert "Idempotency-Key is missing" == refused(SUBSCRIBE, ("Idempotency-Key", "k-1"))

    def test_header_that_comes_twice(self) -> None:
        """Two headers of one name are refused."""
        headers = [("idempotency-key", "k-1"), ("idempotency-key", "k-1")]
        assert "Idempotency-Key is given 2 times" == refused(SUBSCRIBE, headers=headers)

    def test_names_that_nobody_knows(self) -> None:
        """Unknown names are passed over."""
        assert {"limit": 5.0} == query(RECORDS, ("utm_source", "x"), ("", ""), ("Limit", "7"), ("limit", "5"))


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DATES = {
    "2025-01-02": datetime(2025, 1, 2),
    "2024-02-29": datetime(2024, 2, 29),
    "0001-01-01": datetime(1, 1, 1),
    "9999-12-31": datetime(9999, 12, 31),
    "2025-01-02T03:04:05Z": datetime(2025, 1, 2, 3, 4, 5),
    "2025-01-02T03:04:05": datetime(2025, 1, 2, 3, 4, 5),
    "2025-01-02t03:04:05z": datetime(2025, 1, 2, 3, 4, 5),
    "2025-01-02 03:04:05": datetime(2025, 1, 2, 3, 4, 5),
    "2025-01-02T03:04:05.1Z": datetime(2025, 1, 2, 3, 4, 5, 100000),
    "2025-01-02T03:04:05.123456Z": datetime(2025, 1, 2, 3, 4, 5, 123456),
    "2025-01-02T03:04:05.123456789Z": datetime(2025, 1, 2, 3, 4, 5, 123456),
    "2025-01-02T03:04:05.999999999": datetime(2025, 1, 2, 3, 4, 5, 999999),
    "2025-01-02T03:04:05+05:30": datetime(2025, 1, 1, 21, 34, 5),
    "2025-01-02T03:04:05-05:00": datetime(2025, 1, 2, 8, 4, 5),
    "2025-01-02T03:04:05-00:00": datetime(2025, 1, 2, 3, 4, 5),
    "2025-01-02T03:04:05+23:59": datetime(2025, 1, 1, 3, 5, 5),
}
NO_DATES = (
    "", "today", "null", "2025", "2025-01", "20250102", "2025-1-2", "25-01-02", "2025-01-02T", "2025-01-02Z",
    "2025-02-30", "2025-02-29", "2025-00-01", "2025-13-01", "2025-01-32", "0000-01-01", "10000-01-01", "-2025-01-02",
    "2025-W01-1", "2025-002", "2025-01-02T24:00:00Z", "2025-01-02T25:00:00Z", "2025-01-02T23:60:00Z",
    "2025-06-30T23:59:60Z", "2025-01-02T03:04Z", "2025-01-02T03Z", "2025-01-02T030405Z", "2025-01-02T03:04:05.Z",
    "2025-01-02T03:04:05,5Z", "2025-01-02T03:04:05+24:00", "2025-01-02T03:04:05+05:99", "2025-01-02T03:04:05+05:60",
    "2025-01-02T03:04:05+0530", "2025-01-02T03:04:05+05", "2025-01-02T03:04:05 05:30", "2025-01-02T03:04:05ZZ",
    "2025-01-02T03:04:05 Z", " 2025-01-02", "2025-01-02 ", "2025-01-02\n", "2025-01-02T03:04:05Z\n",
    "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "٢٠٢٥-٠١-٠٢", "２０２５-01-02", "2025-01-02T03:04:05.１Z",
    "1735786800", "2025-01-02T03:04:05." + "1" * 10_000 + "x",
)  # fmt: skip


class TestInstants:
    @pytest.mark.parametrize(("text", "expected"), DATES.items())
    def test_dates_and_times(self, text: str, expected: datetime) -> None:
        """ISO 8601 dates and date-times are read; without a zone they are UTC, and below microseconds they are cut."""
        found = read_instant("at", text)
        assert expected.replace(tzinfo=timezone.utc) == found
        assert timezone.utc == found.tzinfo

    @pytest.mark.parametrize("text", NO_DATES, ids=lambda text: text[:30])
    def test_anything_else(self, text: str) -> None:
        """What is no date, or none that the calendar knows, is refused with 400 and nothing else."""
        with pytest.raises(Refusal, match=r"^400 INVALID_REQUEST: at is not an ISO 8601 date or date-time$"):
            read_instant("at", text)

    @given(
        st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),
        st.integers(-23 * 60 - 59, 23 * 60 + 59),
        st.sampled_from("Tt "),
    )
    def test_every_moment(self, moment: datetime, offset: int, separator: str) -> None:
        """Any instant, written with any offset, is read back to the microsecond."""
        zone = timezone(timedelta(minutes=offset))
        aware = moment.replace(tzinfo=zone)
        assert aware == read_instant("at", aware.isoformat(separator))

    @given(strategies.timestamps())
    def test_as_servers_write_them(self, text: str) -> None:
        """What the client's own tests take for a date-time is one to the emulator."""
        assert (read_instant("at", text) - EPOCH) >= timedelta(0)

    @given(st.from_regex(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?)?", fullmatch=True))
    def test_whatever_looks_like_it(self, text: str) -> None:
        """Text of the right form is an instant or refused, never another error."""
        with contextlib.suppress(Refusal):
            assert timezone.utc == read_instant("at", text).tzinfo

    @each((operation, parameter) for operation, parameter in of_type("string") if "format" in parameter.schema)
    def test_as_parameters(self, operation: PublishedOperation, parameter: Parameter) -> None:
        """Parameters of that format arrive as instants."""
        at = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        assert {parameter.name: at} == query(operation, (parameter.name, "2025-01-02T05:04:05+02:00"))
        assert f"{parameter.name} is not an ISO 8601 date or date-time" == refused(operation, (parameter.name, ""))


NAMES = sorted({parameter.name for operation in OPERATIONS.values() for parameter in operation.parameters})
ODD_NAMES = st.sampled_from([*NAMES, *(f"updated_at[{key}]" for key in ("gt", "gte", "lt", "lte", "x", ""))])
ODD_VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["true", "false", "", "null", "-0", "1.0", "1e999", "100", "CARD", "APPROVED", "2025-01-01", "\ud800"]
    ),
    st.from_regex(r"-?\d{1,12}(\.\d{1,3})?([eE]-?\d{1,4})?", fullmatch=True),
)
ODD_PAIRS = st.lists(st.tuples(ODD_NAMES | st.text(max_size=15), ODD_VALUES), max_size=6)
TYPES = {"boolean": bool, "integer": int, "number": float, "array": list, "object": dict}


class TestWhateverIsSent:
    @given(st.sampled_from(sorted(OPERATIONS)), ODD_PAIRS, ODD_PAIRS)
    def test_values_or_a_refusal(self, name: str, pairs: Pairs, headers: Pairs) -> None:
        """Whatever is sent is read as what the document says or refused with 400, in a text of bounded length."""
        operation = OPERATIONS[name]
        path = {parameter.name: "x" for parameter in operation.parameters if parameter.place == "path"}
        try:
            arguments = read_arguments(operation, path, pairs, headers)
        except Refusal:
            refused(operation, *pairs, path=path, headers=headers)
            return
        assert [parameter.name for parameter in operation.parameters] == list(arguments)
        for parameter in operation.parameters:
            value = arguments[parameter.name]
            if value is None:
                assert not parameter.required
                continue
            text = datetime if "format" in parameter.schema and parameter.schema["type"] == "string" else str
            assert type(value) is TYPES.get(parameter.schema["type"], text)
            if "enum" in parameter.schema:
                assert value in parameter.schema["enum"]

    @given(st.sampled_from(sorted(OPERATIONS)), st.data())
    def test_good_values_are_taken(self, name: str, data: st.DataObject) -> None:
        """Values of the right type, written as JSON would, are always read as just those values."""
        operation = OPERATIONS[name]
        pairs: list[tuple[str, str]] = []
        headers: list[tuple[str, str]] = []
        path: dict[str, str] = {}
        expected: dict[str, Any] = {}
        for parameter in operation.parameters:
            if not parameter.required and data.draw(st.booleans()):
                expected[parameter.name] = {} if parameter.schema["type"] == "object" else None
                continue
            value, texts = data.draw(written(parameter))
            expected[parameter.name] = value
            match parameter.place:
                case "path":
                    path[parameter.name] = texts[0][1]
                case "header":
                    headers += [(key.lower(), text) for key, text in texts]
                case _:
                    pairs += texts
        assert expected == read_arguments(operation, path, pairs, headers)


@st.composite
def written(draw: st.DrawFn, parameter: Parameter) -> tuple[Any, list[tuple[str, str]]]:
    """A value of a parameter, and the pairs that say it."""
    name, schema = parameter.name, parameter.schema
    match schema["type"]:
        case "boolean":
            flag = draw(st.booleans())
            return flag, [(name, json.dumps(flag))]
        case "integer":
            whole = draw(st.integers(-(2**31), 2**31 - 1))
            return whole, [(name, str(whole))]
        case "number":
            number = draw(st.floats(allow_nan=False, allow_infinity=False))
            return number, [(name, json.dumps(number))]
        case "array":
            items = draw(st.lists(strings(schema["items"]), min_size=1, max_size=4))
            return items, [(name, item) for item in items]
        case "object":
            members = draw(
                st.dictionaries(st.sampled_from(sorted(schema["properties"])), strategies.text(), min_size=1)
            )
            return members, [(f"{name}[{key}]", value) for key, value in members.items()]
        case _ if "format" in schema:
            moment = draw(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(timezone.utc)))
            return moment, [(name, moment.isoformat())]
        case _:
            text = draw(strings(schema))
            return text, [(name, text)]


def strings(schema: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(schema["enum"]) if "enum" in schema else strategies.text()


def test_the_documents_have_every_type() -> None:
    """These tests meet each type of parameter that there is."""
    found = {parameter.schema["type"] for operation in OPERATIONS.values() for parameter in operation.parameters}
    assert {"array", "boolean", "integer", "number", "object", "string"} == found
    assert {"date-time", "int32", None} == {
        parameter.schema.get("format") for operation in OPERATIONS.values() for parameter in operation.parameters
    }
    assert [(RECORDS, "updated_at")] == [(operation, parameter.name) for operation, parameter in of_type("object")]
