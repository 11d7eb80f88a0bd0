"""Files that are written together: all of them, or none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def replace_all(contents: Mapping[Path, str]) -> None:
    """Write several files, each whole; on any failure or interruption all are as they were.

    Args:
        contents: What each file shall hold.

    Raises:
        OSError: One cannot be written.
    """
    drafts = {path: path.with_name(f".{path.name}.new") for path in contents}
    kept = {path: path.read_bytes() if path.exists() else None for path in contents}
    replaced: list[Path] = []
    try:
        for path, draft in drafts.items():
            draft.write_text(contents[path], encoding="utf-8", newline="\n")
        for path, draft in drafts.items():
            replaced.append(path)
            os.replace(draft, path)  # noqa: PTH105 - the one call that a test can stop at
    except BaseException:
        for path in replaced:
            old = kept[path]
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
