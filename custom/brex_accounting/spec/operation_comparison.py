"""Operations compared: what is sent, what is answered, who may call, and what the generator names after them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import evolve

from . import operation_marks as marks
from .answer_comparison import content_in_words, lost_status, new_status, other_body
from .document import Node
from .facts import PROSE, Endpoint, fold, in_words, is_same, plain, shown
from .findings import Finding, Place, Sides
from .marking import Change, Flow, Verdict, judge
from .schema_comparison import SchemaComparison
from .security_comparison import security

_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_IN_PATH: Final = re.compile(r"{([^{}/]*)}")
_COMPARED: Final = frozenset(
    {"operationId", "tags", "parameters", "requestBody", "responses", "security", "servers", "deprecated"}
)
_OF_A_PARAMETER: Final = frozenset({"name", "in", "schema", "content", "required", "style", "explode", "deprecated"})


class OperationComparison:
    """Compares the operations and events of two documents.

    Args:
        sides: The documents.
        schemas: Compares the schemas in them.
    """

    def __init__(self, sides: Sides, schemas: SchemaComparison) -> None:
        self._sides = sides
        self._schemas = schemas

    def all(self) -> Iterator[Finding]:
        """Every difference, one for each operation that has it."""
        pairs = self._sides.pairs.endpoints
        kept_old, kept_new = {old.where for old, _ in pairs}, {new.where for _, new in pairs}
        for endpoint in self._sides.new.endpoints.values():
            if endpoint.where not in kept_new:
                yield self._appeared(endpoint)
        for endpoint in self._sides.old.endpoints.values():
            if endpoint.where not in kept_old:
                verdict = marks.EVENT_GONE if endpoint.is_event else marks.OPERATION_GONE
                what = f"the {'event' if endpoint.is_event else 'operation'} is gone"
                yield self._found(Place(endpoint.where, None, is_schema=False), what, verdict)
        for old, new in pairs:
            yield from self._names(old, new)
            yield from self._parameters(old, new)
            yield from self._body(old, new)
            yield from self._answers(old, new)
            yield from map(self._named, security(_place(old, new, "security"), old, new))
            yield from self._rest(old, new)

    # ---- the operation itself ---------------------------------------------------------------------------------------

    def _appeared(self, new: Endpoint) -> Finding:
        place = Place(None, new.where, is_schema=False)
        if new.is_event:
            emulator = self._sides.emulated.words([new.where.partition(" ")[2]])
            return evolve(self._found(place, "a new event", marks.EVENT_ADDED), emulator=emulator)
        emulator = self._sides.emulated.operation(_operation_id(new))
        return evolve(self._found(place, "a new operation", marks.OPERATION_ADDED), emulator=emulator)

    def _names(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        place = _place(old, new)
        if old.key != new.key:
            yield self._found(place, f"moved: {old.where} → {new.where}", marks.MOVED)
        if _tags(old)[1:] != _tags(new)[1:]:
            what = f"further tags: {', '.join(_tags(old)[1:]) or 'none'} → {', '.join(_tags(new)[1:]) or 'none'}"
            yield self._found(place, what, marks.NAMES_NOTHING)
        if old.is_event:
            for what, before, after in (
                ("operationId", _operation_id(old), _operation_id(new)),
                ("first tag", _tag(old), _tag(new)),
            ):
                if before != after:
                    yield self._found(place, f"{what}: {before} → {after}", marks.NAMES_NOTHING)
            return
        if _operation_id(old) != _operation_id(new):
            what = f"operationId: {_operation_id(old)} → {_operation_id(new)}"
            yield self._renamed(place, what, f"operationId: {_operation_id(old)}")
        if _tag(old) != _tag(new):
            yield self._renamed(place, f"first tag: {_tag(old)} → {_tag(new)}", f"tags: [{_tag(old)}]")

    def _renamed(self, place: Place, what: str, update: str) -> Finding:
        before = self._sides.old_names.module(place.old or "")
        after = self._sides.new_names.module(place.new or "")
        if before == after:
            return self._found(place, what, marks.MODULE_KEPT)
        method, _, path = place.subject.partition(" ")
        target = f"$.paths['{path}'].{method.lower()}"
        names = tuple(sorted({name for name in (before, after) if name is not None}))
        return evolve(self._found(place, what, marks.module_renamed(before, after, target, update)), python=names)

    def _rest(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        place = _place(old, new)
        if old.servers != new.servers:
            what = f"servers of its own: {_servers(old)} → {_servers(new)}"
            yield self._found(place, what, marks.SERVERS)
        yield from self._deprecated(place, old.node, new.node)
        yield from self._keywords(place, old.node, new.node, _COMPARED)

    # ---- what is sent -----------------------------------------------------------------------------------------------

    def _parameters(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        renamed = _renamed_in_path(old, new)
        for place, name in sorted(
            (old.parameters.keys() | new.parameters.keys()) - {("path", was) for was in renamed.values()}
        ):
            was = renamed.get(name, name) if place == "path" else name
            before, after = old.parameters.get((place, was)), new.parameters.get((place, name))
            here = evolve(_place(old, new, f"{place} {name}"), flows=_sent(new))
            if was != name:
                yield self._renamed_parameter(here, was, name)
            if after is None:
                yield self._found(here, "the parameter is gone", marks.PARAMETER_GONE)
            elif before is None:
                yield self._new_parameter(here, new, after)
            else:
                yield from self._parameter(here, before, after)

    def _renamed_parameter(self, here: Place, was: str, name: str) -> Finding:
        found = self._found(here, f"renamed in the path: {was} → {name}", marks.PARAMETER_RENAMED)
        before = self._sides.python(evolve(here, part=f"path {was}", new=None))
        return evolve(found, python=tuple(sorted({*found.python, *before})))

    def _new_parameter(self, here: Place, new: Endpoint, parameter: Node) -> Finding:
        names, (place, _, name) = self._sides.new_names, here.part.partition(" ")
        is_required = bool(parameter.get("required", False))
        verdict = marks.REQUIRED_PARAMETER_ADDED
        if not is_required:
            function = names.function(here.subject) or ""
            arguments = names.arguments(here.subject, name, place)
            methods = {method for given in arguments for method in self._sides.methods.taking(function, given)}
            verdict = marks.parameter_added(sorted(methods))
        words = in_words(fold(parameter.get("schema", {})), self._sides.new)
        style = f", {parameter['style']}" if "style" in parameter else ""
        what = f"a new {'required' if is_required else 'optional'} parameter: {words}{style}"
        emulator = None if new.is_event else self._sides.emulated.parameter(_operation_id(new), name, place)
        return evolve(self._found(here, what, verdict), emulator=emulator)

    def _parameter(self, here: Place, old: Node, new: Node) -> Iterator[Finding]:
        yield from self._required(here, old, new, marks.PARAMETER_NOW_REQUIRED)
        if _way(old) != _way(new):
            yield self._found(here, f"sent as: {_way(old)} → {_way(new)}", marks.SENT_OTHERWISE)
        if "content" in old and "content" in new:
            yield from self._media(here, old, new)
        elif "content" not in old and "content" not in new:
            place = evolve(here, optional=not new.get("required", False))
            yield from self._schemas.used(place, old.get("schema", {}), new.get("schema", {}))
        yield from self._deprecated(here, old, new)
        yield from self._keywords(here, old, new, _OF_A_PARAMETER)

    def _body(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        here = evolve(_place(old, new, "body"), flows=_sent(new))
        if old.body is not None and new.body is not None:
            yield from self._required(here, old.body, new.body, marks.REQUIRED_BODY_ADDED)
            yield from self._media(here, old.body, new.body)
            yield from self._keywords(here, old.body, new.body, frozenset({"required", "content"}))
        elif new.body is not None:
            word, verdict = ("optional", marks.BODY_ADDED)
            if new.body.get("required", False):
                word, verdict = ("required", marks.REQUIRED_BODY_ADDED)
            yield self._found(here, f"a new {word} body: {content_in_words(new.body, self._sides.new)}", verdict)
        elif old.body is not None:
            yield self._found(here, "the body is gone", marks.BODY_GONE)

    def _required(self, here: Place, old: Node, new: Node, verdict: Verdict) -> Iterator[Finding]:
        before, after = bool(old.get("required", False)), bool(new.get("required", False))
        if after and not before:
            yield self._found(here, "optional → required", verdict)
        elif before and not after:
            yield self._found(here, "required → optional", marks.PARAMETER_NOW_OPTIONAL)

    def _media(self, here: Place, old: Node, new: Node) -> Iterator[Finding]:
        """The content types of a body, an answer or a parameter, and the schemas of those that stay."""
        before, after = old.get("content", {}), new.get("content", {})
        for media in sorted(after.keys() - before.keys()):
            yield self._found(here, f"a new content type: {media}", marks.MEDIA_ADDED)
        for media in sorted(before.keys() - after.keys()):
            yield self._found(here, f"a content type is gone: {media}", marks.MEDIA_GONE)
        for media in sorted(before.keys() & after.keys()):
            place = here if here.is_argument else evolve(here, part=f"{here.part} {media}")
            mine, theirs = before[media], after[media]
            yield from self._schemas.used(place, mine.get("schema", {}), theirs.get("schema", {}))
            yield from self._keywords(place, mine, theirs, frozenset({"schema"}))

    # ---- what is answered -------------------------------------------------------------------------------------------

    def _answers(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        names = self._sides.pairs.schemas
        for code in sorted(old.answers.keys() | new.answers.keys()):
            before, after = old.answers.get(code), new.answers.get(code)
            here = evolve(_place(old, new, code), flows=_answered(new))
            if before is not None and after is not None:
                yield from self._answer(here, before, after)
            elif after is not None:
                what = f"a new status: {content_in_words(after, self._sides.new)}"
                yield self._found(here, what, new_status(code, after, old, names))
            elif before is not None:
                what = f"the status is gone: {content_in_words(before, self._sides.old)}"
                yield self._found(here, what, lost_status(code, before, new, names))

    def _answer(self, here: Place, old: Node, new: Node) -> Iterator[Finding]:
        if bool(old.get("content")) == bool(new.get("content")):
            yield from self._media(here, old, new)
        else:
            words = f"{content_in_words(old, self._sides.old)} → {content_in_words(new, self._sides.new)}"
            yield self._found(here, f"body: {words}", other_body(here.part, new))
        yield from self._keywords(here, old, new, frozenset({"content"}))

    # ---- what all have in common ------------------------------------------------------------------------------------

    def _deprecated(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        if bool(old.get("deprecated")) != bool(new.get("deprecated")):
            is_now = bool(new.get("deprecated"))
            verdict = judge(Change.DEPRECATED if is_now else Change.NOT_DEPRECATED, [Flow.SENT])
            yield self._found(place, f"deprecated: {shown(old, 'deprecated')} → {shown(new, 'deprecated')}", verdict)

    def _keywords(self, place: Place, old: Node, new: Node, compared: frozenset[str]) -> Iterator[Finding]:
        for key in sorted((old.keys() | new.keys()) - compared - PROSE):
            if (key in old) != (key in new) or not is_same(plain(old[key]), plain(new[key])):
                verdict = judge(Change.EXTENSION, ()) if key.startswith("x-") else marks.NO_RULE
                yield self._found(place, f"{key}: {shown(old, key)} → {shown(new, key)}", verdict)

    def _found(self, place: Place, what: str, verdict: Verdict) -> Finding:
        return self._named(Finding(place=place, what=what, verdict=verdict))

    def _named(self, finding: Finding) -> Finding:
        place = finding.place if finding.place.is_argument else evolve(finding.place, part="", path=())
        return evolve(finding, python=self._sides.python(place))


def _renamed_in_path(old: Endpoint, new: Endpoint) -> dict[str, str]:
    """The path's parameters that stand where one of another name stood, and that name."""
    if old.key != new.key:
        return {}
    pairs = zip(_IN_PATH.findall(new.where), _IN_PATH.findall(old.where), strict=True)
    return {
        name: was
        for name, was in pairs
        if name != was and ("path", was) in old.parameters and ("path", name) in new.parameters
    }


def _place(old: Endpoint, new: Endpoint, part: str = "") -> Place:
    return Place(old.where, new.where, is_schema=False, part=part)


def _sent(endpoint: Endpoint) -> frozenset[Flow]:
    return frozenset({Flow.RECEIVED if endpoint.is_event else Flow.SENT})


def _answered(endpoint: Endpoint) -> frozenset[Flow]:
    return frozenset({Flow.SENT if endpoint.is_event else Flow.RECEIVED})


def _operation_id(endpoint: Endpoint) -> str | None:
    found = endpoint.node.get("operationId")
    return None if found is None else str(found)


def _tags(endpoint: Endpoint) -> list[str]:
    return endpoint.node.get("tags") or ["default"]


def _tag(endpoint: Endpoint) -> str:
    return _tags(endpoint)[0]


def _way(parameter: Node) -> str:
    if "content" in parameter:
        return "content"
    style = str(parameter.get("style", _STYLES.get(str(parameter.get("in")), "form")))
    explode = parameter.get("explode", style == "form")
    return f"{style}, {'a name for each value' if explode else 'one name for all values'}"


def _servers(endpoint: Endpoint) -> str:
    return ", ".join(endpoint.servers) if endpoint.servers is not None else "none"


__all__ = ["OperationComparison"]
