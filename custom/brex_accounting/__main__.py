"""``python -m brex_accounting``: the command ``brex-accounting``, for copies of the package that have no script."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
