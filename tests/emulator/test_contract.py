"""What the published documents promise: kept by whatever fits them, broken by the first thing that does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brex_accounting.emulator.answers import Refusal, invalid, missing
from brex_accounting.emulator.contract import ContractBroken, check_answer, check_item, read_body
from brex_accounting.emulator.published import PublishedOperation, operations
from tests import strategies

OPERATIONS = operations()
LONGEST_REFUSAL = 500

Path = tuple[str | int, ...]

# ---- a plain reading of the documents, to hold the emulator's against ----------------------------------------------

KEYWORDS = {"$ref", "allOf", "enum", "format", "items", "minItems", "nullable", "oneOf", "properties", "required"}
KEYWORDS |= {"type"}
NOTES = {"default", "description", "example", "title"}


def fits(name: str, schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a JSON value fits a schema of a published document, keyword by keyword."""
    if value is None and schema.get("nullable"):
        return True
    if "$ref" in schema:
        return fits(name, named(name, schema["$ref"]), value)
    if "oneOf" in schema:
        return 1 == sum(fits(name, part, value) for part in schema["oneOf"])
    return (
        all(fits(name, part, value) for part in schema.get("allOf", ()))
        and is_a(schema.get("type"), value)
        and ("enum" not in schema or value in schema["enum"])
        and (schema.get("format") != "date-time" or is_date_time(value))
        and (not isinstance(value, dict) or members_fit(name, schema, value))
        and (not isinstance(value, list) or items_fit(name, schema, value))
    )


def is_a(kind: str | None, value: Any) -> bool:
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float), "integer": int}
    return kind is None or (isinstance(value, types[kind]) and (kind == "boolean" or not isinstance(value, bool)))


def members_fit(name: str, schema: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    properties = schema.get("properties", {})
    return set(schema.get("required", ())) <= value.keys() and all(
        fits(name, properties[member], inner) for member, inner in value.items() if member in properties
    )


def items_fit(name: str, schema: Mapping[str, Any], value: list[Any]) -> bool:
    return len(value) >= schema.get("minItems", 0) and all(fits(name, schema.get("items", {}), item) for item in value)


def is_date_time(value: str) -> bool:
    form = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})"
    if not re.fullmatch(form, value, re.ASCII):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", value.upper()))
    except ValueError:
        return False
    return True


def named(name: str, reference: str) -> dict[str, Any]:
    return strategies.document(name)["components"]["schemas"][reference.rpartition("/")[2]]


# ---- instances ------------------------------------------------------------------------------------------------------


def closed(name: str, schema: Mapping[str, Any], value: Any) -> Any:
    """An instance of ``strategies.instances`` without what those add: new enum values and bare dates."""
    if value is None:
        return None
    if "$ref" in schema:
        return closed(name, named(name, schema["$ref"]), value)
    if "allOf" in schema:
        return closed(name, schema["allOf"][0], value)
    if "oneOf" in schema:
        part = next(part for part in schema["oneOf"] if set(named(name, part["$ref"])["required"]) <= value.keys())
        return closed(name, part, value)
    if "enum" in schema:
        return value if value in schema["enum"] else schema["enum"][len(value) % len(schema["enum"])]
    if schema.get("format") == "date-time":
        return value + "T12:00:00Z" if len(value) == len("2025-01-01") else value
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {key: closed(name, properties.get(key, {}), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [closed(name, schema.get("items", {}), item) for item in value]
    return value


def instances(name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Instances that the document allows."""
    if "$ref" in schema:
        found = strategies.instances(name, schema["$ref"].rpartition("/")[2])
        return found.map(lambda value: closed(name, schema, value))
    assert "array" == schema["type"]
    return st.lists(instances(name, schema["items"]), max_size=3)


ENCODER = msgspec.json.Encoder(decimal_format="number")


def encoded(value: Any) -> bytes:
    return ENCODER.encode(value)


STRANGE = (None, "", "x", 0, 1.5, True, [], {}, [None], "2025-01-01", "2025-02-30T00:00:00Z", -1)
GONE = object()


def example(name: str, schema: Mapping[str, Any], *, whole: bool, depth: int = 0) -> Any:
    """An instance with every member filled, or with those only that it cannot do without.

    Two levels are filled: what is deeper has a schema, and tests, of its own.
    """
    whole = whole and depth < 2
    if "$ref" in schema:
        return example(name, named(name, schema["$ref"]), whole=whole, depth=depth)
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ())):
        return example(name, part, whole=whole, depth=depth)
    if "enum" in schema:
        return schema["enum"][-1]
    if schema.get("format") == "date-time":
        return "2026-11-20T09:30:00.25+01:00"
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {}) if whole else schema.get("required", ())
            return {
                member: example(name, schema["properties"][member], whole=whole, depth=depth + 1) for member in members
            }
        case "array":
            length = max(schema.get("minItems", 0), 2 if whole else 0)
            return [example(name, schema["items"], whole=whole, depth=depth) for _ in range(length)]
        case kind:
            return {"string": "Zoë", "boolean": False, "number": 12345678901234.56, "integer": 7, None: {}}[kind]


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value; of the items of a list only the first is looked into."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:1]):
            yield from places(inner, (*at, index))


def with_other(value: Any, path: Path, other: Any) -> Any:
    """A value with something else in one place, or nothing."""
    if not path:
        return {} if other is GONE else other
    changed = value.copy()
    if len(path) > 1 or other is not GONE:
        changed[path[0]] = with_other(value[path[0]], path[1:], other)
    else:
        del changed[path[0]]
    return changed


def every_change(value: Any) -> Iterator[Any]:
    """The value with each strange one in each of its places, and with each place missing."""
    for path in places(value):
        for other in (*STRANGE, GONE):
            yield with_other(value, path, other)


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """A value with one place changed."""
    path = draw(st.sampled_from(list(places(value))))
    return with_other(value, path, draw(st.sampled_from([*STRANGE, GONE])))


def breaks(schema: str, text: bytes) -> bool:
    name, _, schema_name = schema.partition(".")
    try:
        check_item(name, schema_name, text)
    except ContractBroken:
        return True
    return False


SCHEMAS = {
    f"{name}.{schema_name}": schema
    for name in strategies.DOCUMENTS
    for schema_name, schema in strategies.document(name)["components"]["schemas"].items()
}
EACH_SCHEMA = pytest.mark.parametrize("schema", SCHEMAS)
ANSWERS = [
    (operation, status, schema)
    for operation in OPERATIONS.values()
    for status, schema in operation.answers.items()
    if schema is not None
]
EACH_ANSWER = pytest.mark.parametrize(
    ("operation", "status", "schema"), ANSWERS, ids=[f"{operation.id}-{status}" for operation, status, _ in ANSWERS]
)
WITH_BODY = [operation for operation in OPERATIONS.values() if operation.body is not None]
EACH_BODY = pytest.mark.parametrize("operation", WITH_BODY, ids=[operation.id for operation in WITH_BODY])


def any_schema() -> st.SearchStrategy[tuple[str, Any]]:
    """A schema, and an instance that its document allows."""
    return st.sampled_from(sorted(SCHEMAS)).flatmap(
        lambda schema: st.tuples(st.just(schema), instances(schema.partition(".")[0], reference(schema)))
    )


def reference(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema.partition('.')[2]}"}


def test_the_documents_say_no_more_than_these_tests_read() -> None:
    """Every keyword that a schema of the documents uses is one of those that the plain reading above knows."""
    found: set[str] = set()
    pending: list[Any] = list(SCHEMAS.values())
    while pending:
        schema = pending.pop()
        found |= schema.keys()
        pending += schema.get("properties", {}).values()
        pending += [
            *schema.get("allOf", ()),
            *schema.get("oneOf", ()),
            *([schema["items"]] if "items" in schema else ()),
        ]
        assert "nullable" not in schema.get("properties", {})
        assert len(schema.get("allOf", [{}])) == 1
    assert found - NOTES == KEYWORDS


class TestItems:
    @EACH_SCHEMA
    def test_what_fits(self, schema: str) -> None:
        """An instance passes with all that the document lists, with what it requires only, and with every null."""
        name = schema.partition(".")[0]
        whole, bare = (example(name, SCHEMAS[schema], whole=whole) for whole in (True, False))
        assert not breaks(schema, encoded(whole))
        assert not breaks(schema, encoded(bare))
        if isinstance(whole, dict):
            properties = SCHEMAS[schema].get("properties", {})
            nulls = {member: None for member, inner in properties.items() if inner.get("nullable")}
            assert not breaks(schema, encoded({**whole, **nulls}))

    @EACH_SCHEMA
    def test_what_does_not(self, schema: str) -> None:
        """With something else or nothing in any one place it passes just where the document still allows that."""
        name = schema.partition(".")[0]
        verdicts = set()
        for instance in every_change(example(name, SCHEMAS[schema], whole=True)):
            allowed = fits(name, SCHEMAS[schema], instance)
            assert breaks(schema, encoded(instance)) is not allowed, instance
            verdicts.add(allowed)
        assert False in verdicts

    @given(any_schema())
    def test_whatever_fits(self, found: tuple[str, Any]) -> None:
        """Every instance that a document allows passes, whatever numbers, texts and moments it holds."""
        schema, instance = found
        assert not breaks(schema, encoded(instance))

    @given(any_schema(), st.data())
    def test_whatever_does_not(self, found: tuple[str, Any], data: st.DataObject) -> None:
        """Any instance with one place changed passes just where the document still allows it."""
        schema, instance = found
        text = encoded(data.draw(changed(instance)))
        assert breaks(schema, text) is not fits(schema.partition(".")[0], SCHEMAS[schema], json.loads(text))

    @EACH_SCHEMA
    def test_required_members(self, schema: str) -> None:
        """An object without one of its required members is refused, and the member is named."""
        name, _, schema_name = schema.partition(".")
        whole = example(name, SCHEMAS[schema], whole=True)
        for member in SCHEMAS[schema].get("required", ()):
            with pytest.raises(ContractBroken) as caught:
                check_item(name, schema_name, encoded(with_other(whole, (member,), GONE)))
            assert (f'the body: "{member}" is a required property',) == caught.value.problems

    @EACH_SCHEMA
    def test_nulls(self, schema: str) -> None:
        """A member may be null just where the document says so; where not, it is named by its path."""
        name, _, schema_name = schema.partition(".")
        whole = example(name, SCHEMAS[schema], whole=True)
        for member, inner in SCHEMAS[schema].get("properties", {}).items():
            text = encoded({**whole, member: None})
            if inner.get("nullable"):
                check_item(name, schema_name, text)
            else:
                with pytest.raises(ContractBroken) as caught:
                    check_item(name, schema_name, text)
                assert {f".{member}"} == {problem.partition(":")[0] for problem in caught.value.problems}

    @pytest.mark.parametrize(
        "at",
        ["2025-01-01", "2025-01-01T00:00:00", "2025-01-01 00:00:00Z", "2025-02-30T00:00:00Z", "2025-01-01T24:00:00Z",
         "2025-01-01T00:00:00+05:99", "2025-01-01T00:00:00+0500", "yesterday", "", "２025-01-01T00:00:00Z"],
    )  # fmt: skip
    def test_date_times(self, at: str) -> None:
        """A member of the format date-time that is none breaks the contract, though it is a string."""
        with pytest.raises(ContractBroken, match=r'\.created_at: .* is not a "date-time"$'):
            check_item("accounting_api", "AccountingIntegration", encoded({**INTEGRATION, "created_at": at}))

    def test_unknown_members(self) -> None:
        """Members that the document does not list are allowed, as everywhere in OpenAPI."""
        check_item("accounting_api", "AccountingIntegration", encoded({**INTEGRATION, "new": {"deep": [None]}}))

    @pytest.mark.parametrize("text", [b"", b"{", b"{} {}", b'{"a": NaN}', b"\xff", b'"\\ud800"', b"[" * 100_000])
    def test_no_json(self, text: bytes) -> None:
        """What is no JSON at all breaks the contract too, and raises nothing else."""
        with pytest.raises(ContractBroken, match="AccountingRecord answered 200 against its document: the body: "):
            check_item("accounting_api", "AccountingRecord", text)


INTEGRATION = {
    "integration_id": "int_1",
    "vendor": "ERP_A",
    "vendor_account_id": "42",
    "status": "ACTIVE",
    "created_at": "2026-11-20T09:30:00Z",
}


class TestAnswers:
    @EACH_ANSWER
    def test_what_fits(self, operation: PublishedOperation, status: int, schema: dict[str, Any]) -> None:
        """An answer passes with all that the document lists, and with what it requires only."""
        for whole in (True, False):
            check_answer(operation, status, encoded(example(operation.document, schema, whole=whole)))

    @EACH_ANSWER
    def test_what_does_not(self, operation: PublishedOperation, status: int, schema: dict[str, Any]) -> None:
        """With something else or nothing in place of the body, a member or an item, it is judged as documented."""
        whole = example(operation.document, schema, whole=True)
        for path in places(whole):
            for other in (*STRANGE, GONE) if len(path) < 2 else ():
                instance = with_other(whole, path, other)
                if fits(operation.document, schema, instance):
                    check_answer(operation, status, encoded(instance))
                    continue
                with pytest.raises(ContractBroken) as caught:
                    check_answer(operation, status, encoded(instance))
                assert (operation.id, status) == (caught.value.operation, caught.value.status)
                assert str(caught.value).startswith(f"{operation.id} answered {status} against its document: ")

    @pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
    def test_statuses(self, operation: PublishedOperation) -> None:
        """A status that the document does not list breaks the contract, whatever the body; others need not."""
        for status in {200, 201, 204, 400, 401, 403, 404, 409, 422, 429, 500} - operation.answers.keys():
            with pytest.raises(ContractBroken) as caught:
                check_answer(operation, status, b"{}")
            assert (f"it lists {', '.join(map(str, operation.answers))}",) == caught.value.problems
        for status, schema in operation.answers.items():
            if schema is None:
                check_answer(operation, status, b"anything")

    @pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
    def test_refusals_fit(self, operation: PublishedOperation) -> None:
        """The emulator's own refusals fit the document of the operation, wherever it lists their status."""
        refusals = [
            invalid("no"),
            missing("no"),
            Refusal(401, "UNAUTHORIZED", "no"),
            Refusal(403, "FORBIDDEN", "no"),
            Refusal(409, "ACTIVE_INTEGRATION_EXISTS", "no", details={"existing_integration_id": "int_1"}),
            Refusal(422, "DUPLICATE_ACCOUNTING_RECORD_IDS", "no", details={"duplicate_accounting_record_ids": ["a"]}),
            Refusal(500, "INTERNAL_ERROR", "no"),
        ]
        for refusal in refusals:
            if refusal.status in operation.answers:
                check_answer(operation, refusal.status, refusal.answer(operation.dialect).body)

    def test_every_problem_is_named_with_its_path(self) -> None:
        """All that is wrong is said at once, each with the JSON path."""
        body = {"items": [{"id": 3}], "has_next_page": "yes"}
        with pytest.raises(ContractBroken) as caught:
            check_answer(OPERATIONS["queryAccountingRecords"], 200, encoded(body))
        found = {problem.partition(":")[0] for problem in caught.value.problems}
        assert {".has_next_page", ".items[0]", ".items[0].id"} == found

    def test_a_page_of_problems(self) -> None:
        """A hundred broken items do not make a text without end."""
        body = {"items": [{"id": "x" * 10_000}] * 100, "has_next_page": True}
        with pytest.raises(ContractBroken) as caught:
            check_answer(OPERATIONS["queryAccountingRecords"], 200, encoded(body))
        assert len(str(caught.value)) < 10_000

    @pytest.mark.parametrize("depth", [300, 900, 100_000])
    def test_nesting(self, depth: int) -> None:
        """An answer that is nested beyond all measure, where a string belongs, breaks the contract and nothing else."""
        body = b'{"updated_accounting_record_ids":' + b"[" * depth + b"]" * depth + b"}"
        with pytest.raises(ContractBroken):
            check_answer(OPERATIONS["reportAccountingExportResults"], 200, body)


REPORT = OPERATIONS["reportAccountingExportResults"]
RESULT = b'{"accounting_record_id":"accr_1","failure":{"error_message":"no"}}'


def refused(body: bytes, content_type: str | None = "application/json", operation: PublishedOperation = REPORT) -> str:
    """The text of the 400 that a body is refused with."""
    with pytest.raises(Refusal) as caught:
        read_body(operation, content_type, body)
    assert (400, "INVALID_REQUEST") == (caught.value.status, caught.value.code)
    assert caught.value.text == json.loads(caught.value.answer("accounting").body)["message"]
    assert len(caught.value.text) <= LONGEST_REFUSAL
    return caught.value.text


class TestBodies:
    @EACH_BODY
    def test_what_fits(self, operation: PublishedOperation) -> None:
        """Every body that the document allows is read as what it says."""
        for whole in (True, False):
            instance = example(operation.document, operation.body or {}, whole=whole)
            assert instance == read_body(operation, "application/json", encoded(instance))

    @EACH_BODY
    def test_what_does_not(self, operation: PublishedOperation) -> None:
        """With one place changed it is read just where the document still allows it, else refused with 400."""
        schema = operation.body or {}
        for instance in every_change(example(operation.document, schema, whole=True)):
            if fits(operation.document, schema, instance):
                assert instance == read_body(operation, "application/json", encoded(instance))
            else:
                refused(encoded(instance), operation=operation)

    @given(st.sampled_from(WITH_BODY), st.data())
    def test_whatever_fits(self, operation: PublishedOperation, data: st.DataObject) -> None:
        """Any body, with one place changed or not, is read or refused as documented."""
        schema = operation.body or {}
        instance = data.draw(instances(operation.document, schema))
        text = encoded(data.draw(st.just(instance) | changed(instance)))
        if fits(operation.document, schema, json.loads(text)):
            assert json.loads(text) == read_body(operation, "application/json", text)
        else:
            refused(text, operation=operation)

    @given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_whatever_is_sent(self, body: bytes) -> None:
        """Any bytes are refused with 400 or, by a rare chance, a report."""
        try:
            json.loads(body)
        except ValueError:
            assert "the body is not JSON" == refused(body)
        else:
            assume(False)

    @pytest.mark.parametrize(
        "body",
        [b"", b" ", b"{", b"}", b"{}{}", b"'{}'", b"{results: []}", b'{"results": [1,]}', b"NaN", b'{"results": NaN}',
         b'{"results": Infinity}', b'{"results": -Infinity}', b'{"results": 1e999}', b'{"results": 01}', b"\xff\xfe",
         b'{"results": "\xff"}', b'{"results": "\xed\xa0\x80"}', b'{"results": "\\ud800"}', b'{"\\udc00": 1}',
         b'{"results": "\\udc00\\ud800"}', b'{"results": "\n"}', b"\xef\xbb\xbf{}", '{"results": []}'.encode("utf-16"),
         b'{"results": ' + b"9" * 10_000 + b"}"],
    )  # fmt: skip
    def test_no_json(self, body: bytes) -> None:
        """NaN, lone surrogates, invalid UTF-8, another encoding, and numbers beyond all measure are no JSON here."""
        assert "the body is not JSON" == refused(body)

    @pytest.mark.parametrize("depth", [256, 900, 1000, 5000, 1_000_000])
    @pytest.mark.parametrize("around", [(b"[", b"]"), (b'{"a":', b"}")])
    def test_nesting(self, depth: int, around: tuple[bytes, bytes]) -> None:
        """A body that is nested beyond all measure is refused, closed or not, and raises nothing else."""
        opening, closing = around
        expected = {
            "the body is nested too deeply",
            "the body is not JSON",
            'the body: "results" is a required property',
        }
        for body in (opening * depth + b"1" + closing * depth, opening * depth):
            assert refused(body) in expected
        within = b'{"results":[' + opening * depth + b"1" + closing * depth + b"]}"
        assert depth == 256 or refused(within) == "the body is nested too deeply"

    @pytest.mark.parametrize("depth", [10, 200])
    def test_a_little_nesting(self, depth: int) -> None:
        """Nesting that can be read is judged as any other value."""
        complaint = refused(b'{"results":' + b"[" * depth + b"]" * depth + b"}")
        assert complaint.startswith(".results[0]: ")

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            (b"18446744073709551615", 2**64 - 1),
            (b"18446744073709551616", 2**64),
            (b"-9223372036854775809", -(2**63) - 1),
            (b"9" * 1000, int("9" * 1000)),
            (b"1e308", 1e308),
            (b"1e-999", 0.0),
        ],
    )
    def test_large_numbers(self, text: bytes, value: float) -> None:
        """Numbers that are larger than a machine's are read, where the document does not care."""
        body = read_body(REPORT, "application/json", b'{"results":[' + RESULT + b'],"extra":' + text + b"}")
        assert value == body["extra"]

    @pytest.mark.parametrize("text", [b"9" * 30, b"-" + b"9" * 1000, b"1e308"])
    def test_large_numbers_in_the_way(self, text: bytes) -> None:
        """Where it does, they are refused as any other number."""
        assert refused(b'{"results":' + text + b"}").startswith(".results: ")

    def test_a_member_that_comes_twice(self) -> None:
        """Of two members of one name the last one counts, as in most readers of JSON."""
        body = b'{"results":3,"results":[' + RESULT + b"]}"
        assert [json.loads(RESULT)] == read_body(REPORT, "application/json", body)["results"]
        assert refused(b'{"results":[' + RESULT + b'],"results":3}').startswith(".results: ")

    def test_the_text_is_bounded(self) -> None:
        """However long the value that is refused, the text is not; and it is cut between characters."""
        assert refused(encoded({"results": "é" * 1_000_000})).startswith('.results: "éé')
        assert refused(encoded({"results": [{"accounting_record_id": "x" * 1_000_000}]})).startswith(".results[0]: ")
        assert refused(b"{}", "text/" + "x" * 1_000_000).startswith("the body is sent as text/xxx")

    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "Application/JSON", "application/json;charset=utf-8", " application/json ; x"],
    )
    def test_content_types(self, content_type: str) -> None:
        """JSON by its name, in any case and with any parameters, is read."""
        assert [json.loads(RESULT)] == read_body(REPORT, content_type, b'{"results":[' + RESULT + b"]}")["results"]

    @pytest.mark.parametrize(
        ("content_type", "kind"),
        [
            (None, "nothing"),
            ("", "nothing"),
            (";", "nothing"),
            ("text/plain", "text/plain"),
            ("application/jsonp", "application/jsonp"),
            ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
            ("APPLICATION/xml", "application/xml"),
        ],
    )
    def test_other_content_types(self, content_type: str | None, kind: str) -> None:
        """Anything else is refused, though it may hold JSON."""
        expected = f"the body is sent as {kind}, expected application/json"
        assert expected == refused(b'{"results":[' + RESULT + b"]}", content_type)

    def test_one_problem_is_named(self) -> None:
        """The refusal names the first thing that is wrong, by its path."""
        assert refused(b'{"results":[]}').startswith(".results: [] ")
        assert refused(b"{}") == 'the body: "results" is a required property'
        complaint = refused(b'{"vendor":"ERP_A","vendor_account_id":7}', operation=OPERATIONS["createIntegration"])
        assert '.vendor_account_id: 7 is not of type "string"' == complaint

    def test_an_operation_without_a_body(self) -> None:
        """Reading the body of an operation that takes none is a mistake in the emulator."""
        with pytest.raises(AssertionError, match="getCompany takes no body"):
            read_body(OPERATIONS["getCompany"], "application/json", b"{}")
