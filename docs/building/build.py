"""Builds the site and lets no warning pass.

Zensical stops at broken links between pages. What it prints and forgets is an error here as well: what griffe says
about docstrings, links that only show in the built pages, and anything that a page would load from elsewhere.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from site_links import problems

FORGOTTEN = re.compile(r"^(griffe|mkdocstrings|mkdocs_autorefs)\b")


def main() -> int:
    """Build what the configuration says.

    Returns:
        The exit status: 0 if nobody had anything to say.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, nargs="?", default=Path("zensical.toml"))
    config = parser.parse_args().config.absolute()
    command = [
        sys.executable,
        "-m",
        "zensical",
        "build",
        "--strict",
        "--clean",
        "--config-file",
        config.name,
    ]
    ended = subprocess.run(  # noqa: S603 - the tool that is built with, and arguments of our own
        command, cwd=config.parent, capture_output=True, text=True, check=False
    )
    said = ended.stdout + ended.stderr
    sys.stdout.write(said)
    if ended.returncode:
        return ended.returncode
    found = [line for line in said.splitlines() if FORGOTTEN.match(line)]
    broken = problems(config.parent.resolve() / "site")
    sys.stdout.writelines(f"{problem}\n" for problem in broken)
    sys.stdout.write(
        f"{len(found)} warnings about docstrings, {len(broken)} about links\n"
    )
    return 1 if found or broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
