"""An emulator on a clock that moves only when told to, and a caller of its applications that needs no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import attrs
from starlette.types import ASGIApp

from brex_accounting.emulator import Tenant, TenantPlan, World, build_apps
from brex_accounting.emulator.journal import Exchange
from brex_accounting.emulator.world import DEFAULT_TENANT, ISSUER_PATH
from tests.wire import dumps, loads

START = datetime(2026, 7, 1, 9, tzinfo=timezone.utc)
"""Where the clocks of tests begin: after everything that is seeded."""

INTEGRATION = "/v3/accounting/integration"
RECORDS = "/v3/accounting/records"
RESULTS = f"{RECORDS}/export-results"
EXPENSES = "/v1/expenses"
CARD = f"{EXPENSES}/card"
WEBHOOKS = "/v1/webhooks"
COMPANY = "/v2/company"
TOKEN = f"{ISSUER_PATH}/v1/token"

_MOST_PAGES = 2000

Pairs = Iterable[tuple[str, Any]]


@attrs.frozen
class Reply:
    """An answer as it arrives.

    Args:
        status: HTTP status.
        headers: Names in lower case, in their order.
        body: All of it.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as plain values, with exact numbers."""
        assert "application/json" == self.header("content-type"), self
        return loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The body of an error without its message, which is for people."""
        found = self.json
        assert isinstance(found.pop("message"), str)
        return found

    def header(self, name: str) -> str | None:
        """The header of a name, which comes at most once."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, found
        return found[0] if found else None


class Emulator:
    """An emulator in a process: its world, and a way to ask it.

    Args:
        plan: What the tenants start with; by default few records, and no limit of requests.
        **changes: Members of the plan that differ.
    """

    def __init__(self, plan: TenantPlan | None = None, **changes: Any) -> None:
        plan = plan or TenantPlan(records=60, start=START, rate_limit=None)
        self.world = World(attrs.evolve(plan, **changes), monotonic=lambda: 0.0)
        self.apps = build_apps(self.world, whole=True)
        self.traces: list[str | None] = []
        self.token = self.world.issuer.user_token(DEFAULT_TENANT)

    @property
    def tenant(self) -> Tenant:
        """The default tenant."""
        return self.world.tenant()

    @property
    def last(self) -> Exchange:
        """The newest entry of the default tenant's journal."""
        return list(self.tenant.journal)[-1]

    def choose(self, **variants: str) -> None:
        """Let the default tenant play other variants."""
        self.tenant.variants.choose(**variants)

    def advance(self, seconds: float) -> None:
        """Let time pass for the default tenant."""
        self.tenant.clock.advance(seconds)

    def ask(self, method: str, path: str, query: Pairs = (), **request: Any) -> Reply:
        """Send a request that no fault delays; see ``send``."""
        return _driven(self.send(method, path, query, **request))

    def get(self, path: str, query: Pairs = (), **request: Any) -> Reply:
        """Send a GET."""
        return self.ask("GET", path, query, **request)

    def post(self, path: str, value: Any = None, **request: Any) -> Reply:
        """Send a POST with a JSON body, or without any."""
        return self.ask("POST", path, value=value, **request)

    def put(self, path: str, value: Any = None, **request: Any) -> Reply:
        """Send a PUT with a JSON body."""
        return self.ask("PUT", path, value=value, **request)

    def form(self, path: str, **values: str) -> Reply:
        """Send a form of the registered client to the issuer."""
        issuer = self.world.issuer
        form = {"client_id": issuer.client_id, "client_secret": issuer.client_secret, **values}
        headers = [("content-type", "application/x-www-form-urlencoded")]
        return self.ask("POST", path, body=urlencode(form).encode(), headers=headers, token=None)

    def fetch(self, url: str, method: str = "GET", **request: Any) -> Reply:
        """Send a request to the file host, by default without a token."""
        parts = urlsplit(url)
        assert self.world.file_url == f"{parts.scheme}://{parts.netloc}", url
        query = parse_qsl(parts.query, keep_blank_values=True)
        return self.ask(method, unquote(parts.path), query, **{"token": None, "app": self.apps.files, **request})

    async def send(
        self,
        method: str,
        path: str,
        query: Pairs = (),
        *,
        value: Any = None,
        body: bytes = b"",
        headers: Iterable[tuple[str, str]] = (),
        token: str | None = "",
        key: str | None = None,
        agent: str | None = None,
        app: ASGIApp | None = None,
    ) -> Reply:
        """Send a request.

        Args:
            method: HTTP method.
            path: Not encoded.
            query: Names and values, not encoded.
            value: A JSON body, or None.
            body: A body as it is.
            headers: Names in lower case, and values.
            token: Bearer token; blank for a user token with all scopes, None for no header.
            key: ``Idempotency-Key``.
            agent: ``User-Agent``.
            app: Whom to ask; by default the API.

        Raises:
            Disconnected: A fault ended the connection.
        """
        sent = [("user-agent", agent), ("idempotency-key", key), *headers]
        if token is not None:
            sent.append(("authorization", f"Bearer {token or self.token}"))
        if value is not None:
            sent.append(("content-type", "application/json"))
            body = dumps(value)
        pairs = [(name, _plain(item)) for name, item in query]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path, safe="/").encode(),
            "query_string": urlencode(pairs).encode(),
            "root_path": "",
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in sent if text is not None],
        }
        reply = await _called(app or self.apps.api, scope, body)
        self.traces.append(reply.header("x-brex-trace-id"))
        return reply

    def pages(self, path: str, query: Pairs = (), **request: Any) -> Iterator[Any]:
        """Every page of a list."""
        query, cursor = list(query), None
        for _ in range(_MOST_PAGES):
            page = self.get(path, query if cursor is None else [*query, ("cursor", cursor)], **request).json
            yield page
            cursor = page.get("next_cursor")
            if cursor is None:
                return
        message = f"{path}: the list has no end"
        raise AssertionError(message)

    def items(self, path: str, query: Pairs = (), **request: Any) -> list[Any]:
        """Every item of a list."""
        return [item for page in self.pages(path, query, **request) for item in page["items"]]

    def check(self) -> None:
        """Hold what is true of every test: no bug shows, and each answer has a trace id of its own."""
        assert [] == self.world.bugs
        assert all(self.traces), self.traces
        assert len(set(self.traces)) == len(self.traces)


async def _called(app: ASGIApp, scope: dict[str, Any], body: bytes) -> Reply:
    """Call an ASGI application; the client stays until it has the whole answer."""
    status, headers, pieces = 0, (), list[bytes]()
    request = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if request:
            return request.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = tuple((name.decode(), text.decode()) for name, text in message["headers"])
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    assert status
    return Reply(status, headers, b"".join(pieces))


def _driven(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing; a loop would take longer than the rest of it."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    message = "the emulator waits for something; give the request a loop"
    raise AssertionError(message)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def success(record_id: str, reference: str | None = "JE-1") -> dict[str, Any]:
    """A result: the accounting system took the record."""
    details = {"reference_id": reference, "deep_link_url": f"https://erp.example.com/{reference}"}
    return {"accounting_record_id": record_id, "success": details}


def failure(record_id: str, message: str = "Invalid GL account") -> dict[str, Any]:
    """A result: it did not."""
    return {"accounting_record_id": record_id, "failure": {"error_message": message}}


def report(*results: dict[str, Any]) -> dict[str, Any]:
    """The body of a report."""
    return {"results": list(results)}
