"""The bundle with another document: made as far as it can be, with every reason why not further."""

from __future__ import annotations

from pathlib import Path

from brex_accounting.spec.rehearsal import Sources, rehearse

from .documents import (
    EXPENSES,
    PROJECT,
    TEAM,
    TEXT,
    THING,
    answering,
    committed_bundle,
    document,
    folder_of,
    overlay,
    published,
    schema,
    sending,
)


def sources(to: Path, *actions: dict[str, object], others: dict[str, object] | None = None) -> Sources:
    parts = {TEAM: document({"/a": answering("a", schema("T"))}, {"T": THING}), **(others or {})}
    return Sources.read(folder_of(to / "openapi", parts, overlay(TEAM, *actions)))


class TestRehearsal:
    def test_the_committed_documents(self) -> None:
        """With the documents as they are it is the bundle, and nothing is in its way."""
        found = rehearse(Sources.read(PROJECT / "openapi"), EXPENSES, published(EXPENSES))
        assert committed_bundle().document == found.tree
        assert ((), "ExpenseUser") == (found.obstacles, found.names["User"])

    def test_actions_that_do_not_fit(self, tmp_path: Path) -> None:
        """Every action that does not fit is told, and those that fit are applied."""
        found = rehearse(
            sources(
                tmp_path,
                {"target": "$.components.schemas.Gone", "update": {"x-name": "A"}},
                {"target": "$.components.schemas.T", "update": {"x-name": "B"}},
                {"target": "$.components.schemas.T", "update": {"type": "object"}},
            ),
            TEAM,
            document({"/a": answering("a", schema("T"))}, {"T": {**THING, "description": "New."}}),
        )
        (gone,), (needless,) = found.obstacles, found.needless
        assert gone.startswith(
            "0.yaml, action 1 ($.components.schemas.Gone): the target matches nothing in ../team_api"
        )
        assert needless.startswith("0.yaml, action 3 ($.components.schemas.T): changes nothing; the published document")
        assert ({"T": "B"}, ["B"]) == (found.names, list(found.tree["components"]["schemas"]))

    def test_documents_that_cannot_be_joined(self, tmp_path: Path) -> None:
        """Where a document does not go with the others, names are those that it has alone, its ways marked."""
        others = {EXPENSES: document({}, {"X": THING})}
        new = document(
            {"/a": sending("a", schema("X"), schema("X"))}, {"X": {"type": "object", "properties": {"x": TEXT}}}
        )
        found = rehearse(sources(tmp_path, {"target": "$.info", "update": {"x": 1}}, others=others), TEAM, new)
        (obstacle,) = found.obstacles
        assert obstacle.startswith("schema X stands in expenses_api.yaml and in team_api.yaml")
        assert {"X", "XInput"} == set(found.tree["components"]["schemas"])

    def test_flows_without_scopes(self, tmp_path: Path) -> None:
        """A way to sign in that one document lists scopes for, and another lists none, is one."""
        flow = {"authorizationUrl": "https://a.example", "tokenUrl": "https://t.example"}
        both = [
            {
                "securitySchemes": {"O": {"type": "oauth2", "flows": {"authorizationCode": {**flow, **scopes}}}},
                "schemas": {},
            }
            for scopes in ({}, {"scopes": {"read": "Read."}})
        ]
        others = {EXPENSES: {**document(), "components": both[0]}}
        new = {**document(), "components": both[1]}
        found = rehearse(sources(tmp_path, {"target": "$.info", "update": {"x": 1}}, others=others), TEAM, new)
        joined = found.tree["components"]["securitySchemes"]["O"]["flows"]["authorizationCode"]
        assert {**flow, "scopes": {"read": "Read."}} == joined

    def test_schemas_without_an_end(self, tmp_path: Path) -> None:
        """Schemas that consist of nothing but each other are an obstacle, not a crash."""
        new = document({"/a": answering("a", schema("A"))}, {"A": schema("B"), "B": schema("A")})
        found = rehearse(sources(tmp_path, {"target": "$.info", "update": {"x": 1}}), TEAM, new)
        assert ("some schemas consist of nothing but each other, in a circle",) == found.obstacles
