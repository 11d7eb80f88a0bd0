"""Builds the site and lets no warning pass: griffe's are errors, too, which Zensical prints and forgets."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

FORGOTTEN = re.compile(r"^(griffe|mkdocstrings|mkdocs_autorefs)\b", re.MULTILINE)


def main() -> int:
    """Build what the configuration says.

    Returns:
        The exit status: 0 if nobody had anything to say.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, nargs="?", default=Path("zensical.toml"))
    config = parser.parse_args().config.absolute()
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", config.name]
    ended = subprocess.run(command, cwd=config.parent, capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    sys.stdout.write(said)
    if forgotten := len(FORGOTTEN.findall(said)):
        sys.stdout.write(f"{forgotten} warnings about docstrings\n")
    return ended.returncode or min(forgotten, 1)


if __name__ == "__main__":
    raise SystemExit(main())
