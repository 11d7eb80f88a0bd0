"""``python -m brex_accounting.spec generate|check|update``."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from ..errors import SpecError
from .generator import differences, generate
from .layout import PACKAGE, Layout, Tools
from .suite import Suite
from .update import Update

_APIS = ("accounting", "expenses", "webhooks", "team")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit status: 0 done, 1 the tree differs or a document is not fit."""
    options = _parser().parse_args(arguments)
    layout = Layout.find(options.root)
    tools = Tools.find(layout, options.tools)
    started = time.perf_counter()
    try:
        if options.command == "generate":
            generate(layout, tools)
            print(f"generated {PACKAGE} in {time.perf_counter() - started:.1f} s")
            return 0
        if options.command == "update":
            return _update(options, layout, tools)
        found = differences(layout, tools)
    except (SpecError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in found:
        print(line)
    verdict = f"{len(found)} files differ; run `make generate`" if found else "is what openapi/ gives"
    print(f"{PACKAGE}: {verdict} ({time.perf_counter() - started:.1f} s)")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--root", type=Path, help="the project's folder (default: this one, or the copy that runs)")
    shared.add_argument("--tools", type=Path, help="folder of openapi-python-client and ruff (default: .tools/bin)")
    parser = argparse.ArgumentParser(prog="python -m brex_accounting.spec", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate", parents=[shared], help="make the client")
    commands.add_parser("check", parents=[shared], help="see whether the client is what openapi/ gives")
    new = commands.add_parser(
        "update",
        parents=[shared],
        help="take over a document that Brex has published anew",
        description="Show what a new document changes, put its structure into ours, and make everything from it: the "
        "overlays, the bundle, the client, the tests, the entry in CHANGES.md. A failure leaves the tree as it was.",
    )
    new.add_argument("document", type=Path, help="the new document: YAML or JSON, OpenAPI 3.0 or 3.1")
    new.add_argument("--api", choices=_APIS, default="accounting", help="which document it is (default: accounting)")
    new.add_argument("--dry-run", action="store_true", help="do everything beside the tree and write nothing")
    new.add_argument("--tests", metavar="ARGUMENTS", help="what pytest is to run on the new tree (default: all of it)")
    new.add_argument(
        "--no-tests", action="store_true", help="leave the tests; a dry run does so unless --tests is given"
    )
    return parser


def _update(options: argparse.Namespace, layout: Layout, tools: Tools) -> int:
    asked = None if options.tests is None else tuple(shlex.split(options.tests))
    left = options.no_tests or (options.dry_run and asked is None)
    Update(
        layout=layout,
        tools=tools,
        source=options.document,
        document=f"{options.api}_api.yaml",
        today=datetime.now(timezone.utc).date(),
        suite=None if left else Suite(arguments=asked),
        dry_run=options.dry_run,
        say=partial(print, flush=True),
    ).run()
    return 0


def _terminated(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)  # as an exception, so that what was begun is undone


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main())
