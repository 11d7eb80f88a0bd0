"""The client that the same generator writes by itself: no templates and no runtime of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_PACKAGE = "stock_client"


@dataclass(frozen=True)
class StockCalls:
    """What of the stock client goes over the network.

    ``query`` and ``get`` give a model of the answer whatever its status is, so one of an error too: look at its type.
    ``next_cursor`` of a page is a string, None, or UNSET, which is false as well. Without a ``timeout`` the client
    waits for ever.
    """

    client: Callable[..., Any]
    """``AuthenticatedClient(base_url=..., token=...)``, an async context manager; the URL may end in a path."""
    query: Callable[..., Awaitable[Any]]
    """``query(client=..., limit=..., cursor=...)``: a page of accounting records; there is no paging."""
    get: Callable[..., Awaitable[Any]]
    """``get("accr_1", client=...)``: one accounting record."""


@contextmanager
def stock_page(root: Path) -> Iterator[Callable[[bytes], Any]]:
    """Give what reads a page; the models import lazily."""
    with _generated(root):
        page_type = import_module(f"{_PACKAGE}.models.accounting_record_page").AccountingRecordPage
        yield lambda data: page_type.from_dict(json.loads(data))


@contextmanager
def stock_calls(root: Path) -> Iterator[StockCalls]:
    """Give what calls a server."""
    with _generated(root):
        records = f"{_PACKAGE}.api.accounting_records"
        yield StockCalls(
            import_module(_PACKAGE).AuthenticatedClient,
            import_module(f"{records}.query_accounting_records").asyncio,
            import_module(f"{records}.get_accounting_record").asyncio,
        )


@contextmanager
def _generated(root: Path) -> Iterator[None]:
    """Generate from the bundle into a folder of its own, which can be imported from until the end and not after."""
    with TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text("post_hooks: []\n", encoding="utf-8")  # its ruff may not be on the path, and formats only
        command = [".tools/bin/openapi-python-client", "generate", "--path", "openapi/bundle.yaml", "--meta", "none"]
        command += ["--config", str(config), "--output-path", str(Path(folder) / _PACKAGE)]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        sys.path.insert(0, folder)
        invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(folder)
            for name in [name for name in sys.modules if f"{name}.".startswith(f"{_PACKAGE}.")]:
                del sys.modules[name]  # its folder is gone
