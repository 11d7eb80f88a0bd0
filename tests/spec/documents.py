"""Documents for the tests: the project's own, read without the spec tools, copies of them, and small made-up ones."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from brex_accounting.spec.bundle import Bundle, make_bundle
from brex_accounting.spec.layout import Layout, Tools

PROJECT = Path(__file__).parents[2]
TOOLS = PROJECT / ".tools" / "bin"
PACKAGE = "brex_accounting_client"
FROZEN = Path(__file__).parent / "frozen"
"""Documents and overlays that stay as they are, so that a report on a change of them is always the same."""
EMULATED = "custom/brex_accounting/emulator/documents"

ACCOUNTING, EXPENSES, WEBHOOKS, TEAM = PUBLISHED = (
    "accounting_api.yaml",
    "expenses_api.yaml",
    "webhooks_api.yaml",
    "team_api.yaml",
)

Tree = dict[str, Any]


def read(path: Path) -> Tree:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def write(path: Path, tree: Tree) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yaml = YAML(typ="safe", pure=True)
        yaml.sort_base_mapping_type_on_output = False
        yaml.dump(tree, file)


def checkout(root: Path, tools: Path = TOOLS) -> tuple[Layout, Tools]:
    """A copy of the project, and the tools to work on it with: what the spec tools take."""
    layout = Layout.checkout(root)
    return layout, Tools.find(layout, tools)


@cache
def published(name: str) -> Tree:
    """One of the project's documents, or ``bundle.yaml``; shared, so whoever changes it copies it first."""
    return read(PROJECT / "openapi" / name)


@cache
def reported(name: str) -> Tree:
    """One of the documents as they were when the reports on changes were written; shared as those of ``published``."""
    return read(FROZEN / name)


@cache
def committed_bundle() -> Bundle:
    return make_bundle(PROJECT / "openapi")


def copy_project(to: Path, *, package: bool = False) -> Path:
    """What the generator needs of the project; with ``package`` also what it has made."""
    to.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns("__pycache__")
    made = () if package else ("bundle.yaml", "DEVIATIONS.md")
    shutil.copytree(PROJECT / "openapi", to / "openapi", ignore=shutil.ignore_patterns("__pycache__", *made))
    shutil.copy(PROJECT / "generator-config.yaml", to)
    if package:
        for name in (PACKAGE, EMULATED):
            shutil.copytree(PROJECT / name, to / name, ignore=ignore)
    return to


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but compiled ones, and its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def schema(name: str) -> Tree:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_of(body: Tree) -> Tree:
    """The content of a request or an answer."""
    return {"application/json": {"schema": body}}


def operation(name: str, answer: Tree | None = None, **parts: Any) -> Tree:
    """An operation that answers 200, with a body if one is given."""
    ok: Tree = {"description": "Yes."} | ({} if answer is None else {"content": json_of(answer)})
    return {"operationId": name, "responses": {"200": ok}, **parts}


def document(paths: Tree | None = None, schemas: Tree | None = None, **parts: Any) -> Tree:
    """A whole OpenAPI document around some paths and schemas."""
    top = {"openapi": "3.0.1", "info": {"title": "Made up", "version": "7"}, "paths": paths or {}}
    return {**top, "components": {"schemas": schemas or {}}, **parts}


def overlay(extends: str, *actions: Tree) -> Tree:
    """A whole overlay around some actions; each gets a reason unless it has one."""
    top = {"overlay": "1.0.0", "info": {"title": "Made up", "version": "1"}, "extends": f"../{extends}"}
    return {**top, "actions": [{"description": "Because.", **action} for action in actions]}


def folder_of(to: Path, documents: dict[str, Tree], *overlays: Tree) -> Path:
    """A folder as ``make_bundle`` reads it; documents that are not given are empty ones."""
    (to / "overlays").mkdir(parents=True)
    for name in PUBLISHED:
        (to / name).write_text(json.dumps(documents.get(name, document())), encoding="utf-8")
    for number, actions in enumerate(overlays):
        (to / "overlays" / f"{number}.yaml").write_text(json.dumps(actions), encoding="utf-8")
    return to


TEXT: Tree = {"type": "string"}
THING: Tree = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "note": TEXT}}


def sending(name: str, body: Tree, answer: Tree | None = None) -> Tree:
    return {"post": operation(name, answer, requestBody={"content": json_of(body)})}


def answering(name: str, answer: Tree) -> Tree:
    return {"get": operation(name, answer)}


PAGE: Tree = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": schema("Item")}, "next_cursor": TEXT},
}
