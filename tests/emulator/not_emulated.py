"""What documents have and the emulator has not yet: known, and held to be missing until somebody teaches it."""

from __future__ import annotations

from pathlib import Path


def not_emulated(api: str) -> set[str]:
    """Fields and enum values as ``Schema.name``, statuses as ``operationId status``."""
    lines = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    return {line.removeprefix(f"{api} ") for line in lines if line.startswith(f"{api} ")}
