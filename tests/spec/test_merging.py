"""New structure in our documents, in which our prose, our comments and the layout stay."""

from __future__ import annotations

import copy
import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brex_accounting.errors import SpecError
from brex_accounting.spec.merging import Lost, Merged, merge
from tests.soak import SOAK

from . import documents
from .documents import ACCOUNTING, PROJECT, PUBLISHED, published
from .mutations import KINDS, NAMES, mutated

OURS = """\
# Ours. The prose is ours.
openapi: 3.0.1
info:
  title: Things
  version: "1"
servers:
  - url: https://one
    description: The first.
  - url: https://two
    description: The second.
tags:
  - name: Things
    description: All of them.
paths:
  # The only path.
  /things/{thing_id}:
    get:
      operationId: getThing
      tags:
        - Things
      summary: Get a thing
      description: >-
        Reads the thing that has the given id, and says so in more words than fit into a single line, so that the lines
        are folded.
      security:
        - OAuth2:
            - things.read
            - things.write
      parameters:
        - name: thing_id
          in: path
          required: true
          description: Which thing.
          schema:
            type: string
          example: thing_1
        - name: kind
          in: query
          description: Only things of this kind.
          schema:
            $ref: "#/components/schemas/Kind"
      responses:
        "200":
          description: The thing.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
        "404":
          description: There is none.
components:
  schemas:
    Thing:
      type: object
      description: A thing.
      required:
        - id
        - kind
      properties:
        id:
          type: string
          description: Its id.
        # Whether it is big.
        kind:
          description: What it is.
          allOf:
            - $ref: "#/components/schemas/Kind"
        size:
          nullable: true
          description: How big it is.
          allOf:
            - $ref: "#/components/schemas/Size"
        choice:
          oneOf:
            - $ref: "#/components/schemas/Kind"
            - type: object
              properties:
                left:
                  type: string
                  description: On the left.
    Size:
      type: object
      description: How big.
      properties:
        height:
          type: number
          minimum: 0
          description: In metres.
          example: 1.50
    Kind:
      type: string
      description: "BIG or SMALL: two kinds."
      enum:
        - BIG
        - SMALL
  securitySchemes:
    OAuth2:
      type: oauth2
      description: By consent.
      flows:
        authorizationCode:
          authorizationUrl: https://a
          tokenUrl: https://t
          scopes:
            things.read: Read things.
            things.write: Read and write them.
"""

GET = "/things/{thing_id}"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "things_api.yaml"
    path.write_text(OURS, encoding="utf-8")
    return path


def tree_of(text: str = OURS) -> Any:
    return documents.YAML(typ="safe", pure=True).load(text)


def lines_changed(text: str) -> list[str]:
    """What a merge takes out of our document and puts into it, line by line."""
    lines = difflib.unified_diff(OURS.splitlines(), text.splitlines(), n=0, lineterm="")
    return [f"{line[0]} {line[1:].strip()}" for line in list(lines)[2:] if line[0] in "+-"]


Merge = Callable[[Callable[[Any], object]], Merged]


@pytest.fixture
def merged(ours: Path) -> Merge:
    """Our document merged with a copy of itself in which something is changed."""

    def apply(change: Callable[[Any], object]) -> Merged:
        tree = tree_of()
        change(tree)
        return merge(ours, tree)

    return apply


def put(*at: str | int, to: object) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        for part in at[:-1]:
            tree = tree[part]
        tree[at[-1]] = to

    return change


def drop(*at: str | int) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        for part in at[:-1]:
            tree = tree[part]
        del tree[at[-1]]

    return change


SCHEMAS = ("components", "schemas")
THING = (*SCHEMAS, "Thing", "properties")
SCOPES = ("components", "securitySchemes", "OAuth2", "flows", "authorizationCode", "scopes")
OPERATION = ("paths", GET, "get")


class TestTheSame:
    @pytest.mark.parametrize("name", PUBLISHED)
    def test_a_document_into_itself(self, name: str) -> None:
        """Each of our documents comes out byte for byte as it is, and nothing is to be written or lost."""
        path = PROJECT / "openapi" / name
        found = merge(path, published(name))
        assert (path.read_text(encoding="utf-8"), (), ()) == (found.text, found.to_write, found.lost)

    @pytest.mark.parametrize(
        "change",
        [
            put(*OPERATION, "description", to="Theirs."),
            put("info", "title", to="Their things"),
            put("info", "contact", to={"name": "They"}),
            put(*SCHEMAS, "Size", "properties", "height", "example", to=17),
            put(*SCHEMAS, "Size", "title", to="SIZE"),
            put(*SCHEMAS, "Size", "externalDocs", to={"url": "https://docs"}),
            put(*SCHEMAS, "Size", "x-internal-name", to="sz"),
            put(*SCOPES, "things.read", to="Their words."),
            drop(*OPERATION, "description"),
            lambda tree: tree["tags"][0].pop("description"),
            lambda tree: tree["components"]["schemas"]["Thing"]["required"].reverse(),
            lambda tree: tree["components"]["schemas"]["Kind"]["enum"].reverse(),
            lambda tree: tree["paths"][GET]["get"]["parameters"].reverse(),
            lambda tree: tree["paths"][GET]["get"]["security"][0]["OAuth2"].reverse(),
            lambda tree: put(*SCHEMAS, to=dict(reversed(tree["components"]["schemas"].items())))(tree),
            put(*THING, "kind", to={"$ref": "#/components/schemas/Kind"}),
        ],
    )
    def test_what_says_nothing_of_the_wire(self, merged: Merge, change: Callable[[Any], object]) -> None:
        """Their prose, their examples, marks of tools, another order or a wrapper leave our document as it is."""
        found = merged(change)
        assert (OURS, (), ()) == (found.text, found.to_write, found.lost)


class TestChanges:
    """A small change is a few lines."""

    @pytest.mark.parametrize(
        ("change", "lines", "to_write"),
        [
            (
                put(*SCHEMAS, "Size", "properties", "width", to={"description": "W", "type": "number", "example": 1}),
                ["+ width:", "+ type: number", '+ description: ""'],
                ("components.schemas.Size.properties.width",),
            ),
            (
                lambda tree: put(*THING, to={"new": {"$ref": "#/components/schemas/Size"}, **at(tree, *THING)})(tree),
                ["+ new:", '+ $ref: "#/components/schemas/Size"'],
                (),
            ),
            (put(*THING, "id", "format", to="uuid"), ["+ format: uuid"], ()),
            (put(*THING, "id", "type", to="integer"), ["- type: string", "+ type: integer"], ()),
            (put(*THING, "id", "nullable", to=True), ["+ nullable: true"], ()),
            (drop(*THING, "size", "nullable"), ["- nullable: true"], ()),
            (put(*SCHEMAS, "Size", "properties", "height", "minimum", to=0.0), ["- minimum: 0", "+ minimum: 0.0"], ()),
            (put(*SCHEMAS, "Size", "required", to=["height"]), ["+ required:", "+ - height"], ()),
            (
                put(*SCHEMAS, "Kind", "enum", to=["BIG", "MEDIUM", "SMALL", "on"]),
                ["+ - MEDIUM", "+ - on"],
                (
                    "components.schemas.Kind.enum, new value 'MEDIUM', if the description tells of the values",
                    "components.schemas.Kind.enum, new value 'on', if the description tells of the values",
                ),
            ),
            (put(*SCHEMAS, "Kind", "enum", to=["BIG", "true"]), ["- - SMALL", '+ - "true"'], None),
            (
                put(*SCOPES, "things.admin", to="Theirs"),
                ['+ things.admin: ""'],
                ("components.securitySchemes.OAuth2.flows.authorizationCode.scopes.things.admin",),
            ),
            (
                put(*OPERATION, "responses", "429", to={"description": "Theirs"}),
                ['+ "429":', '+ description: ""'],
                ("paths./things/{thing_id}.get.responses.429",),
            ),
            (
                lambda tree: at(tree, *OPERATION, "parameters").insert(
                    1, {"schema": {"type": "boolean"}, "in": "query", "name": "deep", "description": "Theirs"}
                ),
                ["+ - name: deep", "+ in: query", '+ description: ""', "+ schema:", "+ type: boolean"],
                ("paths./things/{thing_id}.get.parameters.query deep",),
            ),
            (
                put(*OPERATION, "operationId", to="readThing"),
                ["- operationId: getThing", "+ operationId: readThing"],
                (),
            ),
            (put(*OPERATION, "deprecated", to=True), ["+ deprecated: true"], ()),
            (put("info", "version", to="1.10"), ['- version: "1"', '+ version: "1.10"'], ()),
            (put("openapi", to="3.0.3"), ["- openapi: 3.0.1", "+ openapi: 3.0.3"], ()),
            (put(*OPERATION, "security", 0, "OAuth2", to=["things.read", "x"]), ["- - things.write", "+ - x"], ()),
        ],
    )
    def test_each_is_small(
        self, merged: Merge, change: Callable[[Any], object], lines: list[str], to_write: tuple[str, ...] | None
    ) -> None:
        """What is new stands where such things stand, without their prose, and is named if it wants ours."""
        found = merged(change)
        assert lines == lines_changed(found.text)
        assert to_write is None or to_write == found.to_write
        assert () == found.lost

    def test_a_new_operation(self, merged: Merge) -> None:
        """It has the order and the style of the others, empty descriptions, and none of their words."""
        operation = {
            "summary": "Theirs",
            "description": "Theirs",
            "responses": {"204": {"description": "Theirs"}},
            "security": [{"OAuth2": ["things.write"]}],
            "requestBody": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Size"}, "example": {"a": 1}}},
                "required": True,
            },
            "tags": ["Things"],
            "operationId": "putThing",
        }
        found = merged(put("paths", GET, "put", to=operation))
        assert (
            """\
        "404":
          description: There is none.
    put:
      operationId: putThing
      tags:
        - Things
      description: ""
      security:
        - OAuth2:
            - things.write
      requestBody:
        description: ""
        required: true
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Size"
      responses:
        "204":
          description: ""
components:
"""
            in found.text
        )
        place = "paths./things/{thing_id}.put"
        assert {place, f"{place}.requestBody", f"{place}.responses.204"} == set(found.to_write)
        assert "Theirs" not in found.text

    def test_what_goes_leaves_its_prose(self, merged: Merge) -> None:
        """Prose whose node is gone is listed, examples too, so that a person can move it."""
        found = merged(drop(*SCHEMAS, "Size", "properties", "height"))
        place = "components.schemas.Size.properties.height"
        assert (
            Lost(where=f"{place}.description", text="In metres."),
            Lost(where=f"{place}.example", text="1.5"),
        ) == found.lost

    def test_a_schema_that_becomes_a_mere_no(self, ours: Path) -> None:
        """So it is where something of another kind takes the node's place."""
        kept = "        height:\n          type: number\n"
        ours.write_text(
            OURS.replace(kept, f"{kept}          additionalProperties:\n            description: More.\n"), "utf-8"
        )
        tree = tree_of()
        at(tree, *SCHEMAS, "Size", "properties", "height")["additionalProperties"] = False
        place = "components.schemas.Size.properties.height.additionalProperties.description"
        assert (Lost(where=place, text="More."),) == merge(ours, tree).lost

    def test_a_field_that_becomes_a_reference(self, merged: Merge) -> None:
        """Nothing may stand beside a reference, so the prose is lost, and listed."""
        found = merged(put(*THING, "id", to={"$ref": "#/components/schemas/Size"}))
        assert Lost(where="components.schemas.Thing.properties.id.description", text="Its id.") == found.lost[0]

    def test_a_reference_that_becomes_a_field(self, merged: Merge) -> None:
        """A wrapped reference keeps its prose when its schema is written out instead."""
        found = merged(put(*THING, "kind", to={"type": "string", "description": "Theirs"}))
        expected = ["- allOf:", '- - $ref: "#/components/schemas/Kind"', "+ type: string"]
        assert sorted(expected) == sorted(lines_changed(found.text))
        assert ((), ()) == (found.to_write, found.lost)

    def test_a_choice(self, merged: Merge) -> None:
        """Alternatives are told by what they are, not by where they stand; their order is the new one."""

        def change(tree: Any) -> None:
            kind, inline = at(tree, *THING, "choice", "oneOf")
            at(tree, *THING, "choice")["oneOf"] = [inline, {"type": "string"}, kind]

        found = merged(change)
        assert "description: On the left." in found.text
        choice = tree_of(found.text)["components"]["schemas"]["Thing"]["properties"]["choice"]["oneOf"]
        assert [{"left"}, "string", "#/components/schemas/Kind"] == [
            set(choice[0]["properties"]), choice[1]["type"], choice[2]["$ref"],
        ]  # fmt: skip

    def test_another_order_of_servers(self, merged: Merge) -> None:
        """The first server is the default one, so their order counts; their prose goes along."""
        found = merged(lambda tree: tree["servers"].reverse())
        assert (
            """\
servers:
  - url: https://two
    description: The second.
  - url: https://one
    description: The first.
tags:
"""
            in found.text
        )


class TestOtherNames:
    """Names that do not go over the wire."""

    def test_a_schema(self, merged: Merge) -> None:
        """A renamed schema keeps its prose and its place, wherever it is referred to."""

        def change(tree: Any) -> None:
            text = json.dumps(tree).replace("schemas/Size", "schemas/Dimensions").replace('"Size"', '"Dimensions"')
            tree.update(json.loads(text))

        found = merged(change)
        assert [
            '- - $ref: "#/components/schemas/Size"',
            '+ - $ref: "#/components/schemas/Dimensions"',
            "- Size:",
            "+ Dimensions:",
        ] == lines_changed(found.text)
        assert ((), ()) == (found.to_write, found.lost)

    def test_schemas_of_schemas(self, merged: Merge) -> None:
        """Renamed schemas are found through renamed schemas."""

        def change(tree: Any) -> None:
            text = json.dumps(tree)
            for name in ("Thing", "Size", "Kind"):
                text = text.replace(f"schemas/{name}", f"schemas/New{name}").replace(
                    f'"{name}": {{', f'"New{name}": {{'
                )
            tree.update(json.loads(text))

        found = merged(change)
        assert ((), ()) == (found.to_write, found.lost)
        assert ["NewThing", "NewSize", "NewKind"] == list(found.tree["components"]["schemas"])

    def test_a_name_that_goes_to_another_schema(self, merged: Merge) -> None:
        """A schema that is new under a new name, beside the old one, is new."""

        def change(tree: Any) -> None:
            tree["components"]["schemas"]["Big"] = {"type": "object"}
            at(tree, *THING, "size", "allOf")[0]["$ref"] = "#/components/schemas/Big"

        found = merged(change)
        assert ("components.schemas.Big",) == found.to_write
        assert "How big." in found.text

    def test_the_variable_of_a_path(self, merged: Merge) -> None:
        """A path with another name for its variable is the same path, and its parameter the same parameter."""

        def change(tree: Any) -> None:
            item = tree["paths"].pop(GET)
            item["get"]["parameters"][0]["name"] = "id"
            tree["paths"]["/things/{id}"] = item

        found = merged(change)
        expected = ["- /things/{thing_id}:", "+ /things/{id}:", "- - name: thing_id", "+ - name: id"]
        assert expected == lines_changed(found.text)
        assert ((), ()) == (found.to_write, found.lost)

    @pytest.mark.parametrize("path", ["/v2/things/{id}", "/shops/{shop_id}/things/{thing_id}"])
    def test_an_operation_that_has_moved(self, merged: Merge, path: str) -> None:
        """An operation that has another path and its operationId keeps its place, its comments and its prose."""

        def change(tree: Any) -> None:
            item = tree["paths"].pop(GET)
            if "shop_id" in path:
                item["parameters"] = [{"name": "shop_id", "in": "path", "required": True, "schema": {"type": "string"}}]
            else:
                item["get"]["parameters"][0]["name"] = "id"
            tree["paths"][path] = item

        found = merged(change)
        is_longer = "shop_id" in path
        assert ([f"paths.{path}.parameters.path shop_id"] if is_longer else [], ()) == ([*found.to_write], found.lost)
        assert f"  # The only path.\n  {path}:\n" in found.text
        assert "          description: Which thing.\n" in found.text

    def test_an_operation_that_is_another_one(self, merged: Merge) -> None:
        """Without the same operationId, or with another method, an operation at another path is a new one."""
        for method, name in (("get", "findThing"), ("put", "getThing")):

            def change(tree: Any, method: str = method, name: str = name) -> None:
                operation = tree["paths"].pop(GET)["get"]
                tree["paths"]["/v2/things/{thing_id}/all"] = {method: {**operation, "operationId": name}}

            found = merged(change)
            assert f"paths./v2/things/{{thing_id}}/all.{method}" in found.to_write
            assert "Which thing." in [one.text for one in found.lost]


class TestComments:
    def test_they_stay(self, merged: Merge) -> None:
        """Comments stay above what they are about, when something else changes."""
        found = merged(put(*SCHEMAS, "Size", "required", to=["height"]))
        assert "        # Whether it is big.\n        kind:\n" in found.text
        assert "paths:\n  # The only path.\n  /things/{thing_id}:\n" in found.text

    def test_a_comment_that_cannot_stay_is_told(self, merged: Merge) -> None:
        """A comment goes with what stands above it, or what it is about, and is listed with the line that it had."""
        assert Lost(where="a comment in line 63", text="# Whether it is big.") in merged(drop(*THING, "id")).lost
        assert Lost(where="a comment in line 15", text="# The only path.") in merged(drop("paths", GET)).lost


class TestRefusals:
    def test_a_node_in_two_places(self, ours: Path) -> None:
        """An alias in our document would change two places at once."""
        text = OURS.replace(
            '        "404":\n          description: There is none.',
            '        "404": &none\n          description: There is none.\n        "405": *none',
        )
        ours.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError, match=r"^things_api\.yaml: has a node in two places by a YAML alias"):
            merge(ours, tree_of())

    @pytest.mark.parametrize(
        ("text", "complaint"), [("a: [", "cannot be read as YAML"), ("- 1", "expected an OpenAPI object")]
    )
    def test_no_document(self, ours: Path, text: str, complaint: str) -> None:
        """What is no document of ours is named."""
        ours.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError, match=rf"^things_api\.yaml: {complaint}"):
            merge(ours, tree_of())

    def test_our_file_is_only_read(self, ours: Path) -> None:
        """Merging writes nothing, and leaves the new document as it is."""
        tree = tree_of()
        tree["paths"] = {}
        before = copy.deepcopy(tree)
        merge(ours, tree)
        assert (OURS, before) == (ours.read_text(encoding="utf-8"), tree)


def at(tree: Any, *place: str | int) -> Any:
    for part in place:
        tree = tree[part]
    return tree


# ---- for any change --------------------------------------------------------------------------------------------------

PROSE = {"description", "summary", "title", "example", "examples", "externalDocs", "contact"}
DATA = {"default"}
SETS = {"parameters", "required", "enum", "security", "OAuth2", "Other"}


def bare(node: Any, key: str = "", *, names: bool = False) -> Any:
    """A document without its prose, sets in order: written without the tool's own notion of structure."""
    if isinstance(node, dict):
        if set(node) - PROSE == {"allOf"} and len(node["allOf"]) == 1 and not names:
            return bare(node["allOf"][0])
        return {
            name: ""
            if key == "scopes"
            else part
            if name in DATA and not names
            else bare(part, name, names=name in NAMES and not names)
            for name, part in node.items()
            if names or (name not in PROSE and (not name.startswith("x-") or name == "x-webhooks"))
        }
    if isinstance(node, list):
        parts = [bare(part) for part in node]
        is_set = key in SETS or (key == "tags" and parts and isinstance(parts[0], dict))
        return sorted(parts, key=canonical) if is_set else parts
    return node


def canonical(node: Any) -> str:
    return json.dumps(node, sort_keys=True)


def texts(node: Any, *, names: bool = False, key: str = "") -> Iterator[str]:
    """Every text of a document that is prose."""
    if isinstance(node, dict):
        for name, part in node.items():
            if name in DATA and not names:
                continue
            if key == "scopes" or (not names and name in PROSE and not (key == "" and name == "title")):
                yield part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
            else:
                yield from texts(part, names=name in NAMES and not names, key=name)
    elif isinstance(node, list):
        for part in node:
            yield from texts(part)


def holds(path: Path, kinds: list[str], seed: int) -> None:
    """Whatever changes: the structure is theirs, the prose ours, and none of it is gone without a word."""
    ours = tree_of(path.read_text(encoding="utf-8"))
    theirs = mutated(ours, kinds, seed)
    found = merge(path, theirs)
    assert canonical(bare(theirs)) == canonical(bare(found.tree))
    assert canonical(bare(found.tree)) == canonical(bare(tree_of(found.text)))
    assert "THEIRS" not in found.text
    before = Counter(" ".join(text.split()) for text in texts(ours) if text)
    after = Counter(" ".join(text.split()) for text in texts(found.tree) if text)
    lost = Counter(lost.text for lost in found.lost if "comment" not in lost.where)
    assert before == after + lost
    again = merge(write_beside(path, found.text), theirs)
    assert (found.text, ()) == (again.text, again.lost)


def write_beside(path: Path, text: str) -> Path:
    other = path.with_name("again.yaml")
    other.write_text(text, encoding="utf-8")
    return other


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("merging") / "things_api.yaml"
    path.write_text(OURS, encoding="utf-8")
    return path


class TestAnyChange:
    @settings(max_examples=400 if SOAK else 15)
    @given(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6), seed=st.integers(0, 2**32))
    def test_of_a_small_document(self, small: Path, kinds: list[str], seed: int) -> None:
        """The structure is exactly the new one, and our prose is where it was, or listed."""
        holds(small, kinds, seed)

    @pytest.mark.soak
    @given(
        name=st.sampled_from(PUBLISHED),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8),
        seed=st.integers(0, 2**32),
    )
    @settings(max_examples=200)
    def test_of_our_documents(
        self, tmp_path_factory: pytest.TempPathFactory, name: str, kinds: list[str], seed: int
    ) -> None:
        """So it is with each of our documents."""
        path = tmp_path_factory.mktemp("merging") / name
        path.write_bytes((PROJECT / "openapi" / name).read_bytes())
        holds(path, kinds, seed)

    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_changes_something(self, kind: str) -> None:
        """None of the kinds is without effect, so that the claims above are about something."""
        ours = published(ACCOUNTING)
        assert any(json.dumps(mutated(ours, [kind], seed)) != json.dumps(ours) for seed in range(8))
