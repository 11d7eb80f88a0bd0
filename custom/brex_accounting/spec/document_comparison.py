"""What stands above all operations compared: servers, the ways to sign in, shared parts, and what else there may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .document import Node
from .facts import PROSE, is_same, plain
from .findings import Finding, Place
from .marking import Mark, Verdict
from .security_comparison import schemes

_COMPARED: Final = frozenset({"openapi", "info", "servers", "security", "tags", "paths", "components", "x-webhooks"})
_FOLLOWED: Final = ("parameters", "requestBodies", "responses")
"""Sections whose parts are compared where an operation refers to them."""

_VERSION: Final = Verdict(Mark.SAFE, "it names the document, and no call")
_SERVERS: Final = Verdict(
    Mark.PERSON, "the client's base URL and the overlays name hosts: see whether they are still the right ones"
)
_EXTENSION: Final = Verdict(Mark.SAFE, "an extension goes over no wire")
_NO_RULE: Final = Verdict(Mark.PERSON, "there is no rule for it: find out what it means")
_TOLD_ELSEWHERE: Final = Verdict(Mark.SAFE, "operations that refer to it tell what that changes")
_SHARED: Final = Verdict(Mark.PERSON, "see what refers to it")


def whole(old: Node, new: Node, document: str) -> Iterator[Finding]:
    """Differences of two documents outside of their operations and schemas.

    Args:
        old: The one published so far.
        new: The new one.
        document: The file name.
    """
    place = Place(document, document, is_schema=True)
    before, after = (str(tree.get("info", {}).get("version", "none")) for tree in (old, new))
    if before != after:
        yield Finding(place=place, what=f"info.version: {before} → {after}", verdict=_VERSION)
    mine, theirs = (sorted(str(server.get("url")) for server in tree.get("servers", [])) for tree in (old, new))
    if mine != theirs:
        what = f"servers: {', '.join(mine) or 'none'} → {', '.join(theirs) or 'none'}"
        yield Finding(place=place, what=what, verdict=_SERVERS)
    yield from schemes(place, old, new)
    for key in _differing(old, new, _COMPARED | PROSE):
        verdict = _EXTENSION if key.startswith("x-") else _NO_RULE
        yield Finding(place=place, what=f"{key} differs", verdict=verdict)
    sections, others = (tree.get("components", {}) for tree in (old, new))
    for key in _differing(sections, others, frozenset({"schemas", "securitySchemes", "examples"})):
        verdict = _TOLD_ELSEWHERE if key in _FOLLOWED else _SHARED
        yield Finding(place=place, what=f"components.{key} differs", verdict=verdict)


def _differing(old: Node, new: Node, compared: frozenset[str]) -> Iterator[str]:
    for key in sorted((old.keys() | new.keys()) - compared):
        if not is_same(plain(old.get(key)), plain(new.get(key))):
            yield key


__all__ = ["whole"]
