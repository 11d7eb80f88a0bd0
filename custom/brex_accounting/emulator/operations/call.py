"""What an operation is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ..answers import Answer
from ..tenant import Tenant


@attrs.frozen
class Call:
    """One request that has been read, allowed and checked.

    Args:
        tenant: The account that it is about.
        arguments: Path, query and header parameters by name; None where the request leaves one out.
        body: The request's body as plain JSON values, or None.
        client: Who sends it.
        key: Its ``Idempotency-Key``.
        file_url: Scheme, host and port of the file host.
        whole: Whether every answer is held against its document whole, items that were checked before included.
    """

    tenant: Tenant
    arguments: Mapping[str, Any]
    body: Any
    client: str
    key: str | None
    file_url: str
    whole: bool


Handler = Callable[[Call], Answer]

__all__ = ["Call", "Handler"]
