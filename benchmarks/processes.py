"""What only a process of its own can tell: imports, and the check of the generated tree."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from .clock import medians_reported
from .table import Row, milliseconds

IMPORT_ROUNDS = 15
CHECK_ROUNDS = 3

IMPORT_GOAL = 0.060
CHECK_GOAL = 15.0

_WHOLE = "from brex_accounting import Brex, with asyncio"
"""Reported without a goal: it imports asyncio, as every program does that uses it, and httpx alone does not."""

_IMPORTS = {
    "httpx": "import httpx",
    "import brex_accounting_client": "import brex_accounting_client",
    "… and the module of one operation": (
        "import brex_accounting_client; "
        "from brex_accounting_client.api.accounting_records import query_accounting_records"
    ),
    _WHOLE: "from brex_accounting import Brex",
}
_TIMED = "import time; started = time.perf_counter(); {}; print(time.perf_counter() - started)"
_UNWANTED = (
    "import sys, brex_accounting_client; "
    "print(*(name for name in sys.modules if (name + '.').startswith(('brex_accounting_client.models.', 'dateutil.'))))"
)


def import_rows() -> list[Row]:
    """Compare with httpx alone, which every caller pays for anyway."""
    for statement in _IMPORTS.values():
        _seconds(statement)  # the first one may have to compile
    contenders = {name: partial(_seconds, statement) for name, statement in _IMPORTS.items()}
    seconds = medians_reported(contenders, IMPORT_ROUNDS)
    httpx = seconds.pop("httpx")
    made = [
        Row(
            f"{name} (import httpx: {milliseconds(httpx)})",
            milliseconds(ours),
            f"{(ours - httpx) * 1e3:+.1f} ms",
            "" if name == _WHOLE else f"≤ +{IMPORT_GOAL * 1e3:.0f} ms",
            None if name == _WHOLE else ours - httpx <= IMPORT_GOAL,
            {"seconds": ours, "httpx": httpx, "difference": ours - httpx},
        )
        for name, ours in seconds.items()
    ]
    unwanted = _python(_UNWANTED).split()
    named = ", ".join(unwanted[:3]) + (", …" if len(unwanted) > 3 else "")
    what = "modules of models, and of dateutil, after import brex_accounting_client"
    figures = {"modules": float(len(unwanted))}
    return [*made, Row(what, f"{len(unwanted)} {named}".strip(), "", "0", not unwanted, figures)]


def check_rows(root: Path) -> list[Row]:
    """Time the check that a change of openapi/ runs into; what it finds is its own business."""
    found: set[int] = set()

    def check() -> float:
        command = [sys.executable, "-m", "brex_accounting.spec", "check"]
        started = time.perf_counter()
        found.add(subprocess.run(command, cwd=root, check=False, capture_output=True).returncode)
        return time.perf_counter() - started

    seconds = medians_reported({"check": check}, CHECK_ROUNDS)["check"]
    what = "python -m brex_accounting.spec check" + ("" if found == {0} else " (the tree is not current)")
    goal = f"< {CHECK_GOAL:.0f} s"
    return [Row(what, f"{seconds:.2f} s", "", goal, seconds < CHECK_GOAL, {"seconds": seconds})]


def _seconds(statement: str) -> float:
    return float(_python(_TIMED.format(statement)))


def _python(code: str) -> str:
    """Run code in a fresh interpreter that sees installed packages and nothing of the folder it starts in."""
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
