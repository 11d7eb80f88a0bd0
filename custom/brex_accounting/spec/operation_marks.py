"""How grave a change of an operation is: the verdicts that do not depend on who sends what."""

from __future__ import annotations

from typing import Final

from .marking import Mark, Verdict


def _breaking(why: str) -> Verdict:
    return Verdict(Mark.BREAKING, why)


def _person(why: str) -> Verdict:
    return Verdict(Mark.PERSON, why)


def _safe(why: str) -> Verdict:
    return Verdict(Mark.SAFE, why)


OPERATION_ADDED: Final = _safe("the low-level client gets it, and nothing else changes; no public method calls it yet")
OPERATION_GONE: Final = _breaking("its module is gone from the low-level client, and with it what public methods call")
EVENT_ADDED: Final = _safe("an event that is not known is delivered as an UnknownWebhookEvent")
EVENT_GONE: Final = _person("it may still be delivered: see who waits for it")
MOVED: Final = _person(
    "the Python names stay, and clients made before call the old path: see who writes it out, the emulator and stored "
    "checkpoints included"
)
MODULE_KEPT: Final = _safe("the module keeps its name")
NAMES_NOTHING: Final = _safe("nothing in Python is called after it")

PARAMETER_GONE: Final = _breaking("the call no longer takes the argument")
PARAMETER_RENAMED: Final = _breaking("calls that give it by name no longer work; those that give it by place do")
REQUIRED_PARAMETER_ADDED: Final = _breaking("every call has to give it")
PARAMETER_NOW_REQUIRED: Final = _breaking("whoever leaves it out today has to give it")
PARAMETER_NOW_OPTIONAL: Final = _safe("whoever gives it may go on")
SENT_OTHERWISE: Final = _person(
    "it would go over the wire in another way: see that the generator can do that, or write it out by an overlay action"
)

REQUIRED_BODY_ADDED: Final = _breaking("every call has to give one")
BODY_ADDED: Final = _safe("none is sent unless a caller gives it")
BODY_GONE: Final = _breaking("the call no longer takes one")

MEDIA_ADDED: Final = _person("the client carries one kind of JSON: take the others out by an overlay action")
MEDIA_GONE: Final = _breaking("what the client sends or reads today is no longer listed")

STATUS_ADDED: Final = _safe("it was raised before, too, as the error of its status or of its class of statuses")
SUCCESS_ADDED: Final = _safe("any 2xx is read in the same way, and the body is the same")
OTHER_SUCCESS_ADDED: Final = _person(
    "a call returns one model, and this answer has another body: settle on one by an overlay action"
)
STATUS_GONE: Final = _safe("where it still comes it is raised, and another status still lists its body")
ERROR_BODY_GONE: Final = _person(
    "where it still comes it is raised, and its body may not be read any more: see who catches it"
)
SUCCESS_GONE: Final = _safe("another 2xx with this body stays, and any 2xx is read in the same way")
ANSWER_GONE: Final = _breaking("no other 2xx has this body, so the call returns something else")
ANSWER_BODY_ADDED: Final = _person(
    "the call returns a model where it returned None: see what public methods make of it"
)
ANSWER_BODY_GONE: Final = _breaking("the call returns None where it returned a model")
ERROR_BODY_CHANGED: Final = _person("see who reads what the error says")

SERVERS: Final = _person(
    "the client has one base URL: see whether it still is the right one, and take this out by an overlay action"
)
NO_RULE: Final = _person("there is no rule for this keyword: find out what it means for the wire and the generator")


def module_renamed(before: str | None, after: str | None, target: str, update: str) -> Verdict:
    """The verdict on a module that gets another name."""
    return _breaking(
        f"the module has another name: {before} → {after}; an overlay action (target: {target}, "
        f"update: {{{update}}}) keeps it"
    )


def parameter_added(methods: list[str]) -> Verdict:
    """The verdict on a parameter that may be left out, with the public methods that can pass it on."""
    able = f"{', '.join(methods)} can pass it on already" if methods else "no public method takes it yet"
    return _safe(f"it is not sent unless a caller gives it; {able}")
