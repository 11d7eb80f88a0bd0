"""What two OpenAPI documents say of the wire, compared; written without the spec tools, to check on them.

A document becomes trees of facts, operation by operation: references are followed, a wrapper around a single schema is
folded, defaults of OpenAPI are filled in, prose is left out. Each fact knows where it stands in its document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

ABSENT = "(absent)"
PROSE = ("description", "summary", "example", "examples", "title", "deprecated")

Place = tuple[str | int, ...]
Tree = dict[str, Any]


@frozen
class Fact:
    """A value, or named parts that are facts themselves, and the place that says so, or would if it were said."""

    place: Place
    value: Any = None
    parts: dict[str, Fact] | None = None
    assumed: bool = False

    def plain(self) -> Any:
        return self.value if self.parts is None else {name: part.plain() for name, part in self.parts.items()}

    def places(self) -> list[Place]:
        """Where the values stand that the fact consists of; for a fact without any, its own place."""
        return list(self._told()) or [self.place]

    def _told(self) -> Iterator[Place]:
        if self.parts is None and not self.assumed:
            yield self.place
        for part in (self.parts or {}).values():
            yield from part._told()


@frozen
class Difference:
    """A fact in which two documents differ, or that only one of them has.

    Attributes:
        owner: The published document's name.
        subject: The operation, or whatever else the fact is about.
        path: The names that lead to it, joined by slashes.
        published: What is published, ``ABSENT`` if nothing.
        bundled: What the bundle says, ``ABSENT`` if nothing.
        whole: Where that stands, as a whole.
        places: Where the values stand that it consists of.
    """

    owner: str
    subject: str
    path: str
    published: Any
    bundled: Any
    whole: Place
    places: tuple[Place, ...]

    def row(self) -> tuple[str, str, Any, Any]:
        return (self.subject, self.path, self.published, self.bundled)


def is_prose(place: Place) -> bool:
    """Whether a value is read by people, or by our templates, and never goes over the wire."""
    last = str(place[-1])
    return last in PROSE or last.startswith("x-")


def differences(published: dict[str, Tree], bundle: Tree) -> list[Difference]:
    """Every fact that the bundle treats otherwise than the published documents."""
    theirs = facts(bundle)
    found: list[Difference] = []
    seen: set[str] = set()
    for owner, document in published.items():
        for subject, fact in facts(document).items():
            found += _compare(owner, subject, (), fact, theirs.get(subject))
            seen.add(subject)
    found += [
        Difference("bundle", subject, "", ABSENT, fact.plain(), fact.place, tuple(fact.places()))
        for subject, fact in theirs.items()
        if subject not in seen
    ]
    return found


def facts(document: Tree) -> dict[str, Fact]:
    """A document's facts by subject: its operations and events, its servers, its unused schemas, its way to sign in."""
    reader = _Reader(document)
    found = {
        "servers": Fact(("servers",), [server["url"] for server in document.get("servers", [])]),
        "sign-in": reader.sign_in(),
    }
    for root in ("paths", "x-webhooks"):
        for path, item in document.get(root, {}).items():
            for method, operation in item.items():
                if method in ("parameters", "servers", "summary", "description"):
                    continue
                found[f"{method.upper()} {path}"] = reader.operation((root, path, method), operation, item)
    for name in document.get("components", {}).get("schemas", {}):
        if name not in reader.used:
            found[f"unused {name}"] = reader.schema({"$ref": f"#/components/schemas/{name}"}, ())
    return found


def _compare(
    owner: str, subject: str, path: tuple[str, ...], mine: Fact | None, theirs: Fact | None
) -> list[Difference]:
    if mine is not None and theirs is not None and mine.parts is not None and theirs.parts is not None:
        names = {**mine.parts, **theirs.parts}
        return [
            difference
            for name in names
            for difference in _compare(owner, subject, (*path, name), mine.parts.get(name), theirs.parts.get(name))
        ]
    published, bundled = (ABSENT if fact is None else fact.plain() for fact in (mine, theirs))
    if type(published) is type(bundled) and published == bundled:
        return []
    sides = [fact for fact in (mine, theirs) if fact is not None]
    places = tuple(place for fact in sides for place in fact.places())
    return [Difference(owner, subject, "/".join(path), published, bundled, sides[0].place, places)]


class _Reader:
    def __init__(self, document: Tree) -> None:
        self.document = document
        self.used: set[str] = set()

    def sign_in(self) -> Fact:
        """The schemes without their scopes, which the bundle joins; each operation says which it needs."""
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        at: Place = ("components", "securitySchemes")
        parts: dict[str, Fact] = {}
        for name, scheme in schemes.items():
            flows = {
                flow: {key: value for key, value in settings.items() if key != "scopes"}
                for flow, settings in scheme.get("flows", {}).items()
            }
            parts[name] = Fact((*at, name), {"type": scheme["type"], "flows": flows})
        return Fact(at, parts=parts)

    def operation(self, at: Place, operation: Tree, item: Tree) -> Fact:
        parts = {
            "operationId": Fact((*at, "operationId"), operation.get("operationId")),
            "security": self.security(at, operation),
        }
        for holder, where in ((item, at[:-1]), (operation, at)):
            for index, parameter in enumerate(holder.get("parameters", [])):
                name = f"{parameter['in']} {parameter['name']}"
                parts[name] = self.parameter((*where, "parameters", index), parameter)
        if "requestBody" in operation:
            body, here = operation["requestBody"], (*at, "requestBody")
            required = Fact((*here, "required"), body.get("required", False), assumed="required" not in body)
            parts["body"] = Fact(here, parts={"required": required, **self.content(here, body)})
        for code, answer in operation["responses"].items():
            here = (*at, "responses", code)
            parts[str(code)] = Fact(here, parts=self.content(here, answer))
        for key, value in operation.items():
            if key not in (
                "operationId",
                "security",
                "parameters",
                "requestBody",
                "responses",
                "tags",
            ) and not is_prose((key,)):
                parts[key] = Fact((*at, key), value)
        return Fact(at, parts=parts)

    def security(self, at: Place, operation: Tree) -> Fact:
        """Which scopes a call needs; scopes have no order."""
        holder, place = (operation, at) if "security" in operation else (self.document, ())
        required = [
            {name: sorted(scopes) for name, scopes in requirement.items()} for requirement in holder.get("security", [])
        ]
        return Fact((*place, "security"), required, assumed="security" not in holder)

    def parameter(self, at: Place, parameter: Tree) -> Fact:
        style = "form" if parameter["in"] in ("query", "cookie") else "simple"
        told = {key: value for key, value in parameter.items() if key not in ("name", "in", "schema", "content")}
        settings = {
            "required": False,
            "style": style,
            "explode": parameter.get("style", style) == "form",
            "allowReserved": False,
            "allowEmptyValue": False,
            **{key: value for key, value in told.items() if not is_prose((key,))},
        }
        parts = {key: Fact((*at, key), value, assumed=key not in told) for key, value in settings.items()}
        if "schema" in parameter:
            parts["schema"] = self.schema(parameter["schema"], (*at, "schema"))
        return Fact(at, parts={**parts, **self.content(at, parameter)})

    def content(self, at: Place, holder: Tree) -> dict[str, Fact]:
        return {
            media: self.schema(body.get("schema", {}), (*at, "content", media, "schema"))
            for media, body in holder.get("content", {}).items()
        }

    def schema(self, schema: Tree, at: Place, above: tuple[str, ...] = ()) -> Fact:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/components/schemas/")
            if name in above:  # names differ between documents; how far up it leads does not
                return Fact(at, f"the schema {len(above) - above.index(name)} up again")
            self.used.add(name)
            target = self.document["components"]["schemas"][name]
            return self.schema(target, ("components", "schemas", name), (*above, name))
        if "allOf" in schema and len(schema["allOf"]) == 1 and not {"type", "properties"} & set(schema):
            inner = self.schema(schema["allOf"][0], (*at, "allOf", 0), above)
            if inner.parts is None or not schema.get("nullable"):
                return inner
            return Fact(at, parts={**inner.parts, "nullable": Fact((*at, "nullable"), True)})
        nullable = Fact((*at, "nullable"), schema.get("nullable", False), assumed="nullable" not in schema)
        parts = {"nullable": nullable}
        for key, value in schema.items():
            here = (*at, key)
            if key == "properties":
                parts["fields"] = Fact(here, parts={name: self.field(schema, name, at, above) for name in value})
            elif key in ("allOf", "anyOf", "oneOf"):
                inner = [self.schema(part, (*here, index), above) for index, part in enumerate(value)]
                parts[key] = Fact(here, parts={str(index): part for index, part in enumerate(inner)})
            elif key in ("items", "additionalProperties", "not") and isinstance(value, dict):
                parts[key] = self.schema(value, here, above)
            elif key not in ("required", "nullable", "x-direction") and not is_prose(here):
                parts[key] = Fact(here, value)
        return Fact(at, parts=parts)

    def field(self, schema: Tree, name: str, at: Place, above: tuple[str, ...]) -> Fact:
        inner = self.schema(schema["properties"][name], (*at, "properties", name), above)
        is_required = name in schema.get("required", [])
        required = Fact((*at, "required"), is_required, assumed=not is_required)
        shape = {"shape": inner} if inner.parts is None else inner.parts
        return Fact(inner.place, parts={"required": required, **shape})
