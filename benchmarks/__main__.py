"""``python -m benchmarks [--json FILE]``: measure everything and say it; a goal that is missed fails nothing."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

from . import decoding, emulator, encoding, export, memory, processes, sdk, table, tokens, walking
from .page import make_page
from .stock import stock_page

ROOT = Path(__file__).parent.parent


def main(arguments: list[str] | None = None) -> None:
    """Run the parts one after the other: two at once would disturb each other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args(arguments)
    page = make_page()
    with stock_page(ROOT) as stock:
        contenders = decoding.readers(page, stock)
        rows = [
            *decoding.rows(page, contenders),
            *encoding.rows(page, stock),
            *memory.rows(page, contenders),
        ]
    rows += sdk.rows(ROOT)
    rows += tokens.rows()
    rows += emulator.rows()
    rows += export.rows()
    rows += [*processes.import_rows(), *processes.check_rows(ROOT)]
    title = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    table.show(rows, title, _note())
    if options.json:
        table.write(rows, options.json)


def _note() -> str:
    return (
        f"Medians of calls in shuffled turns with the collector on: {decoding.ROUNDS} rounds for the page, "
        f"{decoding.VARIANT_ROUNDS} for its other spellings, {encoding.ROUNDS} for encode, {walking.WALK_ROUNDS} "
        f"for walks, {walking.GET_ROUNDS} for one record, {tokens.CALL_ROUNDS} of {tokens.CALLS} calls for tokens, "
        f"{tokens.REFRESH_ROUNDS} for refreshes, "
        f"{emulator.PAGE_ROUNDS} for the emulator's pages and {emulator.START_ROUNDS} for its start, "
        f"{export.ROUNDS} processes for exports, "
        f"{processes.IMPORT_ROUNDS} processes for each import, {processes.CHECK_ROUNDS} for the check."
    )


if __name__ == "__main__":
    main()
