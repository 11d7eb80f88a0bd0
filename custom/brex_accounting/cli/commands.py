"""The commands of ``brex-accounting``; what one of them needs is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import resolve_name
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ..exports import left_out
from ..version import __version__
from .ending import Refusal
from .failure import tell_shell

_ELSEWHERE: Final[Mapping[str, str]] = {
    "auth": ".auth",
    "emulator": "..emulator.command",
    "export": ".export",
    "integrations": ".integrations",
    "records": ".records",
    "vendor": ".vendor",
}
"""Where commands are that have a module of their own: its ``app``, with one command or a group of them."""


class _Commands(TyperGroup):
    """Imports the module of a command when the command is called, or when help asks what it does."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted([*self.commands, *(name for name in _ELSEWHERE if not left_out(_part_of(name)))])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        if absent := left_out(_part_of(cmd_name)):
            raise Refusal(absent)
        return get_command(import_module(_ELSEWHERE[cmd_name], __package__).app)


def _part_of(command: str) -> str:
    """The package that a command's module is in; a vendored copy may be without it."""
    return resolve_name(_ELSEWHERE[command], __package__ or "").rpartition(".")[0]


app: typer.Typer = typer.Typer(
    cls=_Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def brex_accounting(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and leave.")
    ] = False,
) -> None:
    """Work with Brex's Accounting API."""


@app.command()
def version() -> None:
    """Print the version."""
    print(f"brex-accounting-client {__version__}")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command, or help where none is named, and give the exit status.

    Args:
        arguments: Those of the process by default.
    """
    given = sys.argv[1:] if arguments is None else [*arguments]
    try:
        return app(given or ["--help"], standalone_mode=False) or 0
    except typer.Abort:  # Ctrl-C, or the end of the input, at a question
        return 130
    except typer.TyperException as error:
        tell_shell(given)
        print(f"error: {error.format_message()}", file=sys.stderr)
        return error.exit_code


__all__ = ["app", "run"]
