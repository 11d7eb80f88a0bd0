"""Which schemas of two documents are one: by name, or by where they stand and what they hold."""

from __future__ import annotations

from brex_accounting.spec.facts import Facts
from brex_accounting.spec.marking import Flow
from brex_accounting.spec.pairing import pair

from .documents import TEXT, THING, Tree, answering, document, operation, schema, sending

OTHER: Tree = {"type": "object", "properties": {"city": TEXT, "street": TEXT, "floor": TEXT}}


def renamed(old: Tree, new: Tree) -> dict[str, str]:
    """The pairs of names that are not the same."""
    found = pair(Facts.read(old, "old"), Facts.read(new, "new")).schemas
    return {one: other for one, other in found.items() if one != other}


class TestRenamedSchemas:
    def test_wherever_it_stood(self) -> None:
        """A schema that stands wherever another stood is that schema, and so is one within it."""
        old = document(
            {"/a": answering("a", {"type": "array", "items": schema("A")}), "/b": sending("b", schema("A"))},
            {"A": {**THING, "properties": {**THING["properties"], "inner": schema("B")}}, "B": OTHER},
        )
        new = document(
            {"/a": answering("a", {"type": "array", "items": schema("X")}), "/b": sending("b", schema("X"))},
            {"X": {**THING, "properties": {**THING["properties"], "inner": schema("Y")}}, "Y": OTHER},
        )
        assert {"A": "X", "B": "Y"} == renamed(old, new)

    def test_what_holds_something_else(self) -> None:
        """A schema in the same place with other fields is another schema."""
        old = document({"/a": answering("a", schema("A"))}, {"A": THING})
        assert {} == renamed(old, document({"/a": answering("a", schema("X"))}, {"X": OTHER}))
        assert {} == renamed(old, document({"/a": answering("a", schema("X"))}, {"X": {**TEXT, "enum": ["id"]}}))

    def test_two_places(self) -> None:
        """A schema in whose places two others stand is neither of them; nor is one the other two."""
        one = document({"/a": answering("a", schema("A")), "/b": answering("b", schema("A"))}, {"A": THING})
        two = document({"/a": answering("a", schema("X")), "/b": answering("b", schema("Y"))}, {"X": THING, "Y": THING})
        assert ({}, {}) == (renamed(one, two), renamed(two, one))

    def test_a_name_that_was_there(self) -> None:
        """A place that comes to hold a schema that was there before renames none."""
        old = document({"/a": answering("a", schema("A")), "/b": answering("b", schema("B"))}, {"A": THING, "B": THING})
        new = document({"/a": answering("a", schema("B")), "/b": answering("b", schema("B"))}, {"B": THING})
        assert {} == renamed(old, new)

    def test_what_nobody_uses(self) -> None:
        """Schemas that nobody uses are the same where they say the same."""
        assert {"A": "X"} == renamed(document({}, {"A": OTHER, "B": THING}), document({}, {"X": OTHER, "Y": TEXT}))


class TestReach:
    def test_flows_and_users(self) -> None:
        """Each schema has the ways that it goes and the operations that lead to it, events the other way round."""
        event = {
            "done": {"post": operation("done", requestBody={"content": {"application/json": {"schema": schema("E")}}})}
        }
        schemas = {
            "In": {"type": "object", "properties": {"deep": schema("Deep")}},
            "Out": {"type": "array", "items": schema("Deep")},
            "Deep": {"type": "object", "properties": {"again": schema("Deep")}},
            "E": THING,
            "Nobody": THING,
        }
        tree = document({"/a": sending("a", schema("In"), schema("Out"))}, schemas, **{"x-webhooks": event})
        found = pair(Facts.read(tree, "old"), Facts.read(tree, "new"))
        assert found.flows == {
            "In": {Flow.SENT},
            "Out": {Flow.RECEIVED},
            "Deep": {Flow.SENT, Flow.RECEIVED},
            "E": {Flow.RECEIVED},
        }
        assert {"In": ("POST /a",), "Out": ("POST /a",), "Deep": ("POST /a",), "E": ("EVENT done",)} == found.users
