"""Python source read without running it: which definitions there are, and what each of them mentions.

Nothing is imported and no name of a package is known here, so it reads a copy of a package under another name as well.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from attrs import field, frozen

from ..errors import SpecError

Key = tuple[str, str]
"""A module, as a path below its package without ``.py``, and the name of a definition in it."""


@frozen
class Mentions:
    """What the text of a definition mentions.

    Attributes:
        keys: Definitions; some of them may not exist.
        imported: What comes from elsewhere, as (module, name).
        words: Its strings, names of arguments, parameters and declared attributes; no docstring.
    """

    keys: set[Key] = field(factory=set[Key])
    imported: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    words: set[str] = field(factory=set[str])


class Definitions:
    """The definitions of some modules of a package.

    Args:
        package: The folder of the package.
        files: The modules to read.

    Raises:
        SpecError: A module cannot be read as Python.
    """

    def __init__(self, package: Path, files: Iterable[Path]) -> None:
        self._found: dict[Key, Mentions] = {}
        self._imports: dict[str, dict[str, Key]] = {}
        self._classes: dict[Key, list[str]] = {}
        self._bases: dict[Key, set[Key]] = {}
        self.trees: dict[str, ast.Module] = {}
        for file in sorted(files):
            module = file.relative_to(package).with_suffix("").as_posix().removesuffix("/__init__")
            self.trees[module] = _parsed(file)
            self._imports[module] = dict(_imports(self.trees[module], module, is_package=file.stem == "__init__"))
        for module, tree in self.trees.items():
            for node in tree.body:
                self._define(module, node)

    def reached(self, start: Key) -> set[Key]:
        """Every definition that one leads to, itself included."""
        done: set[Key] = set()
        pending = [start]
        while pending:
            key = self._home(pending.pop())
            if key in self._found and key not in done:
                done.add(key)
                pending += sorted(self._found[key].keys)
        return done

    def mentioned(self, keys: Collection[Key]) -> Mentions:
        """What some definitions mention, together."""
        whole = Mentions()
        for key in keys:
            whole.imported.update(self._found[key].imported)
            whole.words.update(self._found[key].words)
        return whole

    def classes(self) -> dict[Key, list[str]]:
        """Every class with the names of its methods."""
        return self._classes

    def functions(self) -> list[Key]:
        """Every function of a module."""
        return [
            (module, node.name)
            for module, tree in self.trees.items()
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def home(self, module: str, name: str) -> Key:
        """Where a name of a module is defined."""
        return self._home((module, name))

    def _define(self, module: str, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._add((module, node.name), self._read(module, node, None))
            case ast.ClassDef():
                self._define_class(module, node)
            case ast.Assign() | ast.AnnAssign():
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        self._add((module, target.id), self._read(module, node, None))
            case _:
                pass

    def _define_class(self, module: str, node: ast.ClassDef) -> None:
        key = (module, node.name)
        self._classes[key] = []
        whole = Mentions()
        for base in node.bases:
            whole.keys.update(self._read(module, base, None).keys)
        self._bases[key] = set(whole.keys)
        for part in node.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{node.name}.{part.name}"
                self._classes[key].append(part.name)
                self._add((module, name), self._read(module, part, node.name))
                whole.keys.add((module, name))
                for attribute, value in _assigned_to_self(part):
                    self._add((module, f"{node.name}.{attribute}"), self._read(module, value, node.name))
            else:
                inner = self._read(module, part, node.name)
                whole.keys.update(inner.keys)
                whole.words.update(inner.words)
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    whole.words.add(part.target.id)
        self._add(key, whole)

    def _add(self, key: Key, mentions: Mentions) -> None:
        known = self._found.setdefault(key, Mentions())
        known.keys.update(mentions.keys)
        known.imported.update(mentions.imported)
        known.words.update(mentions.words)

    def _read(self, module: str, tree: ast.AST, owner: str | None) -> Mentions:
        found = Mentions()
        found.words.update(strings(tree))
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name):
                    self._mention(module, name, found)
                case ast.Attribute(value=ast.Name(id="self"), attr=name) if owner is not None:
                    found.keys.add((module, f"{owner}.{name}"))
                case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                    home = self._imports[module].get(name)
                    if home is not None:
                        found.imported.add(("/".join(home), attribute))
                        found.keys.add(("/".join(part for part in home if part), attribute))
                case ast.keyword(arg=str(name)) | ast.arg(arg=name):
                    found.words.add(name)
                case _:
                    pass
        return found

    def _mention(self, module: str, name: str, found: Mentions) -> None:
        home = self._imports[module].get(name)
        if home is None:
            found.keys.add((module, name))
        else:
            found.imported.add(home)
            found.keys.add(home)

    def _home(self, key: Key) -> Key:
        """Where a name is defined that a package may only hand on, or a class inherit."""
        seen: set[Key] = set()
        while key not in self._found and key not in seen:
            seen.add(key)
            module, name = key
            handed_on = self._imports.get(module, {}).get(name)
            if handed_on is not None:
                key = handed_on
                continue
            owner, _, method = name.partition(".")
            bases: set[Key] = self._bases.get((module, owner), set[Key]()) if method else set()
            for base in sorted(bases):
                found = self._home((base[0], f"{base[1]}.{method}"))
                if found in self._found:
                    return found
        return key


def quoted(word: str, words: Collection[str]) -> bool:
    """Whether one of the strings is a word, or has it in quotes as JSON writes it."""
    return word in words or any(f'"{word}"' in text for text in words)


def strings(tree: ast.AST) -> set[str]:
    """Every string of a piece of source, bytes as text; no docstring."""
    constants = {node for node in ast.walk(tree) if isinstance(node, ast.Constant)} - set(_docstrings(tree))
    found: set[str] = set()
    for constant in constants:
        match constant.value:
            case str() as text:
                found.add(text)
            case bytes() as text:
                found.add(text.decode("utf-8", "replace"))
            case _:
                pass
    return found


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, UnicodeDecodeError) as error:
        message = f"{file.name}: cannot be read as Python, so nobody can say what it uses: {error}"
        raise SpecError(message) from error


def _imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[str, Key]]:
    above = module.split("/") if is_package else module.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            start = above[: len(above) - node.level + 1] if node.level else []
            source = "/".join([*start, *(node.module or "").split(".")]).strip("/")
            for alias in node.names:
                yield alias.asname or alias.name, (source, alias.name)


def _assigned_to_self(function: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                match target:
                    case ast.Attribute(value=ast.Name(id="self"), attr=name):
                        yield name, node.value
                    case _:
                        pass


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for part in node.body:
                if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
                    yield part.value


__all__ = ["Definitions", "Key", "Mentions", "quoted", "strings"]
