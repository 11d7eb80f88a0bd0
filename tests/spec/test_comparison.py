"""The semantic difference: every kind of change with its report, written out, and that no change goes unseen."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.comparison import Mark, compare
from brex_accounting.spec.document import leaves, show
from brex_accounting.spec.report import render
from tests.soak import SOAK

from . import changes, wire_facts
from .changes import CASES, rename
from .comparing import bare_ground, changed, compared, ground, only, told
from .documents import (
    ACCOUNTING,
    EXPENSES,
    PUBLISHED,
    TEAM,
    TEXT,
    THING,
    WEBHOOKS,
    Tree,
    answering,
    document,
    json_of,
    operation,
    reported,
    schema,
    sending,
)

LOOSE: Tree = {key: part for key, part in THING.items() if key != "required"}
REPORTS = Path(__file__).parent / "reports"


class TestReports:
    @pytest.mark.parametrize("case", CASES)
    def test_a_change_of_each_kind(self, case: str) -> None:
        """The report of each kind of change is the one that stands in ``reports/``, word for word."""
        name, change = CASES[case]
        assert (REPORTS / f"{case}.txt").read_text(encoding="utf-8") == render(changed(name, change))

    def test_every_report_belongs_to_a_change(self) -> None:
        """No report is left of a change that is not made any more."""
        assert {"january", *CASES} == {path.stem for path in REPORTS.iterdir()}

    def test_arguments_whose_types_overlays_give(self) -> None:
        """What an overlay types as it is today is no other type for callers; what it leaves to Brex is one."""

        def typed(tree: Tree) -> None:
            changes.parameter(tree, "limit")["schema"]["type"] = "integer"
            changes.parameter(tree, "updated_at")["schema"]["properties"]["gt"]["format"] = "date-time"
            changes.parameter(tree, "cursor")["schema"]["format"] = "uuid"

        records = f"GET {changes.RECORDS} query"
        assert {
            (f"{records} cursor", "format: none → uuid"): Mark.BREAKING,
            (f"{records} limit", "type: number → integer"): Mark.PERSON,
            (f"{records} updated_at.gt", "format: none → date-time"): Mark.PERSON,
        } == {
            (one.where, one.what): one.mark
            for one in changed(ACCOUNTING, typed).differences
            if one.where.startswith(records)
        }

    def test_the_step_of_january_2026(self) -> None:
        """From the document of January 2026 to the current one: two filters, both safe, named and emulated already."""
        old = copy.deepcopy(reported(ACCOUNTING))
        changes.before_january(old)
        found = compare(old, reported(ACCOUNTING), document=ACCOUNTING, ground=ground())
        assert (REPORTS / "january.txt").read_text(encoding="utf-8") == render(found)

    @pytest.mark.parametrize("name", PUBLISHED)
    def test_the_same_document(self, name: str) -> None:
        """A document does not differ from itself."""
        found = changed(name, lambda _: None)
        assert ((), 0) == (found.differences, found.prose)


class TestWhatIsNoDifference:
    def test_prose_and_order(self) -> None:
        """Other words, examples and titles of fields are counted and are no difference; order is not even counted."""
        found = changed(ACCOUNTING, changes.prose)
        assert ((), 5) == (found.differences, found.prose)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (schema("Thing"), {"allOf": [schema("Thing")], "description": "Wrapped."}),
            (
                {"nullable": True, "allOf": [schema("Thing")]},
                {"allOf": [{"allOf": [schema("Thing")], "nullable": True}]},
            ),
            ({**TEXT, "enum": ["A", "B"], "nullable": True}, {**TEXT, "enum": ["B", None, "A"]}),
            ({**TEXT, "nullable": False, "minLength": 0}, TEXT),
            (THING, {**THING, "additionalProperties": True, "deprecated": False}),
            (TEXT, schema("Text")),
        ],
        ids=[
            "wrapper",
            "wrappers",
            "null in an enum",
            "what holds anyway",
            "open object",
            "a name without a class",
        ],
    )
    def test_another_way_to_write_it(self, old: Tree, new: Tree) -> None:
        """What is written in another way and says the same is no difference."""
        known = {"Thing": THING, "Text": TEXT}
        both = [
            document({"/a": answering("a", schema("T"))}, {"T": {"type": "object", "properties": {"f": part}}, **known})
            for part in (old, new)
        ]
        assert [] == told(*both)

    def test_a_parameter_of_the_path_item(self) -> None:
        """A parameter that moves from an operation to its path, or is referred to, is the same."""
        mine = {"name": "q", "in": "query", "schema": TEXT}
        old = document({"/a": {"get": operation("a", parameters=[mine])}})
        new = document({"/a": {"parameters": [mine], "get": operation("a")}})
        assert [] == told(old, new)


class TestDirections:
    @pytest.mark.parametrize(
        ("change", "sent", "received"),
        [
            (lambda t: t["properties"].update(x=TEXT), "SAFE", "SAFE"),
            (lambda t: (t["properties"].update(x=TEXT), t["required"].append("x")), "BREAKING", "PERSON"),
            (lambda t: t["properties"].pop("note"), "BREAKING", "BREAKING"),
            (lambda t: t["required"].append("note"), "BREAKING", "PERSON"),
            (lambda t: t.pop("required"), "SAFE", "BREAKING"),
            (lambda t: t["properties"].update(id={**TEXT, "nullable": True}), "SAFE", "BREAKING"),
            (lambda t: t["properties"].update(note={**TEXT, "nullable": True}), "SAFE", "SAFE"),
            (lambda t: t["properties"].update(id={"type": "integer"}), "BREAKING", "BREAKING"),
            (lambda t: t["properties"].update(id={**TEXT, "format": "date-time"}), "BREAKING", "BREAKING"),
            (lambda t: t["properties"].update(id={**TEXT, "format": "email"}), "PERSON", "SAFE"),
            (lambda t: t["properties"].update(id={**TEXT, "enum": ["A"]}), "PERSON", "SAFE"),
            (lambda t: t["properties"].update(id={**TEXT, "maxLength": 3}), "BREAKING", "SAFE"),
            (lambda t: t["properties"].update(id={**TEXT, "pattern": "^a"}), "PERSON", "SAFE"),
            (lambda t: t["properties"].update(id={**TEXT, "default": "a"}), "PERSON", "PERSON"),
        ],
        ids=[
            "optional field", "required field", "field gone", "now required", "now optional",
            "null in a required field", "null in an optional field", "type", "format with a type of its own", "format",
            "string to enum", "limit", "pattern", "default",
        ],
    )  # fmt: skip
    def test_who_sends_it(self, change: Any, sent: str, received: str) -> None:
        """What a change asks of people depends on who sends the value."""
        new = copy.deepcopy(THING)
        change(new)
        request = [document({"/a": sending("a", schema("T"))}, {"T": part}) for part in (THING, new)]
        answer = [document({"/a": answering("a", schema("T"))}, {"T": part}) for part in (THING, new)]
        assert (sent, received) == (only(compared(*request)).mark.name, only(compared(*answer)).mark.name)

    def test_what_goes_both_ways(self) -> None:
        """Of a value that is sent and received the graver mark counts, and each way has its reason."""
        both = [document({"/a": sending("a", schema("T"), schema("T"))}, {"T": part}) for part in (THING, LOOSE)]
        found = only(compared(*both))
        assert (Mark.BREAKING, ("T.id", "TInput.id")) == (found.mark, found.python)
        assert "received: the attribute may be None now; sent: whoever gives it may go on" == found.why


class TestOnce:
    def test_a_schema_of_many_answers(self) -> None:
        """What changes in a schema is told once, with all operations that it reaches, at any depth and in circles."""
        inner = {"type": "object", "properties": {"again": schema("Error"), "code": TEXT}}
        outer = {"type": "object", "properties": {"inner": {"nullable": True, "allOf": [schema("Inner")]}}}
        paths = {f"/{name}": answering(name, schema("Error")) for name in "abc"}
        old = document(paths, {"Error": outer, "Inner": inner})
        new = copy.deepcopy(old)
        new["components"]["schemas"]["Inner"]["properties"]["code"] = {"type": "integer"}
        found = only(compared(old, new))
        assert ("Inner.code", ("GET /a", "GET /b", "GET /c")) == (found.where, found.operations)

    def test_the_same_status_of_many_operations(self) -> None:
        """What several operations have in common is told once, and names them."""
        old = document({f"/{name}": {"get": operation(name, TEXT)} for name in "abc"})
        new = copy.deepcopy(old)
        for path in ("/a", "/c"):
            new["paths"][path]["get"]["responses"]["429"] = {"description": "Slower."}
        found = only(compared(old, new))
        assert ("429 of 2 operations", "a new status: no body") == (found.where, found.what)
        assert (("GET /a", "GET /c"), ("a", "c")) == (found.operations, found.python)


class TestNewNames:
    def test_a_renamed_schema(self) -> None:
        """A schema under another name is the same schema, and what else changed in it is told of it."""
        old = document({"/a": answering("a", schema("Old"))}, {"Old": THING})
        new = copy.deepcopy(old)
        rename(new, "Old", "New")
        new["components"]["schemas"]["New"] = LOOSE
        expected = [
            ("BREAKING", "New", "renamed: Old → New"),
            ("BREAKING", "New.id", "required → optional"),
        ]
        assert expected == told(old, new)

    def test_a_name_that_an_overlay_holds(self) -> None:
        """Where an overlay gives the new schema the old class's name, renaming breaks nobody."""
        found = only(changed(TEAM, lambda tree: rename(tree, "CompanyAddress", "HeadOffice")))
        assert (Mark.BREAKING, ("CompanyAddress", "HeadOffice")) == (found.mark, found.python)
        held = copy.deepcopy(reported(TEAM))
        rename(held, "CompanyAddress", "HeadOffice")
        held["components"]["schemas"]["HeadOffice"]["x-name"] = "CompanyAddress"
        found = compare(reported(TEAM), held, document=TEAM, ground=ground()).differences[0]
        assert (Mark.SAFE, "renamed: CompanyAddress → HeadOffice", "the class keeps its name") == (
            found.mark,
            found.what,
            found.why,
        )

    def test_an_enum_whose_members_are_named_after_their_number(self) -> None:
        """A new order of values that no name can be made of renames members, which breaks who names them."""
        old, new = (
            document(
                {"/a": answering("a", schema("T"))},
                {"T": {"type": "object", "properties": {"f": schema("E")}}, "E": part},
            )
            for part in ({**TEXT, "enum": ["1st", "2nd"]}, {**TEXT, "enum": ["2nd", "1st"]})
        )
        expected = [
            ("BREAKING", "E", "the member VALUE_0 is called VALUE_1 now"),
            ("BREAKING", "E", "the member VALUE_1 is called VALUE_0 now"),
        ]
        assert expected == told(old, new)

    def test_a_schema_that_comes_to_be_received_as_well(self) -> None:
        """What was only sent has another class once it is received as well."""
        old = document({"/a": sending("a", schema("T"))}, {"T": THING})
        new = copy.deepcopy(old)
        new["paths"]["/b"] = answering("b", schema("T"))
        assert ("BREAKING", "T", "the class of what is sent: T → TInput") in told(old, new)

    def test_a_schema_that_comes_to_be_sent_as_well(self) -> None:
        """What was only received keeps its class."""
        old = document({"/a": answering("a", schema("T"))}, {"T": THING})
        new = copy.deepcopy(old)
        new["paths"]["/b"] = sending("b", schema("T"))
        assert [("SAFE", "POST /b", "a new operation")] == told(old, new)

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"title": "Row"}, "the class: TPart → TRow"),
            ({"nullable": True}, "the class: TPart → TPartType0"),
        ],
    )
    def test_an_object_that_is_written_out(self, change: Tree, what: str) -> None:
        """What is written out is called after its place, its title and whether it may be null; each can rename it."""
        old, new = (
            document({"/a": answering("a", schema("T"))}, {"T": {"type": "object", "properties": {"part": part}}})
            for part in (THING, {**THING, **change})
        )
        assert ("BREAKING", "T.part", what) in told(old, new)

    def test_two_paths_that_differ_in_names_only(self) -> None:
        """Two paths that OpenAPI takes for one are compared as two: neither hides what the other changes."""
        old = document({"/a/{x}": {"get": operation("x", TEXT)}, "/a/{y}": {"get": operation("y", TEXT)}})
        for path in ("/a/{x}", "/a/{y}"):
            new = copy.deepcopy(old)
            new["paths"][path]["get"]["deprecated"] = True
            assert ("PERSON", f"GET {path}", "deprecated: none → true") in told(old, new)

    def test_an_operation_that_moves(self) -> None:
        """An operation of the same id on another path is the same operation."""
        old = document({"/a": {"get": operation("a", TEXT)}})
        new = document({"/b": {"get": operation("a", TEXT)}})
        assert [("PERSON", "GET /b", "moved: GET /a → GET /b")] == told(old, new)


class TestTheBundle:
    def test_every_overlay_action_that_lost_its_target_is_told(self) -> None:
        """A document that cannot be bundled is compared all the same, and every reason is among the differences."""

        def change(tree: Tree) -> None:
            changes.fields(tree, "AccountingRecord").pop("version")
            changes.fields(tree, "Receipt").pop("download_uris")

        found = changed(ACCOUNTING, change)
        told_ = [(one.mark, one.where, one.what.partition(":")[0]) for one in found.differences]
        assert told_ == [
            (Mark.BREAKING, "AccountingRecord.version", "the field is gone"),
            (Mark.BREAKING, "Receipt.download_uris", "the field is gone"),
            (
                Mark.PERSON,
                "the bundle of the new accounting_api.yaml",
                "accounting.yaml, action 10 ($.components.schemas.Receipt.properties.download_uris)",
            ),
            (
                Mark.PERSON,
                "the bundle of the new accounting_api.yaml",
                "accounting.yaml, action 9 ($.components.schemas.AccountingRecord.properties.version)",
            ),
        ]

    def test_a_document_that_needs_an_overlay(self) -> None:
        """What the generator could not carry is told with the place and the remedy."""
        bound = {
            "name": "b",
            "in": "query",
            "style": "deepObject",
            "schema": {"type": "object", "properties": {"gt": TEXT}},
        }
        found = changed(ACCOUNTING, lambda tree: changes.parameters(tree).append(bound))
        assert [Mark.PERSON, Mark.SAFE] == [one.mark for one in found.differences]
        assert found.differences[0].what.startswith("GET /v3/accounting/records parameter 'b': would not be sent")

    def test_nothing_is_changed(self) -> None:
        """Both documents are as they were, and so is the ground."""
        old, new = copy.deepcopy(reported(EXPENSES)), copy.deepcopy(reported(EXPENSES))
        changes.shared(new)
        before = copy.deepcopy(new)
        compare(old, new, document=EXPENSES, ground=ground())
        assert (reported(EXPENSES), before) == (old, new)
        assert reported(EXPENSES) == ground().sources.documents[EXPENSES]


class TestHostileDocuments:
    @pytest.mark.parametrize(
        ("broken", "place"),
        [
            ({"paths": []}, "the new team_api.yaml: paths: expected an object"),
            ({"paths": {"/a": None}}, "the new team_api.yaml: paths./a: expected an object"),
            (
                {"paths": {"/a": {"get": {"parameters": {}}}}},
                "the new team_api.yaml: paths./a.get.parameters: expected a list",
            ),
            (
                {"paths": {"/a": {"get": {"parameters": [{"in": "query"}]}}}},
                "the new team_api.yaml: paths./a.get.parameters[0]: expected a parameter with a name and a place (in)",
            ),
            (
                {"components": {"schemas": {"T": True}}},
                "the new team_api.yaml: components.schemas.T: expected an object",
            ),
            (
                {"components": {"schemas": {"T": {"required": "id"}}}},
                "the new team_api.yaml: components.schemas.T.required: expected a list",
            ),
            (
                {"components": {"schemas": {"T": {"type": ["string", "null"]}}}},
                "the new team_api.yaml: components.schemas.T.type: expected a string",
            ),
            ({"info": {}}, "the new team_api.yaml: info: expected a version"),
            ({"tags": [{"name": []}]}, "the new team_api.yaml: tags[0]: expected a tag with a name"),
            ({"servers": [{}]}, "the new team_api.yaml: servers[0]: expected a server with a url"),
            ({"security": [{"OAuth2": [1]}]}, "the new team_api.yaml: security[0].OAuth2[0]: expected a string"),
        ],
    )
    def test_a_part_of_another_form(self, broken: Tree, place: str) -> None:
        """What has not the form of OpenAPI is refused with its place, whatever it is."""
        with pytest.raises(SpecError) as caught:
            compared(document(), {**document(), **broken})
        assert f"{place}, so the document cannot be compared" == str(caught.value)

    def test_a_schema_without_an_end(self) -> None:
        """A document that is nested deeper than anybody means is refused."""
        deep: Tree = {"type": "string"}
        for _ in range(2000):
            deep = {"type": "array", "items": deep}
        with pytest.raises(SpecError, match="is nested too deeply to be compared"):
            compared(document(), document({}, {"T": deep}))

    @pytest.mark.parametrize(
        "schemas",
        [
            {"A": schema("B"), "B": schema("A")},
            {"A": {"allOf": [schema("A")]}, "B": TEXT},
            {"A": {"allOf": [schema("A"), THING]}, "B": {"type": "array", "items": schema("B")}},
        ],
        ids=["two names for nothing", "a wrapper around itself", "a part of itself"],
    )
    def test_references_in_a_circle(self, schemas: Tree) -> None:
        """Schemas that consist of themselves are compared, and do not hang."""
        old = document(
            {"/a": answering("a", {"type": "object", "properties": {"a": schema("A"), "b": schema("B")}})}, schemas
        )
        new = copy.deepcopy(old)
        new["components"]["schemas"]["C"] = {**THING, "properties": {"id": schema("A")}}
        assert ("SAFE", "C") in [(mark, where) for mark, where, _ in told(old, new)]


# ---- no change goes unseen -------------------------------------------------------------------------------------------


def mutations(tree: Tree) -> Iterator[tuple[str, bool, Tree]]:
    """Each leaf of a document changed, and each leaf removed; with it whether that only changes words."""
    for at, value in leaves(tree):
        in_words = at[0] == "tags" or (at[0] == "info" and at[1] != "version") or "scopes" in at[:-1]
        is_prose = in_words or bool(set(wire_facts.PROSE[:-1]) & set(at))
        for act in ("changed", "removed"):
            new = copy.deepcopy(tree)
            node: Any = new
            for part in at[:-1]:
                node = node[part]
            if act == "removed":
                del node[at[-1]]
            else:
                node[at[-1]] = _other(value)
            yield f"{act} {show(at)}", is_prose, new


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case str():
            return f"{value}x"
        case int() | float():
            return value + 1
        case _:
            return "x"


def documents_to_mutate() -> list[str]:
    return [TEAM, ACCOUNTING, WEBHOOKS] if SOAK else [TEAM]


@pytest.mark.parametrize("name", documents_to_mutate())
def test_every_value_of_a_document_counts(name: str) -> None:
    """Whatever single value changes or goes: words are counted, and anything else is a difference or is refused."""
    silent: list[str] = []
    for label, is_prose, new in mutations(reported(name)):
        if label.endswith((" openapi", "post.security")):
            continue  # how to read the document; and an empty list of an event, which says what holds anyway
        try:
            found = compare(reported(name), new, document=TEAM, ground=bare_ground())
        except SpecError:
            continue
        told_ = [one for one in found.differences if not (is_prose and one.where.startswith("the bundle"))]
        is_seen = bool(told_)
        if is_seen == is_prose and not (label.startswith("removed") and "scopes" in label):
            silent.append(label)
    assert [] == silent


def test_everything_that_another_comparison_finds_is_found() -> None:
    """An independent reading of what documents say of the wire finds nothing in the cases that is not reported."""
    for case, (name, change) in CASES.items():
        new = copy.deepcopy(reported(name))
        change(new)
        if case == "above":
            continue  # its reference leads nowhere, which that reading does not expect
        theirs = wire_facts.differences({name: reported(name)}, new)
        assert bool(theirs) == bool((REPORTS / f"{case}.txt").read_text(encoding="utf-8").count("    what  ")), case


def test_content_types_and_records_have_places() -> None:
    """Places within answers that operations write out are told with their status and their fields."""
    old = document(
        {"/a": answering("a", {"type": "object", "properties": {"rows": {"type": "array", "items": THING}}})}
    )
    new = copy.deepcopy(old)
    new["paths"]["/a"]["get"]["responses"]["200"]["content"] = json_of(
        {"type": "object", "properties": {"rows": {"type": "array", "items": LOOSE}}}
    )
    found = only(compared(old, new))
    assert ("GET /a 200.rows[].id", ("AResponse200RowsItem.id",)) == (found.where, found.python)
