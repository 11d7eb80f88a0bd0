"""What the command tells whoever started it: the ready file, lines for a shell, a banner, the table of variants.

rich takes a while to import, and only the table needs it: whoever waits for the ready file does not wait for that.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import msgspec
import typer

from ..errors import InvalidArgument
from .variants import VARIANTS

if TYPE_CHECKING:
    from .server import EmulatorServer


@attrs.frozen
class Announcement:
    """What a client needs to know. The secrets in it open nothing but the emulator.

    Args:
        base_url: Scheme, host and port of the API.
        issuer: The issuer's URL.
        control_url: Where the control API is.
        client_id: The partner's client id.
        client_secret: Its secret.
        refresh_token: Of a consent that the default tenant has given.
        user_token: Of the default tenant.
    """

    base_url: str
    issuer: str
    control_url: str
    client_id: str
    client_secret: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)
    user_token: str = attrs.field(repr=False)


def announcement(server: EmulatorServer, tenant: str) -> Announcement:
    """Collect what there is to tell of a server that is up; a tenant consents for it.

    Args:
        server: The server.
        tenant: Whose tokens to tell.
    """
    issuer = server.world.issuer
    return Announcement(
        base_url=server.base_url,
        issuer=server.world.issuer_url,
        control_url=server.control_url,
        client_id=issuer.client_id,
        client_secret=issuer.client_secret,
        refresh_token=issuer.grant(tenant).refresh_token,
        user_token=issuer.user_token(tenant),
    )


@contextlib.contextmanager
def ready_file(path: Path, what: Announcement) -> Generator[None]:
    """Keep a file there, whole, while the block runs; only its owner may read it.

    It is left alone at the end if somebody has put another one in its place.

    Args:
        path: Where.
        what: What stands in it, as JSON.

    Raises:
        InvalidArgument: It cannot be written there.
    """
    content = msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n"
    try:
        _write(path, content)
    except OSError as error:
        message = f"ready_file: cannot write {str(path)!r} ({error.strerror}); name another file"
        raise InvalidArgument(message) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if path.read_bytes() == content:
                path.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step, with mode 0600."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink()
        raise


def print_banner(server: EmulatorServer, what: Announcement, tenant: str) -> None:
    """Tell a person what is up, and how to stop it.

    Args:
        server: The server.
        what: What to tell.
        tenant: The tenant that the user token is for.
    """
    records = len(server.world.tenant(tenant).records)
    rows = {
        "API": what.base_url,
        "Issuer": what.issuer,
        "Receipts": server.file_url,
        "Control": what.control_url,
        "Tenant": f"{tenant}, {records:,} accounting records",
        "User token": what.user_token,
    }
    typer.echo(f"{typer.style('A stand-in for Brex is up.', bold=True)} Ctrl-C stops it.")
    for name, value in rows.items():
        typer.echo(f"  {typer.style(f'{name:<11}', dim=True)}{value}")


def print_variants() -> None:
    """Print every variant: the question, its answers, which one is the default, and whether Brex documents that."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - see above
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Variant", "Answer", "Default"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Question, and what the answers mean")
    for variant in VARIANTS.values():
        table.add_row(variant.name, "", "", variant.question)
        for value, meaning in variant.values.items():
            table.add_row("", value, variant.certainty if value == variant.default else "", meaning)
    # A pipe has no width, and what reads from it wants whole lines.
    console = Console(width=None if sys.stdout.isatty() else 1000, highlight=False, markup=False, emoji=False)
    console.print(table)
    console.print("The default is what Brex documents, or what we assume. --variant NAME=ANSWER plays another answer.")


__all__ = ["Announcement", "announcement", "print_banner", "print_variants", "ready_file"]
