"""Which parts of two documents correspond: operations by method and path, schemas by name or by where they are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from .document import Node
from .facts import Endpoint, Facts, Value, fold, kind
from .marking import Flow

_ALIKE: Final = 0.5
"""The share of fields or values that two schemas have to have in common to be one that was renamed."""


@frozen
class Pairs:
    """What corresponds to what.

    Attributes:
        schemas: Names in the old document to names in the new one, for all schemas that both have.
        endpoints: The operations and events that both have, old and new, in the new one's order.
        flows: Which way each schema goes, by its new name, or by its old one where it is gone.
        old_flows: Which way each schema of the old document went, by its name there.
        users: The operations and events that lead to each schema, by the same names.
    """

    schemas: Mapping[str, str]
    endpoints: tuple[tuple[Endpoint, Endpoint], ...]
    flows: Mapping[str, frozenset[Flow]]
    old_flows: Mapping[str, frozenset[Flow]]
    users: Mapping[str, tuple[str, ...]]


def pair(old: Facts, new: Facts) -> Pairs:
    """Find what corresponds in two documents."""
    endpoints = tuple(_endpoints(old, new))
    same = {name: name for name in old.schemas if name in new.schemas}
    same |= _renamed(old, new, endpoints)
    flows: dict[str, set[Flow]] = {}
    old_flows: dict[str, set[Flow]] = {}
    users: dict[str, set[str]] = {}
    for facts, names in ((old, same), (new, dict[str, str]())):
        for endpoint in facts.endpoints.values():
            for flow, schemas in _trees(endpoint):
                for name in _reached(facts, schemas):
                    if facts is old:
                        old_flows.setdefault(name, set()).add(flow)
                    flows.setdefault(names.get(name, name), set()).add(flow)
                    users.setdefault(names.get(name, name), set()).add(endpoint.where)
    kept = {old_.where: new_.where for old_, new_ in endpoints}
    return Pairs(
        schemas=same,
        endpoints=endpoints,
        flows={name: frozenset(found) for name, found in flows.items()},
        old_flows={name: frozenset(found) for name, found in old_flows.items()},
        users={name: tuple(sorted({kept.get(where, where) for where in found})) for name, found in users.items()},
    )


def _endpoints(old: Facts, new: Facts) -> Iterator[tuple[Endpoint, Endpoint]]:
    gone = {key: endpoint for key, endpoint in old.endpoints.items() if key not in new.endpoints}
    by_id = Counter(str(endpoint.node.get("operationId")) for endpoint in gone.values())
    for key, endpoint in new.endpoints.items():
        if key in old.endpoints:
            yield old.endpoints[key], endpoint
            continue
        name = str(endpoint.node.get("operationId"))
        moved = [other for other in gone.values() if str(other.node.get("operationId")) == name]
        if "operationId" in endpoint.node and by_id[name] == 1 and moved[0].is_event == endpoint.is_event:
            yield moved[0], endpoint


def _trees(endpoint: Endpoint) -> Iterator[tuple[Flow, list[Node]]]:
    """The schemas that callers send, and those that Brex does; with an event it is the other way round."""
    ours, theirs = (Flow.RECEIVED, Flow.SENT) if endpoint.is_event else (Flow.SENT, Flow.RECEIVED)
    yield ours, [schema for _, schema in sent(endpoint)]
    yield theirs, [schema for _, schema in received(endpoint)]


def sent(endpoint: Endpoint) -> Iterator[tuple[str, Node]]:
    """What is sent to an endpoint: parameters and body, each with its name."""
    for (place, name), parameter in endpoint.parameters.items():
        if "schema" in parameter:
            yield f"{place} {name}", parameter["schema"]
        for body in parameter.get("content", {}).values():
            yield f"{place} {name}", body.get("schema", {})
    for media, body in (endpoint.body or {}).get("content", {}).items():
        yield f"body {media}", body.get("schema", {})


def received(endpoint: Endpoint) -> Iterator[tuple[str, Node]]:
    """What an endpoint answers, each with its status and media type."""
    for code, answer in endpoint.answers.items():
        for media, body in answer.get("content", {}).items():
            yield f"{code} {media}", body.get("schema", {})


def inner(facts: Facts, body: Node) -> Iterator[tuple[str, Node]]:
    """The schemas that stand right within a folded one, each with its name there."""
    for key in ("items", "not", "additionalProperties"):
        if isinstance(body.get(key), dict):
            yield key, body[key]
    for key in ("allOf", "oneOf", "anyOf"):
        yield from ((f"{key} {index}", part) for index, part in enumerate(body.get(key, ())))
    yield from ((f".{name}", part) for name, part in body.get("properties", {}).items())


def _reached(facts: Facts, schemas: list[Node]) -> set[str]:
    found: set[str] = set()
    pending = [fold(schema) for schema in schemas]
    while pending:
        value = pending.pop()
        if value.ref is not None:
            if value.ref not in found and value.ref in facts.schemas:
                found.add(value.ref)
                pending.append(fold(facts.schemas[value.ref]))
            continue
        pending += [fold(part) for _, part in inner(facts, value.body)]
    return found


def _renamed(old: Facts, new: Facts, endpoints: tuple[tuple[Endpoint, Endpoint], ...]) -> dict[str, str]:
    """Schemas that stand under a new name wherever the old one stood, and are much alike."""
    gone = {name for name in old.schemas if name not in new.schemas}
    fresh = {name for name in new.schemas if name not in old.schemas}
    if not gone or not fresh:
        return {}
    votes = Counter(_votes(old, new, endpoints))
    found: dict[str, str] = {}
    for mine in sorted(gone):
        theirs = {name for (one, name) in votes if one == mine}
        if len(theirs) == 1:
            (name,) = theirs
            rivals = {one for (one, other) in votes if other == name}
            if name in fresh and rivals == {mine} and _are_alike(old, new, mine, name):
                found[mine] = name
    for mine in sorted(gone - found.keys()):
        for name in sorted(fresh - set(found.values())):
            unused = not any(mine == one or name == other for one, other in votes)
            if unused and fold(old.schemas[mine]) == fold(new.schemas[name]):
                found[mine] = name
                break
    return found


def _votes(old: Facts, new: Facts, endpoints: tuple[tuple[Endpoint, Endpoint], ...]) -> Iterator[tuple[str, str]]:
    """Each pair of names that stand in one place, once for each place."""
    pending: list[tuple[Node, Node]] = []
    for before, after in endpoints:
        mine, theirs = (dict([*sent(side), *received(side)]) for side in (before, after))
        pending += [(mine[name], theirs[name]) for name in mine if name in theirs]
    pending += [(old.schemas[name], new.schemas[name]) for name in old.schemas if name in new.schemas]
    seen: set[tuple[str, str]] = set()
    while pending:
        one, other = pending.pop()
        mine_, theirs_ = fold(one), fold(other)
        if mine_.ref is not None and theirs_.ref is not None:
            if mine_.ref == theirs_.ref:
                continue
            yield mine_.ref, theirs_.ref
            if (mine_.ref, theirs_.ref) in seen or mine_.ref not in old.schemas or theirs_.ref not in new.schemas:
                continue
            seen.add((mine_.ref, theirs_.ref))
            mine_, theirs_ = fold(old.schemas[mine_.ref]), fold(new.schemas[theirs_.ref])
        within = dict(inner(new, theirs_.body))
        pending += [(part, within[name]) for name, part in inner(old, mine_.body) if name in within]


def _are_alike(old: Facts, new: Facts, mine: str, theirs: str) -> bool:
    one, other = old.body_of(Value(mine, False, {})), new.body_of(Value(theirs, False, {}))  # noqa: FBT003
    if one is None or other is None or kind(one) != kind(other):
        return False
    match kind(one):
        case "object":
            names, others = set(old.fields_of(one)[0]), set(new.fields_of(other)[0])
        case "enum":
            names, others = set(map(str, one["enum"])), set(map(str, other["enum"]))
        case _:
            return one.get("type") == other.get("type")
    return not (names | others) or len(names & others) >= _ALIKE * max(len(names), len(others))


__all__ = ["Pairs", "inner", "pair", "received", "sent"]
