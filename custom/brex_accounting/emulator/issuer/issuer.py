"""The issuer: endpoints as functions on plain values, and what a program asks of it without HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...errors import InvalidArgument
from ..answers import Answer, json_answer
from .account import Account, FindAccount
from .authorization import AuthorizationEndpoint
from .clients import AUTHENTICATION_METHODS, DEFAULT_REDIRECT_URI, Client, registered
from .codes import CHALLENGE_METHODS, Codes
from .exchange import Replay, TokenEndpoint
from .grants import Grants
from .messages import NO_STORE, OAuthRefusal, Pairs, Parameters
from .scopes import API_SCOPES, OFFLINE_ACCESS, SCOPES, chosen
from .tokens import Credential, Mint, Tokens, fingerprint


class Issuer:
    """Issues tokens for all tenants to one client.

    Tokens outlive the reset of a tenant. What is no longer good stays known, so that a request with it still finds its
    tenant.

    Args:
        account: Finds a tenant by its name.
        seed: Makes every token, so that a run can be repeated.
        default_tenant: Who consents when a request names nobody.
        client_id: The client's id; None for one made from the seed.
        client_secret: Its secret; None for one made from the seed.
        redirect_uris: Where it may send a browser back to.

    Raises:
        InvalidArgument: An id or secret is blank, or a redirect URI cannot be one.
    """

    def __init__(
        self,
        account: FindAccount,
        *,
        seed: int = 0,
        default_tenant: str = "main",
        client_id: str | None = None,
        client_secret: str | None = None,
        redirect_uris: Iterable[str] = (DEFAULT_REDIRECT_URI,),
    ) -> None:
        self._mint = Mint(seed)
        if client_id is None:
            client_id = f"client_{fingerprint(self._mint.derive('client id'))}"
        if client_secret is None:
            client_secret = self._mint.derive("client secret")
        if not client_id or not client_secret:
            message = "client_id and client_secret: expected text that is not empty"
            raise InvalidArgument(message)
        self._account = account
        self._client = Client(client_id, client_secret, registered(redirect_uris))
        self._codes = Codes(self._mint)
        self._grants = Grants(self._mint)
        self._user_tokens: dict[str, Credential] = {}
        self._authorization = AuthorizationEndpoint(account, default_tenant, self._client, self._codes)
        self._exchange = TokenEndpoint(account, self._codes, self._grants)

    @property
    def client_id(self) -> str:
        """The id of the client."""
        return self._client.id

    @property
    def client_secret(self) -> str:
        """The secret of the client."""
        return self._client.secret

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """The redirect URIs that are registered."""
        return self._client.redirect_uris

    @property
    def replays(self) -> Sequence[Replay]:
        """Every refresh token that came back after its use, oldest first."""
        return tuple(self._exchange.replays)

    # ---- for the API --------------------------------------------------------------------------------------------

    def credential(self, token: str) -> Credential | None:
        """Who sends this bearer token.

        Returns:
            None where it is unknown, expired or revoked. User tokens do not expire.
        """
        tenant = self.tenant_of_token(token)
        account = None if tenant is None else self._account(tenant)
        if account is None:
            return None
        found = self._grants.access_token(token)
        if found is None:
            return self._user_tokens.get(token)
        if not found.seconds_left(account.lived()):
            return None
        return Credential(found.grant.tenant, found.scopes, f"{self.client_id}/{found.grant.id}", token)

    def tenant_of_token(self, token: str) -> str | None:
        """Whose token this is, be it good or not; refresh tokens count too."""
        found = self._grants.access_token(token) or self._grants.refresh_token(token)
        if found is not None:
            return found.grant.tenant
        user = self._user_tokens.get(token)
        return None if user is None else user.tenant

    def expire(self, token: str) -> None:
        """Let an access token expire now; any other token stays as it is."""
        found = self._grants.access_token(token)
        if found is not None:
            found.ended = True

    # ---- for programs and the control API -----------------------------------------------------------------------

    def user_token(self, tenant: str, scopes: Iterable[str] | None = None) -> str:
        """The user token of a tenant for some scopes: always the same one.

        Args:
            tenant: The tenant's name.
            scopes: What it is good for; None for all that operations ask for.

        Raises:
            InvalidArgument: There is no such tenant or scope.
        """
        self._known(tenant)
        found = chosen(API_SCOPES if scopes is None else scopes)
        token = f"bxt_{self._mint.derive('user token', tenant, *sorted(found))}"
        self._user_tokens[token] = Credential(tenant, found, f"user token {fingerprint(token)}", token)
        return token

    def grant(self, tenant: str, scopes: Iterable[str] | None = None) -> Tokens:
        """Let a tenant consent without a browser; each time is a grant of its own.

        Args:
            tenant: The tenant's name.
            scopes: What for, besides ``offline_access``; None for all.

        Raises:
            InvalidArgument: There is no such tenant or scope.
        """
        now = self._known(tenant).lived()
        found = chosen(SCOPES if scopes is None else scopes) | {OFFLINE_ACCESS}
        return self._grants.open(tenant, found, consented_at=now, now=now).tokens()

    def revoke_tenant(self, tenant: str) -> None:
        """Let a tenant withdraw every consent it gave; its user tokens, which need none, stay good."""
        self._codes.withdraw(tenant)
        self._grants.end_all(tenant)

    # ---- endpoints ----------------------------------------------------------------------------------------------

    def discovery(self, issuer_url: str) -> Answer:
        """``GET /.well-known/openid-configuration``, without the members that only id_tokens need.

        Args:
            issuer_url: The URL that this path was appended to.
        """
        base = issuer_url.rstrip("/")
        return json_answer(
            {
                "issuer": issuer_url,
                "authorization_endpoint": f"{base}/v1/authorize",
                "token_endpoint": f"{base}/v1/token",
                "revocation_endpoint": f"{base}/v1/revoke",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": CHALLENGE_METHODS,
                "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
                "revocation_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
                "scopes_supported": SCOPES,
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def authorize(self, query: Pairs, issuer_url: str | None = None) -> Answer:
        """``GET /v1/authorize``: the tenant of ``login_hint``, or the default one, consents at once.

        Args:
            query: The query.
            issuer_url: The issuer as discovery names it, for ``iss`` (RFC 9207); None leaves that out.
        """
        return self._authorization.answer(query, issuer_url)

    def token(self, form: Pairs, authorization: str | None) -> Answer:
        """``POST /v1/token``: an authorization code or a refresh token for an access token.

        Args:
            form: The form.
            authorization: The header of that name.
        """
        try:
            return self._exchange.answer(self._authenticated(form, authorization))
        except OAuthRefusal as refusal:
            return refusal.answer()

    def revoke(self, form: Pairs, authorization: str | None) -> Answer:
        """``POST /v1/revoke`` (RFC 7009): a refresh token ends its grant, an access token itself.

        A token that is unknown or ended is no error. A used refresh token ends its grant too: who disconnects a
        customer may hold no newer one. User tokens are not the client's to revoke.

        Args:
            form: The form.
            authorization: The header of that name.
        """
        try:
            value = self._authenticated(form, authorization).required("token")
        except OAuthRefusal as refusal:
            return refusal.answer()
        refresh = self._grants.refresh_token(value)
        found = self._grants.access_token(value) if refresh is None else refresh.grant
        changes = found is not None and not found.ended
        if found is not None:
            found.ended = True
        return Answer(200, b"", NO_STORE, committed=changes)

    def tenant_of(self, values: Pairs) -> str | None:
        """Which tenant a request to an endpoint is about, before it is handled.

        Args:
            values: Its query or form.

        Returns:
            None where it is about nobody, or about somebody who does not exist.
        """
        parameters = Parameters(values)
        code = self._codes.find(parameters.get("code") or "")
        if code is not None:
            return code.tenant
        for name in ("refresh_token", "token"):
            tenant = self.tenant_of_token(parameters.get(name) or "")
            if tenant is not None:
                return tenant
        if parameters.get("login_hint") is None and parameters.get("response_type") is None:
            return None
        account = self._account(self._authorization.tenant(parameters))
        return None if account is None else account.name

    # ---- both ---------------------------------------------------------------------------------------------------

    def _known(self, tenant: str) -> Account:
        account = self._account(tenant)
        if account is None:
            message = f"tenant: there is none named {tenant!r}"
            raise InvalidArgument(message)
        return account

    def _authenticated(self, form: Pairs, authorization: str | None) -> Parameters:
        """The parameters of a form that the client sent."""
        parameters = Parameters(form)
        parameters.refuse_repeats()
        self._client.authenticate(parameters, authorization)
        return parameters


__all__ = ["Issuer"]
