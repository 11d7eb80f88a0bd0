"""Overlays: what actions do, what they refuse, and that the recorded changes are exactly what changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.errors import SpecError
from brex_accounting.spec.overlay import ABSENT, Change, Overlay

from . import documents

WHY = "Because."
GOOD = {"target": "$", "description": WHY, "update": {"a": 1}}


def overlay(*actions: dict[str, Any]) -> Overlay:
    whole = tuple({"description": WHY, **action} for action in actions)
    return Overlay(path=Path("folder/some.yaml"), extends="../some_api.yaml", actions=whole)


def applied(tree: Any, *actions: dict[str, Any]) -> Any:
    return overlay(*actions).apply(tree)[0]


def changes(tree: Any, *actions: dict[str, Any]) -> list[tuple[tuple[str | int, ...], object, object]]:
    return [(c.location, c.published, c.bundled) for c in overlay(*actions).apply(tree)[1]]


def refusal(tree: Any, *actions: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as caught:
        overlay(*actions).apply(tree)
    return str(caught.value)


PATHS = {"paths": {"/a": {"get": {"id": 1}}, "/b": {"get": {"id": 2}, "put": {"id": 3}}, "/c": {"note": "none"}}}


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("$.paths['/a'].get", [1]),
            ("$.paths.*.get", [1, 2]),
            ("$.paths[*][?@.id]", [1, 2, 3]),
            ("$.paths['/b'][?@.id > 2]", [3]),
            ("$..get", [1, 2]),
            ("$['paths']['/b']['put','get']", [2, 3]),
        ],
    )
    def test_what_a_path_matches_is_updated(self, target: str, expected: list[int]) -> None:
        """An action reaches every node that its JSONPath matches, and no other."""
        found = applied(PATHS, {"target": target, "update": {"hit": True}})
        hit = [op["id"] for item in found["paths"].values() for op in item.values() if "hit" in op]
        assert expected == hit

    def test_a_node_that_is_matched_twice_is_updated_once(self) -> None:
        """A path that names one list twice appends to it once."""
        assert {"a": [1, 2]} == applied({"a": [1]}, {"target": "$['a','a']", "update": 2})

    def test_actions_build_on_each_other(self) -> None:
        """An action sees what the actions before it made."""
        made = {"target": "$", "update": {"a": {"b": 1}}}
        assert {"a": {"b": 2}} == applied({}, made, {"target": "$.a", "update": {"b": 2}})


class TestUpdate:
    def test_objects_are_merged_at_every_depth(self) -> None:
        """An update of an object keeps what it does not name, however deep."""
        tree = {"a": {"b": {"c": 1, "d": 2}, "e": 3}}
        expected = {"a": {"b": {"c": 9, "d": 2, "f": 4}, "e": 3}}
        assert expected == applied(tree, {"target": "$.a", "update": {"b": {"c": 9, "f": 4}}})

    def test_lists_inside_objects_are_concatenated(self) -> None:
        """A list in an update goes behind the list that is there."""
        assert {"enum": ["A", "B", "C"]} == applied({"enum": ["A"]}, {"target": "$", "update": {"enum": ["B", "C"]}})

    @pytest.mark.parametrize("entry", [{"name": "b"}, "b", ["b"], None])
    def test_a_list_gets_the_update_as_one_more_entry(self, entry: object) -> None:
        """An update of a list appends exactly one entry, whatever its type."""
        assert {"a": [{"name": "a"}, entry]} == applied({"a": [{"name": "a"}]}, {"target": "$.a", "update": entry})

    @pytest.mark.parametrize(
        ("old", "new"), [({"x": 1}, "text"), ("text", {"x": 1}), ([1], {"x": 1}), ({"x": 1}, [1]), (1, None)]
    )
    def test_what_does_not_fit_together_is_replaced(self, old: object, new: object) -> None:
        """A value of another kind takes the place of what was there."""
        assert {"a": new} == applied({"a": old}, {"target": "$", "update": {"a": new}})

    def test_places_that_share_an_update_share_nothing_afterwards(self) -> None:
        """Two targets of one action do not end up holding the same object."""
        found = applied({"a": {}, "b": {}}, {"target": "$[*]", "update": {"x": {"y": []}}})
        found["a"]["x"]["y"].append(1)
        assert {"x": {"y": []}} == found["b"]

    def test_a_plain_value_cannot_be_updated(self) -> None:
        """A target that is neither object nor list is refused, the action named."""
        message = refusal({"a": 1}, {"target": "$.a", "update": {"b": 2}})
        assert message == "some.yaml, action 1 ($.a): an update needs an object or a list as its target"

    def test_an_object_cannot_be_updated_with_a_plain_value(self) -> None:
        """An update that is no object does not fit an object."""
        assert "action 1 ($.a)" in refusal({"a": {}}, {"target": "$.a", "update": 2})


class TestRemove:
    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("$.a[1]", ["p", "r", "s", "t"]),
            ("$.a[-1]", ["p", "q", "r", "s"]),
            ("$.a[0,1,3]", ["r", "t"]),
            ("$.a[3,0]", ["q", "r", "t"]),
            ("$.a[0,3,0]", ["q", "r", "t"]),
            ("$.a[::-2]", ["q", "s"]),
            ("$.a[?@ != 'q']", ["q"]),
            ("$.a[*]", []),
        ],
    )
    def test_entries_of_a_list(self, target: str, expected: list[str]) -> None:
        """Exactly the matched entries go, in whatever order and however often the path names them."""
        assert {"a": expected} == applied({"a": ["p", "q", "r", "s", "t"]}, {"target": target, "remove": True})

    def test_keys_of_objects(self) -> None:
        """A matched key goes with all below it."""
        assert {"b": {"c": 1}} == applied({"a": {"x": [1]}, "b": {"a": 2, "c": 1}}, {"target": "$..a", "remove": True})

    def test_a_match_inside_a_match(self) -> None:
        """A node that is matched below another matched node goes with it, and each lost value is recorded once."""
        tree = {"a": {"a": 1, "b": 2}, "c": 3}
        assert {"c": 3} == applied(tree, {"target": "$..a", "remove": True})
        expected = [(("a", "a"), 1, ABSENT), (("a", "b"), 2, ABSENT)]
        assert expected == changes(tree, {"target": "$..a", "remove": True})

    def test_lost_entries_are_recorded_where_they_stood(self) -> None:
        """In a list that lost several entries, each is named by its place before the action."""
        expected = [(("a", 0), "p", ABSENT), (("a", 2, "n"), 1, ABSENT)]
        assert expected == changes({"a": ["p", "q", {"n": 1}]}, {"target": "$.a[2,0]", "remove": True})

    def test_the_whole_document_stays(self) -> None:
        """The document itself cannot be removed."""
        assert "action 1 ($): the whole document" in refusal({"a": 1}, {"target": "$", "remove": True})

    def test_an_update_beside_remove_false(self) -> None:
        """``remove: false`` says nothing; the update is done."""
        assert {"a": 1} == applied({}, {"target": "$", "update": {"a": 1}, "remove": False})


class TestRefusals:
    def test_a_target_that_matches_nothing(self) -> None:
        """A target that is gone stops the build and names file, action, target and document."""
        good = {"target": "$", "update": {"b": 1}}
        message = refusal({"a": 1}, good, {"target": "$.gone[?@.name == 'x']", "remove": True})
        expected = "some.yaml, action 2 ($.gone[?@.name == 'x']): the target matches nothing in ../some_api.yaml"
        assert message.startswith(expected)

    @pytest.mark.parametrize("update", [{}, {"a": 1}, {"b": {"c": [], "d": None}}])
    def test_an_action_that_changes_nothing(self, update: dict[str, Any]) -> None:
        """An action that upstream has made needless stops the build, and is named."""
        message = refusal({"a": 1, "b": {"c": [1], "d": None}}, {"target": "$", "update": update})
        assert message.startswith("some.yaml, action 1 ($): changes nothing")

    @pytest.mark.parametrize("target", ["paths", "$.", "$[?", "$.a[?@.b ==]", "", "$['a", "$[?nosuch(@) == 1]"])
    def test_a_target_that_is_no_jsonpath(self, target: str) -> None:
        """A target that cannot be read is refused, the action named."""
        message = refusal({"a": 1}, {"target": target, "remove": True})
        assert message.startswith(f"some.yaml, action 1 ({target}): the target is no JSONPath: ")

    @pytest.mark.parametrize(
        ("action", "complaint"),
        [
            ({**GOOD, "target": None}, "has no target"),
            ({"description": WHY, "update": {"a": 1}}, "has no target"),
            ({**GOOD, "target": 3}, "has no target"),
            ({"target": "$", "update": {"a": 1}}, "has no description"),
            ({**GOOD, "description": " \n"}, "has no description"),
            ({**GOOD, "description": None}, "has no description"),
            ({"target": "$", "description": WHY}, "expected either an update or remove: true"),
            ({**GOOD, "remove": True}, "expected either an update or remove: true"),
            ({"target": "$", "description": WHY, "remove": "yes"}, "expected either an update or remove: true"),
            ("remove it", "expected an object"),
        ],
    )
    def test_an_action_that_says_too_little_or_too_much(self, tmp_path: Path, action: object, complaint: str) -> None:
        """An action has a target, a reason and either update or remove; the one that has not is named."""
        path = tmp_path / "bad.yaml"
        documents.write(path, {"overlay": "1.0.0", "extends": "x.yaml", "actions": [GOOD, action]})
        with pytest.raises(SpecError) as caught:
            Overlay.read(path)
        assert str(caught.value).startswith(f"bad.yaml, action 2: {complaint}")

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("openapi: 3.0.1\n", "bad.yaml: expected an OpenAPI Overlay 1.x document"),
            ("overlay: 2.0.0\nactions: []\n", "bad.yaml: expected an OpenAPI Overlay 1.x document"),
            ("overlay: 1.0.0\n", "bad.yaml: expected a list of actions"),
            ("overlay: 1.0.0\nactions: {}\n", "bad.yaml: expected a list of actions"),
            ("- overlay\n", "bad.yaml: expected an OpenAPI object at the top"),
            ("overlay: [\n", "bad.yaml: cannot be read as YAML"),
            ("overlay: 1.0.0\noverlay: 1.0.0\n", "bad.yaml: cannot be read as YAML"),
        ],
    )
    def test_a_file_that_is_no_overlay(self, tmp_path: Path, text: str, complaint: str) -> None:
        """A file that is no overlay is refused by its name."""
        path = tmp_path / "bad.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError) as caught:
            Overlay.read(path)
        assert str(caught.value).startswith(complaint)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        """A missing file is refused by its name."""
        with pytest.raises(SpecError, match=r"^gone\.yaml: cannot be read"):
            Overlay.read(tmp_path / "gone.yaml")

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        """A file that is not UTF-8 is refused by its name."""
        (tmp_path / "bad.yaml").write_bytes(b"overlay: \xff\n")
        with pytest.raises(SpecError, match=r"^bad\.yaml: cannot be read"):
            Overlay.read(tmp_path / "bad.yaml")


class TestRead:
    def test_a_file_and_its_changes(self, tmp_path: Path) -> None:
        """What an overlay file does is recorded with its name, the action's number and the whole reason."""
        path = tmp_path / "some.yaml"
        text = """\
            overlay: 1.0.0
            extends: ../some_api.yaml
            actions:
              - target: $.a
                description: &why >
                  One reason,
                  two lines.
                update: {type: integer}
              - target: $.b
                description: *why
                remove: true
        """
        path.write_text(text, encoding="utf-8")
        read = Overlay.read(path)
        found, recorded = read.apply({"a": {"type": "number"}, "b": True})
        reason = "One reason, two lines."
        expected = [
            Change("some.yaml", 1, reason, ("a", "type"), "number", "integer"),
            Change("some.yaml", 2, reason, ("b",), True, ABSENT),
        ]
        assert ("../some_api.yaml", {"a": {"type": "integer"}}, expected) == (read.extends, found, recorded)


class TestChanges:
    def test_a_new_value(self) -> None:
        """A value where none was is recorded as absent before."""
        assert [(("a", "x", 0), ABSENT, 1)] == changes({"a": {}, "b": 0}, {"target": "$.a", "update": {"x": [1]}})[1:]

    @pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, "null")])
    def test_values_that_python_takes_for_equal(self, old: object, new: object) -> None:
        """Another JSON type is another value, even where Python finds the two equal."""
        (change,) = changes({"a": old}, {"target": "$", "update": {"a": new}})
        assert repr((("a",), old, new)) == repr(change)

    def test_a_published_text_that_reads_like_absence(self) -> None:
        """A value that happens to be the mark for absence is still a value."""
        assert [(("a",), ABSENT, ABSENT)] == changes({"a": ABSENT}, {"target": "$.a", "remove": True})


# ---- for all documents -----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c", "type", "$ref", "x-y", "/p/{q}", "it's"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5, "", "a", ABSENT])
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS, TREES, max_size=4)


def leaves(tree: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Scalars and empty containers as JSON text, which tells 1 from 1.0 and from true."""
    steps = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    if not steps:
        yield at, json.dumps(tree)
    for key, value in steps:
        yield from leaves(value, (*at, key))


def places(tree: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from places(value, (*at, key))


def path_to(place: tuple[str | int, ...]) -> str:
    parts = (part if isinstance(part, int) else "'" + part.replace("'", "\\'") + "'" for part in place)
    return "$" + "".join(f"[{part}]" for part in parts)


def at(tree: Any, place: tuple[str | int, ...]) -> Any:
    for part in place:
        tree = tree[part]
    return tree


def merged(old: Any, new: Any) -> Any:
    """The merge of the Overlay specification, written a second time."""
    if isinstance(old, dict) and isinstance(new, dict):
        both = {key: merged(old[key], new[key]) for key in old if key in new}
        return {**old, **new, **both}
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *new]
    return new


def text(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True)


class TestForAllDocuments:
    @given(tree=OBJECTS, data=st.data())
    def test_an_update(self, tree: dict[str, Any], data: st.DataObject) -> None:
        """The result is the specification's merge, the original is untouched, and the changes are all that changed."""
        containers = [place for place in places(tree) if isinstance(at(tree, place), dict | list)]
        place = data.draw(st.sampled_from(containers))
        update = data.draw(OBJECTS if isinstance(at(tree, place), dict) else TREES)
        expected = copy.deepcopy(tree)
        target = at(expected, place)
        if isinstance(target, list):
            target.append(update)
        else:
            new = merged(target, update)
            target.clear()
            target.update(new)
        before = text(tree)
        action = {"target": path_to(place), "update": update}
        if text(expected) == before:
            assert "changes nothing" in refusal(tree, action)
            return
        found, recorded = overlay(action).apply(tree)
        assert text(expected) == text(found)
        assert before == text(tree)
        old, new = dict(leaves(tree)), dict(leaves(found))
        expected_changes = {
            here: (old.get(here), new.get(here)) for here in {**old, **new} if old.get(here) != new.get(here)
        }
        found_changes = {
            change.location: (
                json.dumps(change.published) if change.location in old else None,
                json.dumps(change.bundled) if change.location in new else None,
            )
            for change in recorded
        }
        assert expected_changes == found_changes
        assert len(recorded) == len(found_changes)

    @given(tree=OBJECTS, data=st.data())
    def test_a_removal(self, tree: dict[str, Any], data: st.DataObject) -> None:
        """The matched entries of one node are gone, all others stay, and the changes are all values that went."""
        containers = [place for place in places(tree) if at(tree, place) and isinstance(at(tree, place), dict | list)]
        if not containers:
            return
        place = data.draw(st.sampled_from(containers))
        here = at(tree, place)
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        chosen = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=5))  # any order, some of them twice
        target = path_to(place) + "[" + ",".join(path_to((key,))[2:-1] for key in chosen) + "]"
        expected = copy.deepcopy(tree)
        rest = at(expected, place)
        for key in sorted(set(chosen), reverse=True):
            del rest[key]
        before = text(tree)
        found, recorded = overlay({"target": target, "remove": True}).apply(tree)
        assert (text(expected), before) == (text(found), text(tree))
        gone = {
            location: value
            for location, value in leaves(tree)
            for key in set(chosen)
            if location[: len(place) + 1] == (*place, key)
        }
        assert gone == {change.location: json.dumps(change.published) for change in recorded}
        assert [ABSENT] * len(gone) == [change.bundled for change in recorded]
