"""A customer who consents: the browser that pages send away."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import httpx


async def consent(
    connect: Callable[[dict[str, Any]], Awaitable[str]],
    callback: Callable[[dict[str, Any], str, str], Awaitable[None]],
    customer: str,
    *,
    tenant: str = "main",
) -> None:
    """Take a customer through the two handlers of a web server, with a session that travels as text in between.

    Args:
        connect: What sends the browser away.
        callback: What it comes back to.
        customer: Whose session it is.
        tenant: The emulated account that consents.
    """
    session: dict[str, Any] = {}
    url = await connect(session)
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(f"{url}&{urlencode({'login_hint': tenant})}")
    await callback(json.loads(json.dumps(session)), answer.headers["location"], customer)
