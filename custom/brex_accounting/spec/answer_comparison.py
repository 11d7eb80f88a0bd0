"""What an operation answers compared: its statuses, and whether their bodies are still told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from . import operation_marks as marks
from .document import Node
from .facts import Endpoint, Facts, fold, in_words, plain
from .marking import Verdict

_NO_BODY: Final = "no body"


def new_status(code: str, answer: Node, old: Endpoint, names: Mapping[str, str]) -> Verdict:
    """The verdict on a status that was not listed.

    Args:
        code: The status.
        answer: What is listed for it.
        old: The operation as it was.
        names: What the new document calls the schemas of the old one.
    """
    if not is_success(code):
        return marks.STATUS_ADDED
    known = [_bodies(other, names) for status, other in old.answers.items() if is_success(status)]
    return marks.SUCCESS_ADDED if _bodies(answer, {}) in known else marks.OTHER_SUCCESS_ADDED


def lost_status(code: str, answer: Node, new: Endpoint, names: Mapping[str, str]) -> Verdict:
    """The verdict on a status that is no longer listed; the arguments are those of ``new_status``."""
    kept = [_bodies(other, {}) for status, other in new.answers.items() if is_success(status) == is_success(code)]
    is_told = _bodies(answer, names) in kept or (not is_success(code) and not answer.get("content"))
    if is_success(code):
        return marks.SUCCESS_GONE if is_told else marks.ANSWER_GONE
    return marks.STATUS_GONE if is_told else marks.ERROR_BODY_GONE


def other_body(code: str, new: Node) -> Verdict:
    """The verdict on an answer that gets a body, or loses the one that it had."""
    if not is_success(code):
        return marks.ERROR_BODY_CHANGED
    return marks.ANSWER_BODY_ADDED if new.get("content") else marks.ANSWER_BODY_GONE


def is_success(code: str) -> bool:
    """Whether a call returns what comes with this status."""
    return code.startswith("2")


def content_in_words(holder: Node, facts: Facts) -> str:
    """The bodies that an answer, a body or a parameter may have."""
    words = [
        in_words(fold(body.get("schema", {})), facts) + ("" if media == "application/json" else f" as {media}")
        for media, body in sorted(holder.get("content", {}).items())
    ]
    return ", ".join(words) or _NO_BODY


def _bodies(holder: Node, names: Mapping[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for media, body in sorted(holder.get("content", {}).items()):
        value = fold(body.get("schema", {}))
        text = json.dumps(plain(value.body), sort_keys=True, default=str)
        found.append((media, text if value.ref is None else names.get(value.ref, value.ref)))
    return found


__all__ = ["content_in_words", "is_success", "lost_status", "new_status", "other_body"]
