"""``python -m brex_accounting.emulator``: the command ``brex-accounting emulator``."""

import sys

from ..shell import install


def main() -> int:
    """Run the command and give its exit status."""
    try:
        from .command import main as run  # noqa: PLC0415 - typer comes with an extra
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        print(f"error: the emulator needs more packages: {install('emulator')}", file=sys.stderr)
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())
