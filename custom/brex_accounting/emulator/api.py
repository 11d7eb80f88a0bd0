"""The operations of the published documents over HTTP: whose token, which scopes, what limit, and then the handler."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import attrs
from starlette.routing import Route

from .answers import Answer, Dialect, Refusal, invalid
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
        dialect = next(iter(methods.values())).dialect
        if operation is None:
            return Subject(None, tenant, client, excerpt(received.body), partial(_not_allowed, methods, dialect))
        return Subject(
            operation.id,
            tenant,
            client,
            excerpt(received.body),
            partial(self._act, operation, received, token, tenant, client),
            expire=None if token is None else partial(self._world.issuer.expire, token),
            dialect=dialect,
            proven=credential is not None,
        )

    def _act(
        self, operation: PublishedOperation, received: Received, token: str | None, tenant: Tenant | None, client: str
    ) -> Answer:
        try:
            answer = self._allowed(operation, received, token, tenant, client)
        except Refusal as refusal:
            answer = _listed(refusal, operation).answer(operation.dialect)
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
        client_id = credential.client.partition("/")[0]
        tenant.limit.take(tenant.now(), client_id=client_id, say_when=tenant.variants["retry_after"] == "sent")
        call = self._read(operation, received, tenant, client)  # what cannot be read repeats nothing, whatever its key
        if call.key is None or operation.method not in ("POST", "PUT") or tenant.variants["idempotency"] == "ignored":
            return self._handled(operation, call)
        return self._once(operation, received, call, call.key)

    def _once(self, operation: PublishedOperation, received: Received, call: Call, key: str) -> Answer:
        tenant = call.tenant
        content = f"{received.path} {received.body.hex()}"
        found = tenant.ledger.find(operation.id, key, content, tenant.now())
        if found is not None:
            first, is_same = found
            if not is_same:
                tenant.history.key_reused(operation.id, at=tenant.now(), client=call.client)
            return attrs.evolve(first, committed=False)  # it took effect once
        try:
            answer = self._handled(operation, call)
        except Refusal as refusal:
            if refusal.committed:
                answer = refusal.answer(operation.dialect)
                tenant.ledger.remember(operation.id, key, content, answer, tenant.now())
            raise
        if answer.committed:
            tenant.ledger.remember(operation.id, key, content, answer, tenant.now())
        return answer

    def _read(self, operation: PublishedOperation, received: Received, tenant: Tenant, client: str) -> Call:
        key = _idempotency_key(received)
        arguments = read_arguments(operation, received.arguments, received.query, received.headers)
        body = None
        if operation.body is not None:
            body = read_body(operation, received.header("content-type"), received.body)
        return Call(tenant, arguments, body, client, key, self._world.file_url, self._whole)

    def _handled(self, operation: PublishedOperation, call: Call) -> Answer:
        try:
            return HANDLERS[operation.id](call)
        except ContractBroken as bug:
            return self._report(bug, operation)

    def _report(self, bug: ContractBroken, operation: PublishedOperation) -> Answer:
        """A bug of the emulator's own shows: as a 500 that says so, and in the control API's ``health``."""
        self._world.bugs.append(bug)
        refusal = Refusal(500, "INTERNAL_ERROR", f"a bug of the emulator: {bug}", listed=False)
        return refusal.answer(operation.dialect)


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


def _not_allowed(methods: Mapping[str, PublishedOperation], dialect: Dialect) -> Answer:
    headers = (("allow", ", ".join(sorted(methods))),)
    refusal = Refusal(405, "METHOD_NOT_ALLOWED", "the path has no such method", headers=headers, listed=False)
    return refusal.answer(dialect)


__all__ = ["Api"]
