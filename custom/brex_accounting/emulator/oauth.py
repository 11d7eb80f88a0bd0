"""The issuer over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from starlette.routing import Route

from .answers import Answer, json_answer
from .exchange import Exchanges, Received, Subject
from .world import DEFAULT_TENANT, ISSUER_PATH, World

# A plain challenge is the verifier itself.
_SECRETS: Final = frozenset(
    {"access_token", "client_secret", "code", "code_challenge", "code_verifier", "refresh_token", "token"}
)

Pairs = Sequence[tuple[str, str]]


class OAuth:
    """The endpoints of one world's issuer.

    Args:
        world: Its state.
        exchanges: Carries out what comes in.
    """

    def __init__(self, world: World, exchanges: Exchanges) -> None:
        self._world = world
        self._exchanges = exchanges

    def routes(self) -> list[Route]:
        """One route for each endpoint."""
        issuer = self._world.issuer
        endpoints: dict[str, tuple[str, str, Callable[[Pairs, Received], Answer]]] = {
            "discovery": (
                "GET",
                "/.well-known/openid-configuration",
                lambda _values, _received: issuer.discovery(self._world.issuer_url),
            ),
            "authorize": (
                "GET",
                "/v1/authorize",
                lambda values, _received: issuer.authorize(values, self._world.issuer_url),
            ),
            "token": (
                "POST",
                "/v1/token",
                lambda values, received: issuer.token(values, received.header("authorization")),
            ),
            "revoke": (
                "POST",
                "/v1/revoke",
                lambda values, received: issuer.revoke(values, received.header("authorization")),
            ),
        }
        return [
            Route(ISSUER_PATH + path, self._exchanges.endpoint(partial(self._subject, name, method, answer)))
            for name, (method, path, answer) in endpoints.items()
        ]

    def _subject(
        self, name: str, method: str, answer: Callable[[Pairs, Received], Answer], received: Received
    ) -> Subject:
        values = received.query if method == "GET" else _form(received)
        # What belongs to nobody, such as discovery, can fail as well: the default tenant's faults strike it.
        tenant = self._world.tenants.get(self._world.issuer.tenant_of(values) or DEFAULT_TENANT)
        client_id = next((value for key, value in values if key == "client_id"), "no client id")
        client = f"{client_id}, {received.header('user-agent') or 'no user agent'}"
        shown, query = _shown(values), _shown(received.query)
        path = received.target.partition("?")[0]
        target = f"{path}?{query}" if query else path
        if received.method != method:
            return Subject(None, tenant, client, shown, partial(_not_allowed, method), target=target)
        return Subject(name, tenant, client, shown, partial(answer, values, received), dialect="oauth", target=target)


def _shown(values: Pairs) -> str:
    """A query or form as the journal may keep it."""
    return "&".join(f"{key}={'…' if key in _SECRETS else value}" for key, value in values)


def _form(received: Received) -> Pairs:
    kind = (received.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return ()
    return parse_qsl(received.body.decode("utf-8", "replace"), keep_blank_values=True)


def _not_allowed(method: str) -> Answer:
    answer = json_answer({"error": "invalid_request", "error_description": f"use {method}"}, status=405)
    return Answer(405, answer.body, (*answer.headers, ("allow", method)))


__all__ = ["OAuth"]
