"""Commands as pages show them: whether they could be run, and what they print when they are."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import typer
from typer.main import get_command

import brex_accounting
from brex_accounting.cli.commands import app
from brex_accounting.spec.__main__ import _parser as spec_parser
from tests.docs.fences import ROOT, Fence

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_SOURCES = "\n".join(path.read_text() for path in Path(brex_accounting.__file__).parent.rglob("*.py"))
_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
_PLAIN = {"python3 -m venv .venv", ". .venv/bin/activate", "kill $BREX_EMULATOR_PID"}
_SPEC = re.compile(r"([a-z_]+\.)*brex_accounting\.spec")
_ASSIGNED = re.compile(r"([A-Z][A-Z0-9_]*)=")


class NotACommand(Exception):
    """Nobody can run this."""


def check(fence: Fence) -> None:
    """Hold each line of a shell block against what it calls: commands and options, targets, extras, variables.

    Raises:
        NotACommand: A line calls what does not exist.
    """
    with mock.patch.dict(os.environ):  # what a block exports holds for its later lines
        for line in re.sub(r"\\\n\s*", " ", fence.text).splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                try:
                    _check_line(line)
                except NotACommand as error:
                    message = f"{fence.place}: {line}: {error}"
                    raise NotACommand(message) from error


def _check_line(line: str) -> None:
    if inner := re.fullmatch(r'eval "\$\((.+?) ?&?\)"\s*(#.*)?', line):
        _check_line(inner[1])
        return
    words = shlex.split(line, comments=True)
    for mark in ("|", ">", "<", "&"):
        if mark in words:
            words = words[: words.index(mark)]
    assigned = [*itertools.takewhile(_ASSIGNED.match, words)]
    _check_variables(assigned)
    words = words[len(assigned) :]
    match words:
        case _ if " ".join(words) in _PLAIN:
            pass
        case ["export", *assignments] if assignments:
            _check_variables(assignments)
        case ["brex-accounting", *arguments]:
            _parse(get_command(app), "brex-accounting", arguments)
        case ["python", "-m", "brex_accounting.emulator", *arguments]:
            _parse(get_command(app), "brex-accounting", ["emulator", *arguments])
        case ["python", "-m", module, *arguments] if _SPEC.fullmatch(module):
            _parse_spec(arguments)
        case ["make", target, *assignments] if target in _TARGETS and all(map(_ASSIGNED.match, assignments)):
            pass
        case ["pip", "install", requirement]:
            _check_requirement(requirement)
        case _:
            message = "no test knows how to run it"
            raise NotACommand(message)


def _parse(command: Any, name: str, arguments: list[str]) -> None:
    try:
        context = command.make_context(name, [*arguments])
        if hasattr(command, "resolve_command"):
            found, subcommand, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            _parse(subcommand, found, rest)
    except typer.Exit:  # it has printed a list or a version
        pass
    except typer.TyperException as error:
        message = error.format_message()
        raise NotACommand(message) from error


def _parse_spec(arguments: list[str]) -> None:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            spec_parser().parse_args(arguments)
    except SystemExit as error:
        raise NotACommand(said.getvalue()) from error


def _check_variables(assignments: Sequence[str]) -> None:
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if not name.startswith("BREX_") or name not in _SOURCES:
            message = f"nothing reads {name}"
            raise NotACommand(message)
        os.environ[name] = value


def _check_requirement(requirement: str) -> None:
    found = re.fullmatch(r"([a-z-]+)(?:\[([a-z,]+)\])?", requirement)
    if found is None or found[1] != _PROJECT["name"]:
        message = "not this project's name"
        raise NotACommand(message)
    for extra in filter(None, (found[2] or "").split(",")):
        if extra not in _PROJECT["optional-dependencies"]:
            message = f"there is no extra {extra}"
            raise NotACommand(message)


# ---- sessions -------------------------------------------------------------------------------------------------------

_END = "-- end of what command"
_WITHOUT = " ".join(f"-p no:{name}" for name in ("schemathesis", "hypothesispytest", "xdist", "pytest_httpx"))
"""Plugins that this project's tests take and a reader need not have; each costs time at every start."""


def steps(fence: Fence) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in fence.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            assert found, f"{fence.place}: a session begins with a command"
            found[-1][1].append(line)
    return [(command, "\n".join(printed)) for command, printed in found]


def run(commands: Sequence[str], folder: Path, timeout: float = 120.0) -> list[str]:
    """Run commands one after the other in one shell, and give what each of them prints.

    Args:
        commands: What a reader would type.
        folder: Where.
        timeout: Seconds for all of them.
    """
    script = "".join(f"{command}\necho '{_END} {number}'\n" for number, command in enumerate(commands))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BREX_", "PYTEST", "COLUMNS"))}
    bin_folder = str(Path(sys.executable).parent)
    environment = kept | {"PATH": bin_folder + os.pathsep + kept["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=environment | {"NO_PROXY": "127.0.0.1", "PYTEST_ADDOPTS": _WITHOUT},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            output = ""
        finally:
            with contextlib.suppress(ProcessLookupError):  # all of them have ended
                os.killpg(shell.pid, signal.SIGKILL)
    parts = re.split(rf"{_END} \d+\n", output)
    assert len(parts) == len(commands) + 1, f"not every command ended: {output}"
    return [part.rstrip("\n") for part in parts[:-1]]


def is_like(expected: str, printed: str) -> bool:
    """Whether a command printed what a page shows; ``…`` stands for anything in a line, alone for any lines."""
    pattern = ""
    for line in expected.splitlines():
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += "[^\n]*?".join(map(re.escape, line.rstrip().split("…"))) + r"[ ]*\n"
    return re.fullmatch(pattern, printed + "\n" if printed else "") is not None
