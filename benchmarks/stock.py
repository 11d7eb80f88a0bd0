"""The client that the same generator writes by itself: no templates and no runtime of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_PACKAGE = "stock_client"


@contextmanager
def stock_page(root: Path) -> Iterator[Callable[[bytes], Any]]:
    """Generate from the bundle into a folder of its own, and give what reads a page; the models import lazily."""
    with TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text("post_hooks: []\n", encoding="utf-8")  # its ruff may not be on the path, and formats only
        command = [".tools/bin/openapi-python-client", "generate", "--path", "openapi/bundle.yaml", "--meta", "none"]
        command += ["--config", str(config), "--output-path", str(Path(folder) / _PACKAGE)]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        sys.path.insert(0, folder)
        try:
            page_type = import_module(f"{_PACKAGE}.models.accounting_record_page").AccountingRecordPage
            yield lambda data: page_type.from_dict(json.loads(data))
        finally:
            sys.path.remove(folder)
