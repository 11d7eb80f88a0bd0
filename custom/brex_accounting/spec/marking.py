"""How grave a change of a published document is, by what changes and who sends it: the rules, as one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen


class Mark(StrEnum):
    """What a difference asks of people."""

    BREAKING = "breaking for callers"
    """Code that runs today may not run, or may not pass its type check, with the client made from the new document."""
    PERSON = "needs a person"
    """Nobody but a person can tell what follows from it."""
    SAFE = "safe"
    """Code that runs today runs on."""


class Flow(StrEnum):
    """Which way a value goes."""

    SENT = "sent"
    RECEIVED = "received"


class Change(StrEnum):
    """What can happen to a value, whoever sends it."""

    FIELD_ADDED = "an optional field is new"
    REQUIRED_FIELD_ADDED = "a required field is new"
    FIELD_REMOVED = "a field is gone"
    NOW_REQUIRED = "a field becomes required"
    NOW_OPTIONAL = "a field becomes optional"
    NULLABLE_NOW_OPTIONAL = "a field that may be null becomes optional"
    NULL_ALLOWED = "null becomes possible"
    NULL_ALLOWED_IN_OPTIONAL = "null becomes possible where the value may be left out"
    NULL_REFUSED = "null becomes impossible"
    NULL_REFUSED_IN_OPTIONAL = "null becomes impossible where the value may be left out"
    TYPE = "the type is another"
    TYPE_SAME_IN_PYTHON = "the format is another, and the Python type is not"
    TEXT_TO_ENUM = "a string becomes an enum"
    CLASS = "the class has another name"
    VALUE_ADDED = "an enum has a new value"
    VALUE_REMOVED = "an enum loses a value"
    TIGHTER = "a limit is tighter"
    LOOSER = "a limit is looser"
    OTHER_LIMIT = "a limit is another"
    DEFAULT = "the default is another"
    CHOICE_ADDED = "an alternative is new"
    CHOICE_REMOVED = "an alternative is gone"
    DEPRECATED = "it becomes deprecated"
    NOT_DEPRECATED = "it is no longer deprecated"
    EXTENSION = "an extension is another"
    KEYWORD = "a keyword without a rule is another"


@frozen
class Verdict:
    """A mark and its reason."""

    mark: Mark
    why: str


_GRAVITY: Final = (Mark.BREAKING, Mark.PERSON, Mark.SAFE)
_BREAKING, _PERSON, _SAFE = _GRAVITY

_NO_RULE: Final = "there is no rule for this keyword: find out what it means for the wire and the generator"
_DEFAULT_SENT: Final = (
    "the client leaves defaults to Brex, so who leaves it out gets the new one: see whether that is wanted, and take a "
    "new default out by an overlay action (remove: true)"
)
_WHERE_IT_LACKS: Final = (
    "an answer without it can no longer be read: make sure that Brex sends it everywhere, and add it to recorded "
    "answers and to what builds the model"
)

_TABLE: Final[Mapping[Change, Mapping[Flow, tuple[Mark, str]]]] = {
    Change.FIELD_ADDED: {
        Flow.SENT: (_SAFE, "it is not sent unless a caller sets it"),
        Flow.RECEIVED: (_SAFE, "it is None where an answer lacks it, and clients made before pass over it"),
    },
    Change.REQUIRED_FIELD_ADDED: {
        Flow.SENT: (_BREAKING, "whoever builds the model has to give it"),
        Flow.RECEIVED: (_PERSON, _WHERE_IT_LACKS),
    },
    Change.FIELD_REMOVED: {
        Flow.SENT: (_BREAKING, "the model no longer takes it"),
        Flow.RECEIVED: (_BREAKING, "the attribute is gone from the model"),
    },
    Change.NOW_REQUIRED: {
        Flow.SENT: (_BREAKING, "whoever leaves it out today has to give it"),
        Flow.RECEIVED: (_PERSON, _WHERE_IT_LACKS),
    },
    Change.NOW_OPTIONAL: {
        Flow.SENT: (_SAFE, "whoever gives it may go on"),
        Flow.RECEIVED: (_BREAKING, "the attribute may be None now"),
    },
    Change.NULLABLE_NOW_OPTIONAL: {
        Flow.SENT: (_SAFE, "whoever gives it may go on"),
        Flow.RECEIVED: (_SAFE, "the attribute could be None before"),
    },
    Change.NULL_ALLOWED: {
        Flow.SENT: (_SAFE, "None may be sent, and need not be"),
        Flow.RECEIVED: (_BREAKING, "what was never None may be None now"),
    },
    Change.NULL_ALLOWED_IN_OPTIONAL: {
        Flow.SENT: (_SAFE, "None may be sent, and need not be"),
        Flow.RECEIVED: (_SAFE, "the attribute is None already where an answer lacks it"),
    },
    Change.NULL_REFUSED: {
        Flow.SENT: (_BREAKING, "None is no longer taken"),
        Flow.RECEIVED: (
            _PERSON,
            "an answer with null can no longer be read: make sure that Brex sends none, also in old data",
        ),
    },
    Change.NULL_REFUSED_IN_OPTIONAL: {
        Flow.SENT: (_BREAKING, "None is no longer taken"),
        Flow.RECEIVED: (_SAFE, "the attribute is None where an answer lacks it, and null is read as before"),
    },
    Change.TYPE: {
        Flow.SENT: (_BREAKING, "callers have to give a value of another type"),
        Flow.RECEIVED: (_BREAKING, "callers get a value of another type"),
    },
    Change.TYPE_SAME_IN_PYTHON: {
        Flow.SENT: (
            _PERSON,
            "the Python type is the same, and Brex may refuse values that it took: see who sends them",
        ),
        Flow.RECEIVED: (_SAFE, "the Python type is the same, and the client does not hold answers against the format"),
    },
    Change.TEXT_TO_ENUM: {
        Flow.SENT: (
            _PERSON,
            "any string is still sent, and type checkers ask for a constant: see that public methods make one",
        ),
        Flow.RECEIVED: (_SAFE, "a constant of an open enum is a str, equal to its string, and takes any value"),
    },
    Change.CLASS: {
        Flow.SENT: (_BREAKING, "code that names the class no longer finds it"),
        Flow.RECEIVED: (_BREAKING, "code that names the class no longer finds it"),
    },
    Change.VALUE_ADDED: {
        Flow.SENT: (_SAFE, "enums are open: the value could be sent before, and has a name now"),
        Flow.RECEIVED: (_SAFE, "enums are open: clients made before read the value too, as one that is not known"),
    },
    Change.VALUE_REMOVED: {
        Flow.SENT: (_BREAKING, "the member is gone, and Brex may refuse the value"),
        Flow.RECEIVED: (_BREAKING, "the member is gone, and the value is still read where it comes"),
    },
    Change.TIGHTER: {
        Flow.SENT: (_BREAKING, "Brex may refuse values that it took"),
        Flow.RECEIVED: (_SAFE, "the client does not hold answers against it"),
    },
    Change.LOOSER: {
        Flow.SENT: (_SAFE, "what was taken is still taken; a check of our own may be narrower than Brex is now"),
        Flow.RECEIVED: (_SAFE, "the client does not hold answers against it"),
    },
    Change.OTHER_LIMIT: {
        Flow.SENT: (
            _PERSON,
            "nobody can tell from the words whether Brex refuses what it took: see what is sent",
        ),
        Flow.RECEIVED: (_SAFE, "the client does not hold answers against it"),
    },
    Change.DEFAULT: {
        Flow.SENT: (_PERSON, _DEFAULT_SENT),
        Flow.RECEIVED: (
            _PERSON,
            "what is left out means something else: see who reads it, and take a new default out by an overlay action",
        ),
    },
    Change.CHOICE_ADDED: {
        Flow.SENT: (_SAFE, "what was sent before may still be sent"),
        Flow.RECEIVED: (_PERSON, "an answer is read as one type: settle on one by an overlay action"),
    },
    Change.CHOICE_REMOVED: {
        Flow.SENT: (_BREAKING, "Brex no longer takes it"),
        Flow.RECEIVED: (_PERSON, "an answer is read as one type: see what is left of the overlay action for it"),
    },
    Change.DEPRECATED: {
        Flow.SENT: (_PERSON, "it works until Brex removes it: find what replaces it"),
        Flow.RECEIVED: (_PERSON, "it comes until Brex removes it: find what replaces it"),
    },
    Change.NOT_DEPRECATED: {
        Flow.SENT: (_SAFE, "it stays"),
        Flow.RECEIVED: (_SAFE, "it stays"),
    },
    Change.EXTENSION: {
        Flow.SENT: (_SAFE, "an extension goes over no wire, and the templates read none that Brex publishes"),
        Flow.RECEIVED: (_SAFE, "an extension goes over no wire, and the templates read none that Brex publishes"),
    },
    Change.KEYWORD: {
        Flow.SENT: (
            _PERSON,
            _NO_RULE,
        ),
        Flow.RECEIVED: (
            _PERSON,
            _NO_RULE,
        ),
    },
}


def judge(change: Change, flows: Collection[Flow]) -> Verdict:
    """The mark of a change, the gravest where a value goes both ways, with the reason for each way.

    Args:
        change: What happens.
        flows: Which way the value goes; none is taken for received, as the bundle takes it.
    """
    found = {flow: _TABLE[change][flow] for flow in Flow if flow in (flows or (Flow.RECEIVED,))}
    mark = min((mark for mark, _ in found.values()), key=_GRAVITY.index)
    reasons = dict.fromkeys(why for _, why in found.values())
    if len(reasons) == 1:
        return Verdict(mark, next(iter(reasons)))
    ordered = sorted(found.items(), key=lambda item: _GRAVITY.index(item[1][0]))
    return Verdict(mark, "; ".join(f"{flow}: {why}" for flow, (_, why) in ordered))


def gravity(mark: Mark) -> int:
    """The place of a mark among all, the gravest first."""
    return _GRAVITY.index(mark)


__all__ = ["Change", "Flow", "Mark", "Verdict", "gravity", "judge"]
