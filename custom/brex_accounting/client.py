"""The client: wiring only."""

from __future__ import annotations

import os
import platform
import ssl
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, cast

from .auth.user_token import UserToken
from .checks import header, label
from .errors import InvalidArgument
from .events import Observer, OnEvent
from .transport.caller import Caller, CallOptions
from .transport.retry import RetryPolicy
from .transport.runtime import AccountKey, Runtime, checked_runtime, default_runtime
from .transport.session import Session
from .transport.settings import AsyncTransport, HttpSettings
from .transport.token_source import SharedTokenSource, TokenSource
from .transport.window import RateLimit
from .version import __version__

if TYPE_CHECKING:
    from .resources.company import CompanyResource
    from .resources.expenses import ExpensesResource
    from .resources.integrations import IntegrationsResource
    from .resources.receipts import ReceiptsResource
    from .resources.records import RecordsResource
    from .resources.webhooks import WebhooksResource

BASE_URL: Final = "https://api.brex.com"
"""Brex's production API (https://developer.brex.com/openapi/accounting_api)."""


class _Unchanged:
    """Stands for an option that a view leaves as it is, where None means something."""


_UNCHANGED: Final = _Unchanged()

_OF_A_GRANT: Final = ("BREX_CLIENT_ID", "BREX_CLIENT_SECRET", "BREX_TOKEN_FILE")

_SHARED_OPTIONS: Final = ("proxy", "ssl_context", "transport", "on_event", "runtime")
"""What a client has in common with the application whose grant it uses."""

_RESOURCES: Final = frozenset({"integrations", "records", "receipts", "expenses", "webhooks", "company"})
"""What a view makes for itself."""


class Brex:
    """A client of Brex's Accounting API for one account, and the root of views on other accounts.

    Args:
        credentials: A user token, or a grant of an OAuth application.
        account: A label for the account: it stands on events, log records and errors, and with the client id it is
            the key of the limiter and retry budget that all clients in the process share. Required with a grant.
        base_url: Scheme and host.
        timeout: Seconds for one attempt, its whole body included.
        deadline: Seconds for a call: its turn at the limiter, its token, all attempts, and the waits in between. In
            streams it applies to each page.
        retry: How often a call is tried; None for once.
        rate_limit: What Brex allows; None turns the limiter off. Brex: 1,000 requests in 60 seconds
            (https://developer.brex.com/docs/rate_limits).
        proxy: URL of a proxy; None takes the environment's (``HTTPS_PROXY`` and its like), as httpx does.
        ssl_context: Certificates to trust; None takes ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, else certifi's.
        user_agent: Your product token, such as ``acme-erp/2.1``; it is added to the client's own.
        transport: Carries requests instead of httpx's own transport, and is closed with the client; environment
            proxies do not apply then.
        on_event: Takes events as they happen.
        runtime: State to share with other clients, and the sources of time and randomness; the process's by default.

    Raises:
        InvalidArgument: An argument cannot be right.
    """

    def __init__(
        self,
        credentials: str | TokenSource,
        *,
        account: str | None = None,
        base_url: str = BASE_URL,
        timeout: float = 30.0,
        deadline: float = 600.0,
        retry: RetryPolicy | None = RetryPolicy(),  # noqa: B008 - frozen
        rate_limit: RateLimit | None = RateLimit(),  # noqa: B008 - frozen
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        user_agent: str | None = None,
        transport: AsyncTransport | None = None,
        on_event: OnEvent | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        options = CallOptions(timeout=timeout, deadline=deadline, retry=retry)
        settings = HttpSettings(
            base_url=base_url,
            user_agent=_user_agent(user_agent),
            proxy=proxy,
            ssl_context=ssl_context,
            transport=transport,
        )
        self._runtime = default_runtime() if runtime is None else checked_runtime(runtime)
        self._rate_limit = _checked_rate_limit(rate_limit)
        self._session = Session(settings, self._runtime)
        self._owns_session = True
        self._caller = self._caller_for(credentials, account, options, Observer(on_event))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Any) -> Self:
        """A client from environment variables.

        Either ``BREX_ACCESS_TOKEN`` holds a user token, or ``BREX_CLIENT_ID``, ``BREX_CLIENT_SECRET``,
        ``BREX_TOKEN_FILE`` and ``BREX_ACCOUNT`` name a grant. ``BREX_ACCOUNT`` is the label; ``BREX_BASE_URL`` is
        another host, ``BREX_ISSUER`` another issuer, if set.

        Args:
            environ: Where to look, the process's environment by default.
            **options: The keyword arguments of ``Brex``, which come before the environment's.

        Raises:
            InvalidArgument: A variable is missing, or two contradict each other; the text names them.
        """
        found = os.environ if environ is None else environ
        for variable, option in (("BREX_ACCOUNT", "account"), ("BREX_BASE_URL", "base_url")):
            if found.get(variable):
                options.setdefault(option, found[variable])
        return cls(_credentials_from(found, options), **options)

    # ---- views --------------------------------------------------------------------------------------------------

    def with_options(
        self,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        retry: RetryPolicy | _Unchanged | None = _UNCHANGED,
        on_event: OnEvent | _Unchanged | None = _UNCHANGED,
    ) -> Self:
        """The same account with other options: a light view that shares everything and closes nothing.

        Args:
            timeout: Seconds for one attempt.
            deadline: Seconds for a call.
            retry: How often a call is tried; None for once.
            on_event: Takes events as they happen; None for nobody.

        Raises:
            InvalidArgument: An argument cannot be right.
        """
        old = self._caller.options
        options = CallOptions(
            timeout=old.timeout if timeout is None else timeout,
            deadline=old.deadline if deadline is None else deadline,
            retry=old.retry if isinstance(retry, _Unchanged) else retry,
        )
        observer = self._caller.observer if isinstance(on_event, _Unchanged) else Observer(on_event)
        return self._view(self._caller.with_options(options, observer))

    def for_account(self, account: str, credentials: str | TokenSource) -> Self:
        """Another account: a light view with tokens and a limiter of its own, on the same connections.

        Args:
            account: Its label.
            credentials: Its user token, or its grant.

        Raises:
            InvalidArgument: An argument cannot be right.
        """
        old = self._caller
        return self._view(self._caller_for(credentials, label(account, "account"), old.options, old.observer))

    def _view(self, caller: Caller) -> Self:
        view = object.__new__(type(self))
        vars(view).update({name: value for name, value in vars(self).items() if name not in _RESOURCES})
        view._owns_session = False
        view._caller = caller
        return view

    # ---- resources ----------------------------------------------------------------------------------------------
    # Imported at their first use: a worker that reads records does not pay for the models of expenses.

    @cached_property
    def integrations(self) -> IntegrationsResource:
        """Connect an ERP vendor to the account, and disconnect it."""
        from .resources.integrations import IntegrationsResource

        return IntegrationsResource(self._caller)

    @cached_property
    def records(self) -> RecordsResource:
        """Read accounting records, and report what became of them."""
        from .resources.records import RecordsResource

        return RecordsResource(self._caller)

    @cached_property
    def receipts(self) -> ReceiptsResource:
        """Download receipts of accounting records."""
        from .resources.receipts import ReceiptsResource

        return ReceiptsResource(self._caller)

    @cached_property
    def expenses(self) -> ExpensesResource:
        """Read expenses, and set their memos."""
        from .resources.expenses import ExpensesResource

        return ExpensesResource(self._caller)

    @cached_property
    def webhooks(self) -> WebhooksResource:
        """Subscribe to events, and verify those that arrive."""
        from .resources.webhooks import WebhooksResource

        return WebhooksResource(self._caller)

    @cached_property
    def company(self) -> CompanyResource:
        """The company that the account belongs to."""
        from .resources.company import CompanyResource

        return CompanyResource(self._caller)

    # ---- life ---------------------------------------------------------------------------------------------------

    @property
    def account(self) -> str | None:
        """The account label."""
        return self._caller.account

    async def __aenter__(self) -> Self:
        """Open the connections in the running event loop; a view checks that its parent is open.

        Raises:
            ClientStateError: The client is open already, or was closed; or a view's parent is not open here.
        """
        if self._owns_session:
            self._session.open()
        else:
            self._session.check()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End what runs in the background and close the connections; a view closes nothing."""
        if self._owns_session:
            await self._session.close()

    def __repr__(self) -> str:
        account = "" if self.account is None else f"account={self.account!r} "
        return f"<{type(self).__name__} {account}base_url={self._session.settings.base_url!r} {self._session.state}>"

    def __reduce__(self) -> NoReturn:
        message = "a client holds tokens and connections and does not travel; make another one from its settings"
        raise TypeError(message)

    # ---- wiring -------------------------------------------------------------------------------------------------

    def _caller_for(
        self, credentials: str | TokenSource, account: str | None, options: CallOptions, observer: Observer
    ) -> Caller:
        tokens = _token_source(credentials)
        if account is None and not isinstance(tokens, UserToken):
            message = "account: expected a label, because tokens, limits and events of several accounts must not mix"
            raise InvalidArgument(message)
        name = None if account is None else label(account, "account")
        if name is not None and isinstance(tokens, SharedTokenSource):
            tokens = tokens.named(name, observer)
        counted = name if name is not None else cast("UserToken", tokens).fingerprint
        return Caller(
            session=self._session,
            runtime=self._runtime,
            tokens=tokens,
            key=AccountKey(self._session.settings.host, tokens.client_id, counted),
            account=name,
            rate_limit=self._rate_limit,
            options=options,
            observer=observer,
        )


def _token_source(credentials: object) -> TokenSource:
    if isinstance(credentials, str):
        return UserToken(credentials)
    if isinstance(credentials, TokenSource) and not isinstance(credentials, type):
        return credentials
    message = "credentials: expected a user token, or a grant of an OAuthApp"
    raise InvalidArgument(message)


def _checked_rate_limit(rate_limit: object) -> RateLimit | None:
    if rate_limit is None or isinstance(rate_limit, RateLimit):
        return rate_limit
    message = "rate_limit: expected a RateLimit, or None for no limiter"
    raise InvalidArgument(message)


def _user_agent(product: str | None) -> str:
    own = f"brex-accounting-client/{__version__} python/{platform.python_version()}"
    return own if product is None else f"{own} {header(product, 'user_agent')}"


def _credentials_from(environ: Mapping[str, str], options: Mapping[str, Any]) -> str | TokenSource:
    token = environ.get("BREX_ACCESS_TOKEN")
    named = [name for name in _OF_A_GRANT if environ.get(name)]
    if token and named:
        message = f"BREX_ACCESS_TOKEN and {' and '.join(named)} are both set: keep a user token, or a grant"
        raise InvalidArgument(message)
    if token:
        return token
    missing = [name for name in _OF_A_GRANT if not environ.get(name)]
    if not options.get("account"):
        missing.append("BREX_ACCOUNT")
    if not named:
        message = f"BREX_ACCESS_TOKEN is not set: put a user token there, or set {', '.join(missing)} for a grant"
        raise InvalidArgument(message)
    if missing:
        message = f"{' and '.join(named)}: a grant needs {', '.join(missing)} as well"
        raise InvalidArgument(message)
    from .auth.app import OAuthApp
    from .auth.file_store import FileTokenStore
    from .auth.issuer import ISSUER

    app = OAuthApp(
        client_id=environ["BREX_CLIENT_ID"],
        client_secret=environ["BREX_CLIENT_SECRET"],
        issuer=environ.get("BREX_ISSUER") or ISSUER,
        # The issuer is reached as Brex is.
        **{name: options[name] for name in _SHARED_OPTIONS if name in options},
    )
    return app.grant(FileTokenStore(environ["BREX_TOKEN_FILE"]))


__all__ = ["BASE_URL", "Brex"]
