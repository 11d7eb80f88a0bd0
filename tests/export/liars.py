"""A Brex that answers otherwise than the emulator would: what it says is changed on its way."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx

from brex_accounting import Brex, Runtime
from brex_accounting.export import Erp

from .traps import InProcess, Trap
from .world import RETRY, Account, MakeErp

Lie: TypeAlias = Callable[[httpx.Request, httpx.Response | None], httpx.Response | None]
"""Asked before the emulator is, without its answer, and then with it; what it gives, if anything, is the answer."""


def honestly(_: httpx.Request, __: httpx.Response | None) -> httpx.Response | None:
    """Change nothing."""
    return None


class _Lying(InProcess):
    """Carries requests to the emulator, and tells what it is told to tell."""

    lie: Callable[[], Lie]

    async def _handled(self, request: httpx.Request) -> httpx.Response:
        made_up = self.lie()(request, None)
        if made_up is not None:
            return made_up
        response = await super()._handled(request)
        return self.lie()(request, response) or response


class LyingAccount(Account):
    """An account whose Brex lies.

    Attributes:
        lie: What is told instead; it may be another one at any time.
    """

    lie: Lie = staticmethod(honestly)

    @asynccontextmanager
    async def client(self, trap: Trap | None = None, runtime: Runtime | None = None) -> AsyncGenerator[Brex]:
        """A client that is lied to."""
        transport = _Lying(self.world, trap or Trap(), self.failures)
        transport.lie = lambda: self.lie
        async with Brex(
            self.credentials,
            account="acme",
            base_url=self.world.base_url,
            retry=RETRY,
            rate_limit=None,
            runtime=runtime or self.runtime,
            transport=transport,
        ) as brex:
            yield brex


def answer(status: int, **body: Any) -> httpx.Response:
    """An answer of one's own."""
    headers = {"content-type": "application/json", "x-brex-trace-id": "trace"}
    return httpx.Response(status, headers=headers, content=json.dumps(body).encode())


def refusal(status: int, error_code: str, **body: Any) -> httpx.Response:
    """A refusal of one's own."""
    return answer(status, error_code=error_code, message="No.", **body)


def results_of(request: httpx.Request) -> list[dict[str, Any]]:
    """The results that a request reports; none where it is no report."""
    if request.method != "POST" or not request.url.path.endswith("/export-results"):
        return []
    results: list[dict[str, Any]] = json.loads(request.content)["results"]
    return results


def ids_of(request: httpx.Request) -> list[str]:
    """The records that a request reports."""
    return [result["accounting_record_id"] for result in results_of(request)]


def reports_in(account: Account) -> int:
    """How many reports Brex has had."""
    return sum(exchange.operation == "reportAccountingExportResults" for exchange in account.tenant.journal)


def always(erp: Erp) -> MakeErp:
    """Let all workers of an account use the same handle on the books."""

    def make_erp(_: Account, __: Trap) -> Erp:
        return erp

    return make_erp


def spoiling(record_id: str, spoil: Callable[[dict[str, Any]], None]) -> Lie:
    """Show a record otherwise in every list.

    Args:
        record_id: The record.
        spoil: Changes it.
    """

    def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
        if response is None or response.status_code != 200 or not request.url.path.endswith("/accounting/records"):
            return None
        body = json.loads(response.content)
        for item in body["items"]:
            if item["id"] == record_id:
                spoil(item)
        return answer(200, **body)

    return lie


def unreadable(record: dict[str, Any]) -> None:
    """Let a line be of a type that is no text."""
    record["line_items"][0]["type"] = 7


__all__ = [
    "Lie",
    "LyingAccount",
    "always",
    "answer",
    "honestly",
    "ids_of",
    "refusal",
    "reports_in",
    "results_of",
    "spoiling",
    "unreadable",
]
