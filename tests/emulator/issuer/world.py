"""An issuer without an application around it, on clocks that move only when told to, and answers as they are read."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs

from brex_accounting.emulator.answers import Answer
from brex_accounting.emulator.clock import TenantClock
from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI, Issuer
from brex_accounting.emulator.variants import Variants

START = datetime(2026, 11, 20, 9, tzinfo=timezone.utc)
DAY = 86400
URL = "http://127.0.0.1:9000/oauth2/default"
STATE = "state-123"
VERIFIER = "v" * 43
INVALID_CLIENT = (401, "invalid_client")
INVALID_GRANT = (400, "invalid_grant")
INVALID_REQUEST = (400, "invalid_request")
INVALID_SCOPE = (400, "invalid_scope")
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@attrs.define
class Account:
    name: str
    clock: TenantClock = attrs.Factory(lambda: TenantClock(START, monotonic=lambda: 0.0))
    variants: Variants = attrs.Factory(Variants)

    def lived(self) -> datetime:
        return self.clock.now()


class World:
    """An issuer with the tenants main and globex, whose clocks move only when told to."""

    def __init__(self, **options: Any) -> None:
        self.accounts = {name: Account(name) for name in ("main", "globex")}
        self.issuer = Issuer(self.accounts.get, **options)

    def choose(self, **variants: str) -> None:
        self.accounts["main"].variants.choose(**variants)

    def advance(self, seconds: float) -> None:
        self.accounts["main"].clock.advance(seconds)

    def authorize(self, **changes: str | None) -> Answer:
        """An authorize request that would succeed but for the changes; None leaves a parameter out."""
        query = {
            "client_id": self.issuer.client_id,
            "redirect_uri": DEFAULT_REDIRECT_URI,
            "response_type": "code",
            "scope": "accounting.record.read offline_access",
            "state": STATE,
        }
        return self.issuer.authorize(pairs(query | changes), URL)

    def code(self, **changes: str | None) -> str:
        return location(self.authorize(**changes))["code"]

    def post(self, **form: str | None) -> Answer:
        """A token request of the client."""
        client = {"client_id": self.issuer.client_id, "client_secret": self.issuer.client_secret}
        return self.issuer.token(pairs(client | form), None)

    def redeem(self, code: str, /, **changes: str | None) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": DEFAULT_REDIRECT_URI}
        return self.post(**(form | changes))

    def refresh(self, token: str, /, **changes: str | None) -> Answer:
        return self.post(**({"grant_type": "refresh_token", "refresh_token": token} | changes))

    def revoke(self, token: str, /, **changes: str | None) -> Answer:
        client = {"client_id": self.issuer.client_id, "client_secret": self.issuer.client_secret, "token": token}
        return self.issuer.revoke(pairs(client | changes), None)

    def good(self, token: str) -> bool:
        return self.issuer.credential(token) is not None


def pairs(values: dict[str, str | None]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value is not None]


def header(answer: Answer, name: str) -> str | None:
    return dict(answer.headers).get(name)


def location(answer: Answer) -> dict[str, str]:
    """The members that a redirect carries, each once."""
    assert 302 == answer.status
    query = parse_qs(urlsplit(header(answer, "location") or "").query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def body(answer: Answer) -> dict[str, Any]:
    return json.loads(answer.body)


def tokens(answer: Answer) -> dict[str, Any]:
    assert 200 == answer.status, answer.body
    return body(answer)


def refused(answer: Answer) -> tuple[int, str]:
    """Status and error of a refusal."""
    found = body(answer)
    assert {"error", "error_description"} == set(found)
    return answer.status, found["error"]


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
