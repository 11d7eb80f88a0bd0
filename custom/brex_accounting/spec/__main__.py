"""``python -m brex_accounting.spec generate|check``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..errors import SpecError
from .generator import PACKAGE, differences, generate


def main(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit status: 0 done, 1 the tree differs or a document is not fit."""
    parser = argparse.ArgumentParser(prog="python -m brex_accounting.spec", description=__doc__)
    parser.add_argument("command", choices=("generate", "check"), help="make the client, or see whether it is current")
    parser.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
    parser.add_argument("--tools", type=Path, default=Path(".tools/bin"), help="programs of the tool environment")
    options = parser.parse_args(arguments)
    root, tools = options.root.resolve(), options.tools.absolute()
    started = time.perf_counter()
    try:
        if options.command == "generate":
            generate(root, tools)
            print(f"generated {PACKAGE} in {time.perf_counter() - started:.1f} s")
            return 0
        found = differences(root, tools)
    except (SpecError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in found:
        print(line)
    verdict = f"{len(found)} files differ; run `make generate`" if found else "is what openapi/ gives"
    print(f"{PACKAGE}: {verdict} ({time.perf_counter() - started:.1f} s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
