"""``python -m brex_accounting.spec generate|check|diff|update``."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn

from ..errors import BrexError, SpecError
from .diff_command import APIS, diff
from .generator import differences, generate
from .layout import PACKAGE, Layout, Tools
from .suite import Suite
from .update import Update

_STATUSES = "exit status: 0 no differences, 1 an error, 2 differences that are all safe, 3 some that are not"
_UPDATING = (
    "Show what a new document changes, put its structure into ours, and make everything from it: overlays, bundle, "
    "client, the emulator's documents, tests, the entry in CHANGES.md. A failure leaves the tree as it was."
)


class _Parser(argparse.ArgumentParser):
    wrong_use = 2

    def error(self, message: str) -> NoReturn:
        """Exit as argparse does, but with a status that is the command's own."""
        self.print_usage(sys.stderr)
        self.exit(self.wrong_use, f"{self.prog}: error: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit status: 0 done, 1 the tree differs or a document is unfit, 130 Ctrl-C.

    The statuses of ``diff`` are in its help.
    """
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    _tolerate_narrow_streams()
    try:
        layout = Layout.find(options.root)
        _refuse_elsewhere(layout)
        tools = Tools.find(layout, options.tools)
        match options.command:
            case "generate":
                return _generate(layout, tools)
            case "diff":
                return diff(layout, options.api, options.new)
            case "update":
                return _update(options, layout, tools)
            case _:
                return _check(layout, tools)
    except (BrexError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # what was begun is undone by now
        print("error: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    common.add_argument("--root", type=Path, help="the project's folder (default: this one, or the copy that runs)")
    common.add_argument("--tools", type=Path, help="folder of openapi-python-client and ruff (default: .tools/bin)")
    one = _Parser(add_help=False)
    one.add_argument("new", type=Path, metavar="NEW", help="the new document: YAML or JSON, OpenAPI 3.0 or 3.1")
    one.add_argument("--api", choices=tuple(APIS), default="accounting", help="whose document it is")
    parser = _Parser(prog=f"python -m {__package__}", description="From Brex's documents to the client.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, told in (("generate", "make the client"), ("check", "see whether the client is current")):
        command = commands.add_parser(name, parents=[common], help=told, description=told)
        command.set_defaults(parser=command)
    told = "show what a new document changes, before anything is written"
    command = commands.add_parser("diff", parents=[one, common], help=told, description=told, epilog=_STATUSES)
    command.set_defaults(parser=command)
    command.wrong_use = 1  # where 2 means that there are differences
    told = "take over a document that Brex has published anew"
    command = commands.add_parser("update", parents=[one, common], help=told, description=_UPDATING)
    command.add_argument("--dry-run", action="store_true", help="do all of it beside the tree, and write nothing")
    command.add_argument("--tests", metavar="ARGUMENTS", help="what pytest is to run on the new tree (default: all)")
    command.add_argument("--no-tests", action="store_true", help="leave the tests out; a dry run does without --tests")
    command.set_defaults(parser=command)
    return parser


def _generate(layout: Layout, tools: Tools) -> int:
    started = time.perf_counter()
    generate(layout, tools)
    print(f"generated {PACKAGE} in {time.perf_counter() - started:.1f} s")
    return 0


def _check(layout: Layout, tools: Tools) -> int:
    started = time.perf_counter()
    found = differences(layout, tools)
    for line in found:
        print(line)
    verdict = f"{len(found)} files differ; run `make generate`" if found else "is what openapi/ gives"
    print(f"{PACKAGE}: {verdict} ({time.perf_counter() - started:.1f} s)")
    return 1 if found else 0


def _update(options: argparse.Namespace, layout: Layout, tools: Tools) -> int:
    asked = None if options.tests is None else tuple(shlex.split(options.tests))
    left = options.no_tests or (options.dry_run and asked is None)
    Update(
        layout=layout,
        tools=tools,
        source=options.new,
        document=APIS[options.api],
        today=datetime.now(timezone.utc).date(),
        suite=None if left else Suite(arguments=asked),
        dry_run=options.dry_run,
        say=_say,
    ).run()
    return 0


def _refuse_elsewhere(layout: Layout) -> None:
    if not layout.documents.is_dir():
        message = (
            f"{layout.root}: is neither a checkout of this project nor a copy with the part spec, since it has no "
            f"{layout.openapi}; run this in the checkout, or name the folder by --root"
        )
        raise SpecError(message)


def _tolerate_narrow_streams() -> None:
    """Write what the encoding of a terminal lacks by its number: an arrow is no reason to stop halfway."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(text: str) -> None:
    """Print; where nobody reads any more, as after ``| head``, an update goes on: CHANGES.md holds what it says."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _terminated(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)  # as an exception, so that what was begun is undone


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main())
