"""Programs that a tool starts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import ToolError


def run(command: Sequence[str | Path], *, cwd: Path, seconds: float, tell: bool = False) -> str:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        cwd: Where it runs.
        seconds: How long it may take.
        tell: Whether its output goes to the terminal, too late to be returned.

    Returns:
        What it wrote to its standard output.

    Raises:
        ToolError: It ended otherwise than with 0, took too long, or is not there.
    """
    name = " ".join(map(str, command[:4]))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}
    out = None if tell else subprocess.PIPE
    try:
        done = subprocess.run(  # noqa: S603 - commands of the project's own
            list(command), cwd=cwd, env=environment, stdout=out, stderr=out, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{name}: {error}"
        raise ToolError(message) from error
    if done.returncode:
        message = f"{name}: ended with {done.returncode}\n{done.stdout or ''}{done.stderr or ''}".rstrip()
        raise ToolError(message)
    return done.stdout or ""
