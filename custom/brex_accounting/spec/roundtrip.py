"""YAML that keeps its layout: what is not touched comes out byte for byte, and what is new looks like the rest."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from ..errors import SpecError
from .document import is_list, is_object


def read(path: Path) -> Any:
    """Read a YAML file with its comments, quotes and folded lines.

    Raises:
        SpecError: It cannot be read.
    """
    try:
        return _yaml().load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        message = f"{path.name}: cannot be read as YAML: {error}"
        raise SpecError(message) from error


def text_of(tree: Any) -> str:
    """The text of a tree that ``read`` gave, in the layout of our documents."""
    text = io.StringIO()
    _yaml().dump(tree, text)
    return text.getvalue()


def _yaml() -> Any:
    yaml: Any = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def styled(value: object) -> Any:
    """A plain tree as one that is written as our documents are: in blocks, with quotes only where they are needed."""
    if is_object(value):
        block: Any = CommentedMap()
        for key, part in value.items():
            block[styled(key)] = styled(part)
        return block
    if is_list(value):
        return CommentedSeq([styled(part) for part in value])
    return styled_text(value) if isinstance(value, str) else value


def styled_text(text: str) -> str:
    """A text, marked to be quoted if it would be read as something else without."""
    return text if _is_plain(text) else cast("str", DoubleQuotedScalarString(text))


def _is_plain(text: str) -> bool:
    try:
        found: object = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return False
    return isinstance(found, str) and found == text and not text.startswith("%")


def drop_comments(tree: Any) -> None:
    """Take the comments out of a tree that ``read`` gave, but for those above all of it."""
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        if is_object(node) or is_list(node):
            cast("Any", node).ca.items.clear()
            if node is not tree:
                cast("Any", node).ca.comment = None
            pending.extend(node.values() if is_object(node) else node)


def shares_nodes(tree: object) -> bool:
    """Whether a tree has a node in two places, as YAML aliases put it: changed in one, it would change in the other."""
    seen: set[int] = set()
    pending: list[object] = [tree]
    while pending:
        node = pending.pop()
        if not is_object(node) and not is_list(node):
            continue
        if id(node) in seen:
            return True
        seen.add(id(node))
        pending.extend(node.values() if is_object(node) else node)
    return False


__all__ = ["drop_comments", "read", "shares_nodes", "styled", "styled_text", "text_of"]
