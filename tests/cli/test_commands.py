"""``brex-accounting`` itself: its commands, and what it says where an extra is missing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from brex_accounting import __version__
from brex_accounting.cli import main
from brex_accounting.shell import install

# Each step is run by a process in which some packages cannot be found, as if their extra were not installed.
STEPS = """
import contextlib, importlib.abc, io, json, sys

class Missing(importlib.abc.MetaPathFinder):
    names = set()

    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = Missing()
sys.meta_path.insert(0, missing)
results = {}

def step(name, names, call):
    missing.names = names
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = call()
    light = not any(module.startswith("brex_accounting.emulator") for module in sys.modules)
    results[name] = [code, out.getvalue(), err.getvalue(), light]

from brex_accounting import cli
step("cli without typer", {"typer"}, lambda: cli.main(["version"]))

from brex_accounting.emulator import __main__ as module
step("module without typer", {"typer"}, module.main)
for name in [name for name in sys.modules if name.startswith("brex_accounting.emulator")]:
    del sys.modules[name]

step("version", {"starlette", "uvicorn", "jsonschema_rs"}, lambda: cli.main(["version"]))
step("help", {"starlette", "uvicorn", "jsonschema_rs"}, lambda: cli.main(["emulator", "--help"]))
for name in ("starlette", "uvicorn", "jsonschema_rs"):
    step(f"emulator without {name}", {name}, lambda: cli.main(["emulator", "--port", "0"]))
print(json.dumps(results))
"""


class TestCommands:
    @pytest.mark.parametrize("arguments", [["version"], ["--version"], ["--version", "emulator"]])
    def test_version(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        """The version can be asked for as a command and as an option."""
        assert 0 == main(arguments)
        assert f"brex-accounting-client {__version__}\n" == capsys.readouterr().out

    @pytest.mark.parametrize("arguments", [[], ["--help"]])
    def test_help(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        """Help lists every command in one line each, and comes where no command is named too."""
        assert 0 == main(arguments)
        lines = capsys.readouterr().out.splitlines()
        commands = lines[lines.index("Commands:") + 1 :]
        assert ["auth", "emulator", "export", "integrations", "records", "vendor", "version"] == [
            line.split()[0] for line in commands
        ]
        assert "  emulator      Serve a stand-in for Brex." in commands

    def test_help_of_a_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A command that is imported when it is called has its options and its help all the same."""
        assert 0 == main(["emulator", "--help"])
        out = capsys.readouterr().out
        assert out.startswith("Usage: ")
        assert "--ready-file" in out

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["emulater"], "emulater"),
            (["--vershion"], "--version"),
            (["emulator", "--port", "x"], "--port"),
            (["emulator", "--port", "70000"], "--port"),
        ],
    )
    def test_mistakes(self, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A mistake is one line, and the exit status 2."""
        assert 2 == main(arguments)
        out, err = capsys.readouterr()
        assert "" == out
        assert err.startswith("error: ")
        assert err.endswith("\n")
        assert 1 == err.count("\n")
        assert text in err


class TestWithoutExtras:
    @pytest.fixture(scope="class")
    @staticmethod
    def results() -> dict[str, tuple[int, str, str, bool]]:
        process = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True, timeout=60)
        return json.loads(process.stdout)

    def test_the_command_line(self, results: dict[str, tuple[int, str, str, bool]]) -> None:
        """Without typer, one line says how to get the command line."""
        line = f"error: the command line needs more packages: {install('cli')}\n"
        assert [2, "", line, True] == results["cli without typer"]

    def test_the_emulator_as_a_module(self, results: dict[str, tuple[int, str, str, bool]]) -> None:
        """Without typer, ``python -m`` says how to get the emulator."""
        line = f"error: the emulator needs more packages: {install('emulator')}\n"
        assert [2, "", line] == results["module without typer"][:3]

    @pytest.mark.parametrize("package", ["starlette", "uvicorn", "jsonschema_rs"])
    def test_the_emulator(self, package: str, results: dict[str, tuple[int, str, str, bool]]) -> None:
        """With typer and without the rest, one line says how to get the emulator."""
        line = f"error: the emulator needs more packages: {install('emulator')}\n"
        assert [2, "", line] == results[f"emulator without {package}"][:3]

    def test_the_other_commands(self, results: dict[str, tuple[int, str, str, bool]]) -> None:
        """Commands that have nothing to do with the emulator do not import it; its help does without the extra."""
        assert [0, f"brex-accounting-client {__version__}\n", "", True] == results["version"]
        assert 0 == results["help"][0]
        assert "--ready-file" in results["help"][1]
