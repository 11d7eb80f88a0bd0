"""``python -m brex_accounting.spec generate|check|diff``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import NoReturn

from ..errors import SpecError
from .diff_command import APIS, diff
from .generator import PACKAGE, differences, generate

_STATUSES = "exit status: 0 no differences, 1 an error, 2 differences that are all safe, 3 some that are not"


class _Parser(argparse.ArgumentParser):
    wrong_use = 2

    def error(self, message: str) -> NoReturn:
        """Exit as argparse does, but with a status that is the command's own."""
        self.print_usage(sys.stderr)
        self.exit(self.wrong_use, f"{self.prog}: error: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit status: 0 done, 1 the tree differs or a document is unfit; ``diff`` has more."""
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    root, tools = options.root.resolve(), options.tools.absolute()
    try:
        match options.command:
            case "generate":
                return _generate(root, tools)
            case "diff":
                return diff(root, options.api, options.new)
            case _:
                return _check(root, tools)
    except (SpecError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    common.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
    common.add_argument("--tools", type=Path, default=Path(".tools/bin"), help="programs of the tool environment")
    parser = _Parser(prog="python -m brex_accounting.spec", description="From Brex's documents to the client.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, told in (("generate", "make the client"), ("check", "see whether the client is current")):
        command = commands.add_parser(name, parents=[common], help=told, description=told)
        command.set_defaults(parser=command)
    told = "show what a new document changes, before anything is written"
    command = commands.add_parser("diff", parents=[common], help=told, description=told, epilog=_STATUSES)
    command.add_argument("new", type=Path, metavar="NEW", help="the new document, YAML or JSON")
    command.add_argument("--api", choices=tuple(APIS), default="accounting", help="whose document it is")
    command.set_defaults(parser=command)
    command.wrong_use = 1  # where 2 means that there are differences
    return parser


def _generate(root: Path, tools: Path) -> int:
    started = time.perf_counter()
    generate(root, tools)
    print(f"generated {PACKAGE} in {time.perf_counter() - started:.1f} s")
    return 0


def _check(root: Path, tools: Path) -> int:
    started = time.perf_counter()
    found = differences(root, tools)
    for line in found:
        print(line)
    verdict = f"{len(found)} files differ; run `make generate`" if found else "is what openapi/ gives"
    print(f"{PACKAGE}: {verdict} ({time.perf_counter() - started:.1f} s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
