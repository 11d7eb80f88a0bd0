"""OpenAPI Overlays (https://spec.openapis.org/overlay/v1.0.0), applied strictly.

An overlay holds what the generator needs otherwise than Brex published it, each action with its reason. Tools at large
pass over an action whose target is gone; here that stops the build, since it means that Brex changed the ground under
it. So does an action that changes nothing: then upstream has made it needless.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

from attrs import frozen
from jsonpath_rfc9535 import JSONPathError, find

from ..errors import SpecError
from .document import Location, Node, is_list, is_object, leaves, load

ABSENT = "(absent)"
"""Stands where a document has no value; compared by identity, since a document might hold these very words."""


@frozen
class Change:
    """One value that an overlay changed.

    Attributes:
        overlay: The overlay's file name.
        action: Its number there, from 1.
        reason: Why, as the action says.
        location: Where in the published document; in a list that lost entries, where it stood before.
        published: The value as published, or ``(absent)``.
        bundled: The value as the generator sees it, or ``(absent)``.
    """

    overlay: str
    action: int
    reason: str
    location: Location
    published: object
    bundled: object


@frozen
class Overlay:
    """An overlay file: the document that it extends and its actions in order."""

    path: Path
    extends: str
    actions: tuple[Node, ...]

    @classmethod
    def read(cls, path: Path) -> Overlay:
        """Read and check an overlay file.

        Raises:
            SpecError: It is no overlay, or an action has no target, no reason, or not exactly one of update and remove.
        """
        data = load(path)
        if not str(data.get("overlay", "")).startswith("1."):
            message = f"{path.name}: expected an OpenAPI Overlay 1.x document"
            raise SpecError(message)
        actions = data.get("actions")
        if not is_list(actions):
            message = f"{path.name}: expected a list of actions"
            raise SpecError(message)
        checked = tuple(_checked(action, f"{path.name}, action {number}") for number, action in enumerate(actions, 1))
        return cls(path=path, extends=str(data.get("extends", "")), actions=checked)

    def apply(self, document: Node) -> tuple[Node, list[Change]]:
        """Apply all actions to a copy of a document.

        Raises:
            SpecError: A target matches nothing, an action changes nothing, or an update does not fit its target.
        """
        tree = copy.deepcopy(document)
        changes: list[Change] = []
        for number, action in enumerate(self.actions, 1):
            made = self._apply_one(tree, number, action)
            if not made:
                raise SpecError(self._needless(number))
            changes += made
        return tree, changes

    def apply_leniently(self, document: Node) -> tuple[Node, list[int]]:
        """Apply all actions to a copy of a document, and give the numbers, from 1, of those that change nothing.

        Raises:
            SpecError: A target matches nothing, or an update does not fit its target.
        """
        tree = copy.deepcopy(document)
        actions = enumerate(self.actions, 1)
        return tree, [number for number, action in actions if not self._apply_one(tree, number, action)]

    def apply_what_fits(self, document: Node) -> tuple[Node, list[SpecError], list[str]]:
        """Apply the actions that fit to a copy of a document; say why others do not, and which change nothing."""
        tree = copy.deepcopy(document)
        refused: list[SpecError] = []
        needless: list[str] = []
        for number, action in enumerate(self.actions, 1):
            trial = copy.deepcopy(tree)
            try:
                changes = self._apply_one(trial, number, action)
            except SpecError as error:
                refused.append(error)
            else:
                tree = trial
                needless += [] if changes else [self._needless(number)]
        return tree, refused, needless

    def _label(self, number: int) -> str:
        return f"{self.path.name}, action {number} ({self.actions[number - 1]['target']})"

    def _needless(self, number: int) -> str:
        return f"{self._label(number)}: changes nothing; the published document already says so, and the action can go"

    def _apply_one(self, tree: Node, number: int, action: Node) -> list[Change]:
        label = self._label(number)
        try:
            # A path may match a node twice, and in any order.
            found = sorted({tuple(match.location) for match in find(action["target"], cast("Any", tree))})
        except (JSONPathError, TypeError) as error:
            message = f"{label}: the target is no JSONPath: {error}"
            raise SpecError(message) from error
        if not found:
            message = f"{label}: the target matches nothing in {self.extends}; the document has changed under it"
            raise SpecError(message)
        before = copy.deepcopy(tree)
        # Last first, so that removing one entry of a list leaves the places of the others as they were found.
        for location in reversed(found):
            if "update" in action:
                _update(_at(tree, location), action["update"], label)
            else:
                _remove(tree, location, label)
        removed = [] if "update" in action else found
        return [
            Change(self.path.name, number, action["description"].strip(), location, old, new)
            for location, old, new in _differences(before, tree, removed)
        ]


def _checked(action: object, label: str) -> Node:
    if not is_object(action):
        message = f"{label}: expected an object"
        raise SpecError(message)
    if not isinstance(action.get("target"), str):
        message = f"{label}: has no target"
        raise SpecError(message)
    if not str(action.get("description") or "").strip():
        message = f"{label}: has no description; every deviation from what Brex published needs its reason"
        raise SpecError(message)
    if ("update" in action) == (action.get("remove") is True):
        message = f"{label}: expected either an update or remove: true"
        raise SpecError(message)
    return action


def _at(tree: Any, location: Location) -> Any:
    for part in location:
        tree = tree[part]
    return tree


def _update(target: Any, update: Any, label: str) -> None:
    """Merge as the specification says: objects into objects, entries onto lists."""
    if is_list(target):
        target.append(copy.deepcopy(update))
    elif is_object(target) and is_object(update):
        _merge(target, update)
    else:
        message = f"{label}: an update needs an object or a list as its target"
        raise SpecError(message)


def _merge(target: Node, update: Node) -> None:
    for key, value in update.items():
        mine = target.get(key)
        if is_object(mine) and is_object(value):
            _merge(mine, value)
        elif is_list(mine) and is_list(value):
            mine.extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)


def _remove(tree: Node, location: Location, label: str) -> None:
    if not location:
        message = f"{label}: the whole document cannot be removed"
        raise SpecError(message)
    del _at(tree, location[:-1])[location[-1]]


def _differences(before: Node, after: Node, removed: list[Location]) -> list[tuple[Location, object, object]]:
    if removed:
        gone = {here: value for at in removed for here, value in leaves(_at(before, at), at)}
        return [(here, value, ABSENT) for here, value in gone.items()]
    old, new = dict(leaves(before)), dict(leaves(after))
    return [
        (location, old.get(location, ABSENT), new.get(location, ABSENT))
        for location in {**old, **new}
        if location not in old or location not in new or not _same(old[location], new[location])
    ]


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other  # Python has 1 == 1.0 == True
