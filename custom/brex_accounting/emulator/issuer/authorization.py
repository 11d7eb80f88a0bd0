"""The authorize endpoint: a tenant that consents at once, and where the answer goes."""

from __future__ import annotations

from typing import Final

from ..answers import Answer
from .account import FindAccount
from .clients import Client
from .codes import Challenge, Code, Codes
from .messages import INVALID_REQUEST, OAuthRefusal, Pairs, Parameters, redirect
from .scopes import asked

_ACCESS_DENIED: Final = "access_denied"
_UNSUPPORTED_RESPONSE_TYPE: Final = "unsupported_response_type"
_SHORTEST_STATE: Final = 9


class AuthorizationEndpoint:
    """``GET /v1/authorize``.

    Args:
        account: Finds a tenant by its name.
        default_tenant: Who consents when a request names nobody.
        client: Who may ask.
        codes: Where codes are kept.
    """

    def __init__(self, account: FindAccount, default_tenant: str, client: Client, codes: Codes) -> None:
        self._account = account
        self._default_tenant = default_tenant
        self._client = client
        self._codes = codes

    def answer(self, query: Pairs, issuer_url: str | None) -> Answer:
        """A redirect with a code or an error; without one where nothing may be sent to the redirect URI."""
        parameters = Parameters(query)
        try:
            redirect_uri = self._client.redirect_uri(parameters)
        except OAuthRefusal as refusal:
            return refusal.answer()
        try:
            members = {"code": self._consent(parameters, redirect_uri).value}
        except OAuthRefusal as refusal:
            members = refusal.members()
        state = parameters.get("state")
        if state is not None:
            members["state"] = state
        if issuer_url is not None:
            members["iss"] = issuer_url
        return redirect(redirect_uri, members, committed="code" in members)

    def tenant(self, query: Parameters) -> str:
        """The name of the tenant that is asked."""
        return query.get("login_hint") or self._default_tenant

    def _consent(self, query: Parameters, redirect_uri: str) -> Code:
        query.refuse_repeats()
        if query.required("response_type") != "code":
            raise OAuthRefusal(_UNSUPPORTED_RESPONSE_TYPE, "response_type: expected code")
        if len(query.required("state")) < _SHORTEST_STATE:
            raise OAuthRefusal(INVALID_REQUEST, "state: expected more than 8 characters")
        scopes = asked(query.get("scope") or "")
        challenge = Challenge.read(query)
        tenant = self.tenant(query)
        account = self._account(tenant)
        if account is None:
            raise OAuthRefusal(_ACCESS_DENIED, "login_hint: no such tenant")
        return self._codes.issue(tenant, scopes, redirect_uri, challenge, now=account.lived())


__all__ = ["AuthorizationEndpoint"]
