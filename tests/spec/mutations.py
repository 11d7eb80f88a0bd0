"""Changes of any kind, somewhere in a document, as a publisher might make them; their texts all say THEIRS."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from .documents import Tree

NAMES = {"properties", "schemas", "paths", "responses", "x-webhooks", "securitySchemes"}
PROSE: Tree = {"description": "THEIRS", "example": "THEIRS"}


def objects(node: Any, *, names: bool = False) -> Iterator[Tree]:
    """Every schema and other object of a document that is not an object of names."""
    if isinstance(node, dict):
        if not names:
            yield node
        for name, part in node.items():
            yield from objects(part, names=name in NAMES | {"scopes", "content"} and not names)
    elif isinstance(node, list):
        for part in node:
            yield from objects(part)


class Mutations:
    """Each method but those with an underscore is a kind of change; it does nothing where there is no place for it."""

    def __init__(self, tree: Tree, rng: random.Random) -> None:
        self._tree = tree
        self._rng = rng
        self._schemas: Tree = tree["components"]["schemas"]
        self._operations: list[Tree] = [item[method] for item in tree["paths"].values() for method in item]
        self._name = f"new_{rng.randrange(1000)}"

    def _holders(self, key: str) -> list[Tree]:
        return [node for node in objects(self._tree) if node.get(key)]

    def _one(self, nodes: list[Tree]) -> Tree:
        return self._rng.choice(nodes or [{}])

    def _schema(self) -> Tree:
        known = self._rng.choice(list(self._schemas))
        return self._rng.choice(
            [
                {"type": "string", **PROSE},
                {"type": "array", "items": {"type": "string", "title": "THEIRS"}, **PROSE},
                {"$ref": f"#/components/schemas/{known}"},
                {"nullable": True, "allOf": [{"$ref": f"#/components/schemas/{known}"}], **PROSE},
                {
                    "type": "object",
                    "properties": {"description": {"type": "string", **PROSE}},
                    "required": ["description"],
                },
            ]
        )

    def _fields(self) -> Tree:
        return self._one([node["properties"] for node in self._holders("properties")])

    def field(self) -> None:
        chosen = self._fields()
        items = [*chosen.items()]
        items.insert(self._rng.randrange(len(items) + 1), (self._name, self._schema()))
        chosen.clear()
        chosen.update(items)

    def no_field(self) -> None:
        chosen = self._fields()
        chosen.pop(self._rng.choice([*chosen, ""]), None)

    def other_field(self) -> None:
        chosen = self._fields()
        if chosen:
            chosen[self._rng.choice(list(chosen))] = self._schema()

    def order(self) -> None:
        for node in self._holders("properties"):
            items = [*node["properties"].items()]
            self._rng.shuffle(items)
            node["properties"] = dict(items)

    def enum(self) -> None:
        node = self._one(self._holders("enum"))
        known = node.get("enum", [])
        node["enum"] = [*self._rng.sample(known, len(known) // 2), self._name.upper(), "1", "no"]

    def required(self) -> None:
        node = self._one(self._holders("properties"))
        required = [key for key in node.get("properties", {}) if self._rng.random() < 0.5]
        node.pop("required", None)
        if required:
            node["required"] = required

    def keyword(self) -> None:
        node = self._one([node for node in objects(self._schemas) if "type" in node])
        keywords: list[Tree] = [{"nullable": True}, {"default": {"description": 1}}, {"maxLength": 3}, {"x-a": 1}]
        node.update(self._rng.choice(keywords))

    def scalar(self) -> None:
        self._one(self._holders("type"))["type"] = self._rng.choice(["string", "number", "boolean"])

    def operation(self) -> None:
        answer = {"description": "THEIRS", "content": {"application/json": {"schema": self._schema()}}}
        new = {"operationId": self._name, "summary": "THEIRS", "responses": {"200": answer}}
        self._tree["paths"][f"/{self._name}"] = {"get": new}

    def no_operation(self) -> None:
        item = self._one([*self._tree["paths"].values()])
        item.pop(self._rng.choice([*item, ""]), None)

    def parameter(self) -> None:
        parameters = self._one(self._operations).setdefault("parameters", [])
        new = {"name": self._name, "in": "query", "schema": {"type": "string"}, **PROSE}
        parameters.insert(self._rng.randrange(len(parameters) + 1), new)

    def no_parameter(self) -> None:
        parameters = self._one([each for each in self._operations if each.get("parameters")]).get("parameters", [0])
        parameters.pop(self._rng.randrange(len(parameters)))

    def answer(self) -> None:
        status = str(self._rng.randrange(400, 600))
        self._one(self._operations).setdefault("responses", {})[status] = {"description": "THEIRS"}

    def schema(self) -> None:
        self._schemas[self._name] = self._schema()

    def no_schema(self) -> None:
        if len(self._schemas) > 1:
            del self._schemas[self._rng.choice(list(self._schemas))]

    def renamed_schema(self) -> None:
        old = self._rng.choice(list(self._schemas))
        tree = json.loads(json.dumps(self._tree).replace(f'schemas/{old}"', f'schemas/{self._name}"'))
        known = tree["components"]["schemas"]
        tree["components"]["schemas"] = {self._name if key == old else key: part for key, part in known.items()}
        self._tree.clear()
        self._tree.update(tree)

    def scope(self) -> None:
        for node in self._holders("scopes"):
            kept = self._rng.sample([*node["scopes"].items()], len(node["scopes"]) // 2)
            node["scopes"] = {**dict(kept), self._name: "THEIRS"}

    def security(self) -> None:
        choices: list[Any] = [[], [{"OAuth2": [self._name]}], [{"OAuth2": []}, {"Other": [self._name]}]]
        self._one(self._operations)["security"] = self._rng.choice(choices)

    def servers(self) -> None:
        known = self._tree.get("servers", [])
        new = {"url": self._name, "description": "THEIRS"}
        self._tree["servers"] = self._rng.choice([[], [*reversed(known), new]])

    def tags(self) -> None:
        self._tree["tags"] = [{"name": self._name, "description": "THEIRS"}, *self._tree.get("tags", [])[1:]]

    def prose(self) -> None:
        for node in objects(self._tree):
            if isinstance(node.get("description"), str):
                node["description"] = "THEIRS"


KINDS = [name for name in vars(Mutations) if not name.startswith("_")]


def mutated(tree: Tree, kinds: list[str], seed: int) -> Tree:
    """A copy of a document with changes of these kinds, one after the other."""
    made, rng = copy.deepcopy(tree), random.Random(seed)
    for kind in kinds:
        getattr(Mutations(made, rng), kind)()
    return made
