"""Operations compared: what is sent, what is answered, who may call, and what the generator names after them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from .document import Node
from .facts import PROSE, Endpoint, fold, in_words
from .findings import Finding, Place, Sides
from .marking import Change, Flow, Mark, Verdict, judge
from .pairing import received, sent
from .schema_comparison import SchemaComparison

_BREAKING, _PERSON, _SAFE = Mark.BREAKING, Mark.PERSON, Mark.SAFE

_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_COMPARED: Final = frozenset(
    {"operationId", "tags", "parameters", "requestBody", "responses", "security", "servers", "deprecated"}
)
_OF_A_PARAMETER: Final = frozenset({"name", "in", "schema", "content", "required", "style", "explode", "deprecated"})

_NO_RULE: Final = Verdict(
    _PERSON, "there is no rule for this keyword: find out what it means for the wire and the generator"
)


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
                yield self._disappeared(endpoint)
        for old, new in pairs:
            yield from self._names(old, new)
            yield from self._parameters(old, new)
            yield from self._body(old, new)
            yield from self._answers(old, new)
            yield from self._security(old, new)
            yield from self._rest(old, new)

    # ---- whole operations -------------------------------------------------------------------------------------------

    def _appeared(self, new: Endpoint) -> Finding:
        place = Place(None, new.where, is_schema=False)
        if new.is_event:
            verdict = Verdict(_SAFE, "an event that is not known is delivered as an UnknownWebhookEvent")
            return Finding(
                place=place,
                what="a new event",
                verdict=verdict,
                emulator=self._sides.emulated.words([new.where.removeprefix("EVENT ")]),
            )
        verdict = Verdict(
            _SAFE, "the low-level client gets it, and nothing else changes; no public method calls it yet"
        )
        emulator = self._sides.emulated.operation(_operation_id(new))
        return self._named(Finding(place=place, what="a new operation", verdict=verdict, emulator=emulator))

    def _disappeared(self, old: Endpoint) -> Finding:
        place = Place(old.where, None, is_schema=False)
        if old.is_event:
            return Finding(
                place=place,
                what="the event is gone",
                verdict=Verdict(_PERSON, "it may still be delivered: see who waits for it"),
            )
        verdict = Verdict(
            _BREAKING, "its module is gone from the low-level client, and with it what public methods call"
        )
        return self._named(Finding(place=place, what="the operation is gone", verdict=verdict))

    def _names(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        place = _place(old, new)
        if old.key != new.key:
            why = "the names stay, and clients made before call the old path: see who writes it out, the emulator and stored checkpoints included"
            yield Finding(
                place=place,
                what=f"moved: {old.where} → {new.where}",
                verdict=Verdict(_PERSON, why),
                python=self._sides.python(place),
            )
        if old.is_event:
            return
        if _operation_id(old) != _operation_id(new):
            yield from self._renamed(
                place, f"operationId: {_operation_id(old)} → {_operation_id(new)}", f"operationId: {_operation_id(old)}"
            )
        elif _tag(old) != _tag(new):
            yield from self._renamed(place, f"first tag: {_tag(old)} → {_tag(new)}", f"tags: [{_tag(old)}]")

    def _renamed(self, place: Place, what: str, update: str) -> Iterator[Finding]:
        before, after = self._sides.old_names.module(place.old or ""), self._sides.new_names.module(place.new or "")
        method, _, path = (place.new or "").partition(" ")
        target = f"$.paths['{path}'].{method.lower()}"
        why = f"the module has another name: {before} → {after}; an overlay action (target: {target}, update: {{{update}}}) keeps it"
        verdict = Verdict(_SAFE, "the module keeps its name") if before == after else Verdict(_BREAKING, why)
        names = tuple(sorted({name for name in (before, after) if name is not None}))
        yield Finding(place=place, what=what, verdict=verdict, python=names)

    # ---- what is sent -----------------------------------------------------------------------------------------------

    def _parameters(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        flow = Flow.RECEIVED if old.is_event else Flow.SENT
        for place, name in sorted(old.parameters.keys() | new.parameters.keys()):
            before, after = old.parameters.get((place, name)), new.parameters.get((place, name))
            here = evolve(_place(old, new, f"{place} {name}"), flows=frozenset({flow}))
            if after is None:
                yield self._found(
                    here, "the parameter is gone", Verdict(_BREAKING, "the call no longer takes the argument")
                )
            elif before is None:
                yield self._new_parameter(here, new, place, name, after)
            else:
                yield from self._parameter(here, before, after)

    def _new_parameter(self, here: Place, new: Endpoint, place: str, name: str, parameter: Node) -> Finding:
        is_required = bool(parameter.get("required", False))
        verdict = Verdict(_BREAKING, "every call has to give it")
        if not is_required:
            verdict = Verdict(_SAFE, f"it is not sent unless a caller gives it; {self._who_takes(here, place, name)}")
        words = in_words(fold(parameter.get("schema", {})), self._sides.new)
        style = f", {parameter['style']}" if "style" in parameter else ""
        what = f"a new {'required' if is_required else 'optional'} parameter: {words}{style}"
        emulator = None if new.is_event else self._sides.emulated.parameter(_operation_id(new), name, place)
        return evolve(self._found(here, what, verdict), emulator=emulator)

    def _who_takes(self, here: Place, place: str, name: str) -> str:
        function = self._sides.new_names.function(here.subject) or ""
        arguments = self._sides.new_names.arguments(here.subject, name, place)
        taking = sorted({method for argument in arguments for method in self._sides.methods.taking(function, argument)})
        return f"{', '.join(taking)} can pass it on already" if taking else "no public method takes it yet"

    def _parameter(self, here: Place, old: Node, new: Node) -> Iterator[Finding]:
        before, after = bool(old.get("required", False)), bool(new.get("required", False))
        if before != after:
            verdict = Verdict(_SAFE, "whoever gives it may go on")
            if after:
                verdict = Verdict(_BREAKING, "whoever leaves it out today has to give it")
            yield self._found(
                here, _both("required" if before else "optional", "required" if after else "optional"), verdict
            )
        if _way(old) != _way(new):
            why = "it would go over the wire in another way: see that the generator can do that, or write it out by an overlay action"
            yield self._found(here, f"sent as: {_way(old)} → {_way(new)}", Verdict(_PERSON, why))
        if ("content" in old) == ("content" in new):
            yield from self._media(here, old, new)
        if "schema" in old or "schema" in new:
            yield from self._schemas.used(
                evolve(here, optional=not after), old.get("schema", {}), new.get("schema", {})
            )
        yield from self._deprecated(here, old, new)
        yield from self._keywords(here, old, new, _OF_A_PARAMETER)

    def _body(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        flow = Flow.RECEIVED if old.is_event else Flow.SENT
        here = evolve(_place(old, new, "body"), flows=frozenset({flow}))
        if old.body is None or new.body is None:
            if new.body is not None:
                is_required = bool(new.body.get("required", False))
                verdict = (
                    Verdict(_BREAKING, "every call has to give one")
                    if is_required
                    else Verdict(_SAFE, "none is sent unless a caller gives it")
                )
                yield self._found(
                    here,
                    f"a new {'required' if is_required else 'optional'} body: {_media_in_words(new.body, self._sides.new)}",
                    verdict,
                )
            elif old.body is not None:
                yield self._found(here, "the body is gone", Verdict(_BREAKING, "the call no longer takes one"))
            return
        before, after = bool(old.body.get("required", False)), bool(new.body.get("required", False))
        if before != after:
            verdict = (
                Verdict(_BREAKING, "every call has to give one")
                if after
                else Verdict(_SAFE, "whoever gives it may go on")
            )
            yield self._found(
                here, _both("required" if before else "optional", "required" if after else "optional"), verdict
            )
        yield from self._media(here, old.body, new.body)
        yield from self._keywords(here, old.body, new.body, frozenset({"required", "content"}))

    def _media(self, here: Place, old: Node, new: Node) -> Iterator[Finding]:
        """The content types of a body, answer or parameter, and the schemas of those that stay."""
        before, after = old.get("content", {}), new.get("content", {})
        for media in sorted(after.keys() - before.keys()):
            why = "the client carries one kind of JSON: take the others out by an overlay action"
            yield self._found(here, f"a new content type: {media}", Verdict(_PERSON, why))
        for media in sorted(before.keys() - after.keys()):
            yield self._found(
                here,
                f"a content type is gone: {media}",
                Verdict(_BREAKING, "what the client sends or reads today is no longer listed"),
            )
        for media in sorted(before.keys() & after.keys()):
            place = evolve(
                here, part=f"{here.part} {media}" if here.part.partition(" ")[0] not in _STYLES else here.part
            )
            yield from self._schemas.used(place, before[media].get("schema", {}), after[media].get("schema", {}))
            yield from self._keywords(place, before[media], after[media], frozenset({"schema"}))

    # ---- what is answered -------------------------------------------------------------------------------------------

    def _answers(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        flow = Flow.SENT if old.is_event else Flow.RECEIVED
        for code in sorted(old.answers.keys() | new.answers.keys()):
            before, after = old.answers.get(code), new.answers.get(code)
            here = evolve(_place(old, new, code), flows=frozenset({flow}))
            if before is None and after is not None:
                yield self._new_answer(here, code, after, old)
            elif before is not None and after is None:
                yield self._lost_answer(here, code, before, new)
            elif before is not None and after is not None:
                yield from self._answer(here, code, before, after)

    def _new_answer(self, here: Place, code: str, answer: Node, old: Endpoint) -> Finding:
        what = f"a new status: {_media_in_words(answer, self._sides.new)}"
        if not code.startswith("2"):
            verdict = Verdict(_SAFE, "it was raised before, too, as the error of its status or class of statuses")
            return self._found(here, what, verdict)
        if _media_texts(answer, {}) in [
            _media_texts(other, self._sides.pairs.schemas)
            for known, other in old.answers.items()
            if known.startswith("2")
        ]:
            return self._found(here, what, Verdict(_SAFE, "any 2xx is read in the same way, and the body is the same"))
        why = "a call returns one model, and this answer has another body: settle on one by an overlay action"
        return self._found(here, what, Verdict(_PERSON, why))

    def _lost_answer(self, here: Place, code: str, answer: Node, new: Endpoint) -> Finding:
        same = [other for known, other in new.answers.items() if known[:1] == code[:1] or code[:1] != "2" != known[:1]]
        is_told = _media_texts(answer, self._sides.pairs.schemas) in [_media_texts(other, {}) for other in same]
        if is_told and code.startswith("2"):
            verdict = Verdict(_SAFE, "another 2xx with this body stays, and any 2xx is read in the same way")
        elif is_told:
            verdict = Verdict(_SAFE, "where it still comes it is raised, and another status still lists its body")
        elif code.startswith("2"):
            verdict = Verdict(_BREAKING, "no other 2xx has this body, so the call returns something else")
        else:
            verdict = Verdict(
                _PERSON, "where it still comes it is raised, and its body may not be read any more: see who catches it"
            )
        return self._found(here, f"the status is gone: {_media_in_words(answer, self._sides.old)}", verdict)

    def _answer(self, here: Place, code: str, old: Node, new: Node) -> Iterator[Finding]:
        if bool(old.get("content")) != bool(new.get("content")):
            has_body = bool(new.get("content"))
            what = f"a body: {_media_in_words(new, self._sides.new)}" if has_body else "no body any more"
            if not code.startswith("2"):
                verdict = Verdict(_PERSON, "see who reads what the error says")
            elif has_body:
                verdict = Verdict(
                    _PERSON, "the call returns a model where it returned None: see what public methods make of it"
                )
            else:
                verdict = Verdict(_BREAKING, "the call returns None where it returned a model")
            yield self._found(here, what, verdict)
        else:
            yield from self._media(here, old, new)
        yield from self._keywords(here, old, new, frozenset({"content"}))

    # ---- who may call, and the rest ---------------------------------------------------------------------------------

    def _security(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        if old.security == new.security:
            return
        before, after = set(old.security), set(new.security)
        what = f"{_alternatives(old)} → {_alternatives(new)}"
        yield self._found(_place(old, new, "security"), what, _security_verdict(before, after))

    def _rest(self, old: Endpoint, new: Endpoint) -> Iterator[Finding]:
        place = _place(old, new)
        if old.servers != new.servers:
            why = "the client has one base URL: see whether it still is the right one, and take this out by an overlay action"
            yield self._found(place, f"servers of its own: {_servers(old)} → {_servers(new)}", Verdict(_PERSON, why))
        yield from self._deprecated(place, old.node, new.node)
        yield from self._keywords(place, old.node, new.node, _COMPARED)

    def _deprecated(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        if bool(old.get("deprecated")) != bool(new.get("deprecated")):
            change = Change.DEPRECATED if new.get("deprecated") else Change.NOT_DEPRECATED
            what = "deprecated: no → yes" if new.get("deprecated") else "deprecated: yes → no"
            yield self._found(place, what, judge(change, [Flow.SENT]))

    def _keywords(self, place: Place, old: Node, new: Node, compared: frozenset[str]) -> Iterator[Finding]:
        for key in sorted((old.keys() | new.keys()) - compared - PROSE):
            if _plain(old.get(key)) != _plain(new.get(key)):
                verdict = judge(Change.EXTENSION, ()) if key.startswith("x-") else _NO_RULE
                yield self._found(place, f"{key}: {_shown(old, key)} → {_shown(new, key)}", verdict)

    def _found(self, place: Place, what: str, verdict: Verdict) -> Finding:
        return self._named(Finding(place=place, what=what, verdict=verdict))

    def _named(self, finding: Finding) -> Finding:
        place = finding.place
        is_argument = place.part.partition(" ")[0] in _STYLES
        return evolve(finding, python=self._sides.python(place if is_argument else evolve(place, part="", path=())))


def _place(old: Endpoint, new: Endpoint, part: str = "") -> Place:
    return Place(old.where, new.where, is_schema=False, part=part)


def _operation_id(endpoint: Endpoint) -> str | None:
    found = endpoint.node.get("operationId")
    return None if found is None else str(found)


def _tag(endpoint: Endpoint) -> str:
    return str((endpoint.node.get("tags") or ["default"])[0])


def _way(parameter: Node) -> str:
    style = str(parameter.get("style", _STYLES.get(parameter.get("in", ""), "form")))
    explode = parameter.get("explode", style == "form")
    form = "content" if "content" in parameter else style
    return f"{form}, {'a name for each value' if explode else 'one name for all values'}"


def _security_verdict(before: set[Any], after: set[Any]) -> Verdict:
    if before < after and before and () not in before:
        return Verdict(_SAFE, "what allowed the call before allows it now")
    if not after or () in after:
        return Verdict(_SAFE, "the call needs no token any more")
    needed = [scopes for alternative in before for scopes in alternative]
    if before and all(_is_within(alternative, after) for alternative in before) and needed:
        why = "fewer scopes are listed: where any of them is enough, a token with none of the rest is refused; see which customers granted what"
        return Verdict(_PERSON, why)
    why = "a token without what is new may be refused with 403: customers have to consent again, with the scopes that `SCOPES` and the README name"
    return Verdict(_BREAKING, why)


def _is_within(alternative: Any, after: set[Any]) -> bool:
    """Whether an alternative that allowed the call holds all that one of today's alternatives needs."""
    mine = {(scheme, scope) for scheme, scopes in alternative for scope in scopes}
    schemes = {scheme for scheme, _ in alternative}
    return any(
        {scheme for scheme, _ in other} <= schemes
        and {(scheme, scope) for scheme, scopes in other for scope in scopes} <= mine
        for other in after
    )


def _alternatives(endpoint: Endpoint) -> str:
    shown = [
        " and ".join(f"{scheme} ({', '.join(scopes)})" if scopes else scheme for scheme, scopes in alternative)
        or "nothing"
        for alternative in endpoint.security
    ]
    return " or ".join(shown) or "nothing"


def _servers(endpoint: Endpoint) -> str:
    return ", ".join(endpoint.servers) if endpoint.servers is not None else "none"


def _media_in_words(holder: Node, facts: Any) -> str:
    shown = [
        in_words(fold(body.get("schema", {})), facts) + ("" if media == "application/json" else f" as {media}")
        for media, body in sorted(holder.get("content", {}).items())
    ]
    return ", ".join(shown) or "no body"


def _media_texts(holder: Node, names: Mapping[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for media, body in sorted(holder.get("content", {}).items()):
        value = fold(body.get("schema", {}))
        text = (
            names.get(value.ref, value.ref)
            if value.ref is not None
            else json.dumps(_plain(value.body), sort_keys=True, default=str)
        )
        found.append((media, text))
    return found


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _plain(part) for key, part in tree.items() if key not in PROSE}
    return [_plain(part) for part in tree] if isinstance(tree, list) else (type(tree).__name__, tree)


def _both(old: str, new: str) -> str:
    return f"{old} → {new}"


def _shown(node: Node, key: str) -> str:
    return json.dumps(node[key], ensure_ascii=False, sort_keys=True, default=str) if key in node else "none"


__all__ = ["OperationComparison"]
