"""The whole sweep: ``python -m tests.export.crash``; its status is 0 only if nothing was lost, doubled or changed."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.export.crash.sweep import Sweep, SweepPlan


def main() -> int:
    """Do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.export.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many workers are killed (50)")
    parser.add_argument("--records", type=int, default=10_000, help="how many records there are (10000)")
    parser.add_argument("--seed", type=int, default=7, help="makes data and instants (7)")
    parser.add_argument("--erp", choices=("beancount", "durable"), default="beancount", help="the books (beancount)")
    parser.add_argument("--lag", type=float, default=2.5, help="seconds until the durable ERP shows a post (2.5)")
    parser.add_argument("--workers", type=int, default=1, help="how many are at work at once (1)")
    given = parser.parse_args()
    worker = {"lag": given.lag, "lease": 1.0} if given.erp == "durable" else {}
    plan = SweepPlan(
        kills=given.kills,
        records=given.records,
        seed=given.seed,
        erp=given.erp,
        workers=given.workers,
        worker=worker,
    )
    begun = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        try:
            report = Sweep(plan, Path(folder), tell).run()
        except AssertionError as error:
            print("\n".join([f"NOT AS IT SHOULD BE: {error}", *getattr(error, "__notes__", [])]), file=sys.stderr)
            return 1
    print(report.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
