"""The operations of the published documents over HTTP: whose token, which scopes, what limit, and then the handler."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import attrs
from starlette.routing import Route

from .answers import Answer, Refusal, invalid
from .arguments import read_arguments
from .contract import ContractBroken, check_answer, read_body
from .exchange import Exchanges, Received, Subject
from .issuer import Credential
from .issuer.tokens import fingerprint
from .journal import excerpt
from .operations import HANDLERS, Call
from .published import PublishedOperation, operations
from .tenant import Tenant
from .world import World

_LONGEST_KEY: Final = 255


class Api:
    """The operations of one world.

    Args:
        world: Its state.
        exchanges: Carries out what comes in.
        whole: Hold every answer against its document whole; otherwise an item that was checked is not checked again.
    """

    def __init__(self, world: World, exchanges: Exchanges, *, whole: bool = False) -> None:
        self._world = world
        self._exchanges = exchanges
        self._whole = whole

    def routes(self) -> list[Route]:
        """One route for each path of the documents; paths without parameters come first."""
        paths: dict[str, dict[str, PublishedOperation]] = {}
        for operation in operations().values():
            paths.setdefault(operation.path, {})[operation.method] = operation
        return [
            Route(path, self._exchanges.endpoint(partial(self._subject, paths[path])))
            for path in sorted(paths, key=lambda path: ("{" in path, path))
        ]

    def _subject(self, methods: Mapping[str, PublishedOperation], received: Received) -> Subject:
        operation = methods.get(received.method)
        token = _bearer(received)
        name = None if token is None else self._world.issuer.tenant_of_token(token)
        tenant = None if name is None else self._world.tenants.get(name)
        credential = None if token is None else self._world.issuer.credential(token)
        client = _client(credential, token, received)
        accounting = next(iter(methods.values())).accounting
        if operation is None:
            return Subject(None, tenant, client, excerpt(received.body), partial(_not_allowed, methods, accounting))
        return Subject(
            operation.id,
            tenant,
            client,
            excerpt(received.body),
            partial(self._act, operation, received, token, tenant, client),
            expire=None if token is None else partial(self._world.issuer.expire, token),
            accounting=accounting,
            proven=credential is not None,
        )

    def _act(
        self, operation: PublishedOperation, received: Received, token: str | None, tenant: Tenant | None, client: str
    ) -> Answer:
        try:
            answer = self._allowed(operation, received, token, tenant, client)
        except Refusal as refusal:
            answer = _listed(refusal, operation).answer(accounting=operation.accounting)
        if not answer.listed:
            return answer
        try:
            check_answer(operation, answer.status, answer.body if answer.frame is None else answer.frame)
        except ContractBroken as bug:
            return self._report(bug, operation)
        return answer

    def _allowed(
        self, operation: PublishedOperation, received: Received, token: str | None, tenant: Tenant | None, client: str
    ) -> Answer:
        credential = None if token is None else self._world.issuer.credential(token)
        if credential is None or tenant is None:
            message = "the access token is missing, unknown, expired or revoked"
            challenge = (("www-authenticate", "Bearer" if token is None else 'Bearer error="invalid_token"'),)
            raise Refusal(401, "UNAUTHORIZED", message, headers=challenge, listed=False)
        _check_scopes(operation, credential)
        tenant.limit.take(tenant.now(), say_when=tenant.variants["retry_after"] == "sent")
        key = _idempotency_key(received)
        call = self._read(operation, received, tenant, client)  # what cannot be read repeats nothing, whatever its key
        honoured = key if tenant.variants["idempotency"] == "honoured" and operation.method in ("POST", "PUT") else None
        first = None if honoured is None else tenant.ledger.find(operation.id, honoured, tenant.now())
        if first is not None:
            return attrs.evolve(first, committed=False)  # it took effect once
        try:
            answer = self._handled(operation, call)
        except Refusal as refusal:
            if honoured is not None and refusal.committed:
                answer = refusal.answer(accounting=operation.accounting)
                tenant.ledger.remember(operation.id, honoured, answer, tenant.now())
            raise
        if honoured is not None:
            tenant.ledger.remember(operation.id, honoured, answer, tenant.now())
        return answer

    def _read(self, operation: PublishedOperation, received: Received, tenant: Tenant, client: str) -> Call:
        arguments = read_arguments(operation, received.arguments, received.query, received.headers)
        body = None
        if operation.body is not None:
            body = read_body(operation, received.header("content-type"), received.body)
        return Call(tenant, arguments, body, client, self._world.file_url, self._whole)

    def _handled(self, operation: PublishedOperation, call: Call) -> Answer:
        try:
            return HANDLERS[operation.id](call)
        except ContractBroken as bug:
            return self._report(bug, operation)

    def _report(self, bug: ContractBroken, operation: PublishedOperation) -> Answer:
        """A bug of the emulator's own shows: as a 500 that says so, and in the control API's ``health``."""
        self._world.bugs.append(bug)
        refusal = Refusal(500, "INTERNAL_ERROR", f"a bug of the emulator: {bug}", listed=False)
        return refusal.answer(accounting=operation.accounting)


def _bearer(received: Received) -> str | None:
    kind, _, token = (received.header("authorization") or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def _client(credential: Credential | None, token: str | None, received: Received) -> str:
    """Who sends a request, without secrets: two workers differ in credential or user agent."""
    who = "nobody" if token is None else f"token {fingerprint(token)}"
    if credential is not None:
        who = credential.client
    return f"{who}, {received.header('user-agent') or 'no user agent'}"


def _check_scopes(operation: PublishedOperation, credential: Credential) -> None:
    if operation.scopes and credential.scopes.isdisjoint(operation.scopes):
        message = f"the token has none of the scopes {', '.join(operation.scopes)}"
        raise Refusal(403, "FORBIDDEN", message, listed=403 in operation.answers)


def _idempotency_key(received: Received) -> str | None:
    key = received.header("idempotency-key")
    if key is not None and not 0 < len(key) <= _LONGEST_KEY:
        message = f"Idempotency-Key is not 1 to {_LONGEST_KEY} characters long"
        raise invalid(message)
    return key


def _listed(refusal: Refusal, operation: PublishedOperation) -> Refusal:
    """A request that cannot be read is a 400, or the nearest status that the document lists, if it lists any."""
    if refusal.status == 400 and 400 not in operation.answers:
        if 422 in operation.answers:
            refusal.status = 422
        else:
            refusal.listed = False
    return refusal


def _not_allowed(methods: Mapping[str, PublishedOperation], accounting: bool) -> Answer:  # noqa: FBT001 - partial
    headers = (("allow", ", ".join(sorted(methods))),)
    refusal = Refusal(405, "METHOD_NOT_ALLOWED", "the path has no such method", headers=headers, listed=False)
    return refusal.answer(accounting=accounting)


__all__ = ["Api"]
