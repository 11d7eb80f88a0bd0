"""A document as Brex publishes it, YAML or JSON, OpenAPI 3.0 or 3.1, as the OpenAPI 3.0 tree that ours are.

Whatever is wrong with the file stops here with its place and the remedy: a file cut off, a web page saved in its stead,
a key given twice, a reference that leads nowhere.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from attrs import frozen
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import YAMLError

from ..errors import SpecError
from .check import check_validity
from .document import Node, is_list, is_object, nodes, operations, show
from .downgrade import downgraded
from .grammar import WEBHOOKS

_MOST_NODES = 500_000
"""More than a hundred times what Brex's largest document holds; YAML aliases can make more of a few lines."""


@frozen(kw_only=True)
class Published:
    """A document as it was published.

    Attributes:
        tree: The document as OpenAPI 3.0.
        openapi: The version that the file is written in, such as ``3.1.0``.
        title: What the document calls itself.
        version: The version of the API, as the document gives it.
        sha256: Digest of the file, in hexadecimal.
    """

    tree: Node
    openapi: str
    title: str
    version: str
    sha256: str


def read_published(path: Path) -> Published:
    """Read a new document.

    Args:
        path: A file in YAML or JSON, in UTF-8.

    Raises:
        SpecError: The file is not a whole and valid document of OpenAPI 3.0 or 3.1, or says what 3.0 cannot say; the
            text names the place and the remedy.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path.name}: cannot be read ({error.strerror}); give the file of the new document"
        raise SpecError(message) from error
    try:
        data = _json_tree(_parsed(_decoded(content, path.name), path.name), path.name)
    except RecursionError as error:
        message = f"{path.name}: is nested without end; a YAML alias in it may lead to itself"
        raise SpecError(message) from error
    if not is_object(data):
        message = f"{path.name}: holds no object at the top, so it is no OpenAPI document; download it again"
        raise SpecError(message)
    version = _openapi_version(data, path.name)
    _check_references(data, path.name)
    _check_security(data, path.name)
    _check_twins(data, path.name)
    _check_validity(data, path.name)
    tree = data
    if version.startswith("3.1"):
        tree = downgraded(data, path.name)
        _check_validity(tree, f"{path.name} as OpenAPI 3.0")
    return Published(
        tree=tree,
        openapi=version,
        title=str(tree["info"]["title"]),
        version=str(tree["info"]["version"]),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _check_validity(data: Node, name: str) -> None:
    try:
        check_validity(data, name)
    except SpecError as error:
        message = f"{error}; if the file is cut off, download it again, and if it is not, correct it"
        raise SpecError(message) from error


def _decoded(content: bytes, name: str) -> str:
    if not content.strip():
        message = f"{name}: is empty; download it again"
        raise SpecError(message)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"at byte {error.start}"
        message = f"{name}: is not in UTF-8 ({found}); save it in UTF-8"
        raise SpecError(message) from error
    if "\0" in text:
        message = f"{name}: holds NUL characters, so it is no text in UTF-8; save it in UTF-8"
        raise SpecError(message)
    if text.lstrip().startswith("<"):
        message = f"{name}: is a web page or XML, perhaps of a login, and no OpenAPI document; download the document"
        raise SpecError(message)
    return text


def _parsed(text: str, name: str) -> object:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_number)
        except ValueError as error:
            message = f"{name}: cannot be read as JSON: {error}; if the file is cut off, download it again"
            raise SpecError(message) from error
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except DuplicateKeyError as error:
        message = f"{name}: {_place_in(error)}: {error.problem}; take one of the two out of the file"
        raise SpecError(message) from error
    except YAMLError as error:
        message = f"{name}: cannot be read as YAML: {error}; if the file is cut off, download it again"
        raise SpecError(message) from error
    except (ValueError, TypeError) as error:  # a number or a tag that YAML has and Python or JSON has not
        message = f"{name}: holds a value that is none in JSON: {error}"
        raise SpecError(message) from error


class _OddJSON(ValueError):
    """What the JSON reader of Python would let pass."""


def _without_twins(pairs: list[tuple[str, Any]]) -> Node:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        message = f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object"
        raise _OddJSON(message)
    return made


def _no_number(text: str) -> Any:
    message = f"{text} is no number"
    raise _OddJSON(message)


class _Constructor(SafeConstructor):
    """Reads a date as the text that it is: OpenAPI has the types of JSON, whatever YAML makes of ``2026-01-15``."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", cast("Any", SafeConstructor.construct_yaml_str))


def _place_in(error: Any) -> str:
    mark = error.problem_mark
    return f"line {mark.line + 1}" if mark is not None else "somewhere"


def _json_tree(data: object, name: str) -> object:
    """A tree as JSON would give it: keys are texts, each once; no values but those of JSON; no node in two places."""
    count = 0

    def plain(tree: object, at: tuple[str | int, ...]) -> object:
        nonlocal count
        count += 1
        if count > _MOST_NODES:
            message = f"{name}: has more than {_MOST_NODES:,} values, as YAML aliases can make them of a few lines"
            raise SpecError(message)
        if isinstance(tree, dict):
            made: Node = {}
            for key, value in cast("dict[object, object]", tree).items():
                text = _key(key, name, at)
                if text in made:
                    message = f"{name}: {show((*at, text))}: the key stands twice, once as a number; take one out"
                    raise SpecError(message)
                made[text] = plain(value, (*at, text))
            return made
        if is_list(tree):
            return [plain(value, (*at, index)) for index, value in enumerate(tree)]
        whole_text = isinstance(tree, str) and not any("\ud800" <= letter <= "\udfff" for letter in tree)
        finite = isinstance(tree, float) and math.isfinite(tree)
        if tree is None or isinstance(tree, bool | int) or whole_text or finite:
            return tree
        message = f"{name}: {show(at)}: {tree!r} is no value of JSON; write it as a text"
        raise SpecError(message)

    return plain(data, ())


def _key(key: object, name: str, at: tuple[str | int, ...]) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    message = f"{name}: {show(at) or 'at the top'}: the key {key!r} is no text; put it into quotes"
    raise SpecError(message)


def _openapi_version(data: Node, name: str) -> str:
    if "swagger" in data:
        message = f"{name}: is Swagger {data['swagger']}; convert it to OpenAPI 3.0 first, or get the newer document"
        raise SpecError(message)
    if "openapi" not in data:
        message = f"{name}: has no key openapi, so it is no OpenAPI document; the file may be another one, or cut off"
        raise SpecError(message)
    version = str(data["openapi"])
    if not re.fullmatch(r"3\.[01](\.\d+)?", version):
        message = f"{name}: is OpenAPI {version}; what can be read is 3.0 and 3.1"
        raise SpecError(message)
    data["openapi"] = version if version.count(".") == 2 else f"{version}.0"
    for key in ("info", *(("paths",) if version.startswith("3.0") else ())):
        if not is_object(data.get(key)):
            message = f"{name}: has no {key}; if the file is cut off, download it again"
            raise SpecError(message)
    return str(data["openapi"])


def _check_references(data: Node, name: str) -> None:
    for at, node in nodes(data):
        target = node.get("$ref")
        if not isinstance(target, str):
            continue
        if not target.startswith("#/"):
            message = f"{name}: {show(at)}: $ref {target!r} leads into another file; bundle the files into one first"
            raise SpecError(message)
        if _missing(data, target):
            message = f"{name}: {show(at)}: $ref {target!r} leads nowhere; if the file is cut off, download it again"
            raise SpecError(message)


def _missing(data: Node, pointer: str) -> bool:
    here: Any = data
    for part in pointer[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if is_list(here) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        elif is_object(here) and key in here:
            here = here[key]
        else:
            return True
    return False


def _check_security(tree: Node, name: str) -> None:
    schemes = _object(_object(tree, "components"), "securitySchemes")
    places: list[tuple[str, object]] = [("security", tree.get("security"))]
    places += [(where, operation.get("security")) for where, operation, _ in _operations(tree)]
    for where, requirements in places:
        for requirement in requirements if is_list(requirements) else []:
            unknown = [scheme for scheme in requirement if scheme not in schemes] if is_object(requirement) else []
            if unknown:
                message = f"{name}: {where}: the security scheme {unknown[0]!r} is not there; "
                raise SpecError(message + "if the file is cut off, download it again")


def _operations(data: Node) -> Iterator[tuple[str, Node, Node]]:
    for part in ("paths", WEBHOOKS, "webhooks"):
        whole = {path: item for path, item in _object(data, part).items() if is_object(item)}
        for where, operation, item in operations({"paths": whole}):
            if is_object(operation):
                yield where, operation, item


def _object(node: Node, key: str) -> Node:
    found: object = node.get(key)
    return found if is_object(found) else {}


def _check_twins(data: Node, name: str) -> None:
    """Refuse two entries where the wire has one: they cannot be told apart."""
    _refuse_twins(f"{name}: tags", data.get("tags"), ("name",))
    _refuse_twins(f"{name}: servers", data.get("servers"), ("url",))
    for where, operation, item in _operations(data):
        for holder in (item, operation):
            _refuse_twins(f"{name}: {where} parameters", holder.get("parameters"), ("in", "name"))


def _refuse_twins(where: str, entries: object, identity: tuple[str, ...]) -> None:
    seen: list[str] = []
    for entry in entries if is_list(entries) else []:
        if not is_object(entry) or not all(key in entry for key in identity):
            continue
        found = " ".join(str(entry[key]) for key in identity)
        if found in seen:
            message = f"{where}: {found!r} stands there twice; take one of the two out of the file"
            raise SpecError(message)
        seen.append(found)


__all__ = ["Published", "read_published"]
