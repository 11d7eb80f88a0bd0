"""What was measured, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, in numbers and in words, and what it was meant to be."""

    what: str
    measured: str
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    figures: dict[str, float] = field(default_factory=dict)


def show(rows: list[Row], title: str, note: str) -> None:
    """Print the rows; where the output is no terminal, wide enough that a log cuts nothing off."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    table = Table(title=title, caption=note, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.add_column("What")
    for heading in ("Measured", "Ratio"):
        table.add_column(heading, justify="right")
    table.add_column("Goal")
    table.add_column("Met")
    for row in rows:
        table.add_row(row.what, row.measured, row.ratio, row.goal, _verdict(row.met))
    console.print(table)


def write(rows: list[Row], path: Path) -> None:
    """Keep the figures for whoever compares runs."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def milliseconds(seconds: float) -> str:
    """Write a time as all rows do."""
    return f"{seconds * 1e3:.2f} ms"


def _verdict(met: bool | None) -> str:  # noqa: FBT001 - a value of a row, not a switch
    return {True: "[green]yes", False: "[red]no", None: ""}[met]
