"""User code that touches every public name of both packages; mypy and pyright check it strictly, nothing runs it."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import BinaryIO, TypeVar

import pytest

from brex_accounting import (
    AccountingRecordReadyForExport,
    ActiveIntegrationExists,
    AnswerLost,
    AsyncTransport,
    AttemptEnded,
    AttemptTimedOut,
    AuthorizationDenied,
    AuthorizationError,
    AuthorizationRequest,
    BadRequest,
    Brex,
    BrexError,
    CallEnded,
    CallError,
    CallStarted,
    ClientClosed,
    ClientStateError,
    Clock,
    Conflict,
    ConnectionFailed,
    CursorInvalid,
    CursorRefused,
    CursorRepeated,
    DeadlineExceeded,
    DownloadedReceipt,
    DownloadError,
    DuplicateRecords,
    EnsuredIntegration,
    EnsureOutcome,
    Event,
    ExpenseFilters,
    ExportFailure,
    ExportReport,
    ExportResult,
    ExportSuccess,
    FileTokenStore,
    Forbidden,
    Grant,
    GrantAging,
    GrantStatus,
    IntegrationNotActive,
    InvalidArgument,
    MemoryTokenStore,
    NotFound,
    OAuthApp,
    OAuthRefused,
    OnEvent,
    PageContradiction,
    PageReached,
    PagingError,
    RateLimit,
    RateLimited,
    ReauthorizationCause,
    ReauthorizationNeeded,
    ReauthorizationRequired,
    ReceiptNotFound,
    ReceiptNotWritten,
    ReceiptTooLarge,
    ReceiptWriter,
    RecordFilters,
    RecordsNotFound,
    RecordsNotReadyForExport,
    RefreshDelayed,
    RefreshFailed,
    RefusedResult,
    RetryPolicy,
    Runtime,
    ServerError,
    SpecError,
    StateMismatch,
    StatusError,
    Stored,
    Stream,
    TokenError,
    TokensNotSaved,
    TokenSource,
    TokenSourceFailed,
    TokensRefreshed,
    TokenStore,
    TokenStoreError,
    Unauthorized,
    UnexpectedStatus,
    UnknownSeen,
    UnknownWebhookEvent,
    Unprocessable,
    UnreadableAnswer,
    UnreadableRecords,
    UnsavedGrant,
    VendorAccountIdMismatch,
    VendorError,
    Waiting,
    WebhookBody,
    WebhookError,
    WebhookEvent,
    WebhookHeaders,
    WebhookMalformed,
    WebhookNotGenuine,
    WebhookStale,
    __version__,
    verify_webhook,
)
from brex_accounting.emulator import (
    EFFECTS,
    INVARIANTS,
    VARIANTS,
    Apps,
    ContractBroken,
    Disconnected,
    EmulatorServer,
    Fault,
    Tenant,
    TenantClock,
    TenantPlan,
    Variant,
    Violation,
    World,
    build_apps,
    move,
    recode,
    serve_in_thread,
)
from brex_accounting.testing import InstantClock, OpenStore, TokenStoreContract
from brex_accounting_client import (
    UNSET,
    AuthenticatedClient,
    BadRecord,
    BadRecords,
    Client,
    ClientError,
    InvalidInput,
    OpenEnum,
    Operation,
    Page,
    Response,
    Undecodable,
    Unset,
    decode,
    decode_page,
    encode,
    from_dict,
    needs_repair,
    note_unknown_values,
    to_dict,
    unknown_fields,
    unknown_fields_of,
)
from brex_accounting_client import (
    StatusError as LowStatusError,
)
from brex_accounting_client.api.accounting_records import (
    get_accounting_record,
    query_accounting_records,
    report_accounting_export_results,
)
from brex_accounting_client.api.webhook_subscriptions import delete_subscription, list_secrets
from brex_accounting_client.models import (
    AccountingError,
    AccountingIntegration,
    AccountingRecord,
    AccountingRecordPage,
    AccountingRecordType,
    Company,
    Expense,
    ExportFailureDetails,
    ExportSuccessDetails,
    FailedExportResult,
    ReportExportResultsRequest,
    ReviewStatus,
    SuccessfulExportResult,
    WebhookSecret,
    WebhookSubscription,
)

R = TypeVar("R")


async def sync_worker() -> Decimal:
    """Everything that a worker does at this level, with the types that it would write down."""
    total = Decimal(0)
    async with AuthenticatedClient(base_url="https://api.brex.com", token="t", on_bad_record="collect") as client:
        page: AccountingRecordPage = await query_accounting_records.asyncio(
            client=client,
            review_status=ReviewStatus.READY_FOR_EXPORT,
            updated_at_gte=datetime.date(2025, 1, 1),
            updated_at_lt=datetime.datetime.now(datetime.UTC),
        )
        for index, record in enumerate(page.items):
            total += record.amount.amount
            posted: datetime.datetime = record.erp_posting_date
            known: bool = record.type.is_known
            if record.vendor is not None and record.vendor.email is not None:
                print(record.vendor.email.upper(), posted, known, page.raw_item(index))
            match record.type:
                case AccountingRecordType.CARD_PAYMENT:
                    print("payment")
                case _:
                    print(unknown_fields(page, index))
        answer: Response[AccountingRecord] = await get_accounting_record.asyncio_detailed("accr_1", client=client)
        print(answer.status_code, answer.parsed.line_items[0].amount.currency, answer.headers, answer.content)
        secrets: list[WebhookSecret] = await list_secrets.asyncio(client=client)
        print(len(secrets))
        await delete_subscription.asyncio("wh_1", client=client)
    return total


def report(client: AuthenticatedClient, reference: str | Unset = UNSET) -> list[str]:
    """A report with both kinds of results."""
    body = ReportExportResultsRequest(
        results=[
            SuccessfulExportResult(accounting_record_id="a", success=ExportSuccessDetails(reference_id=reference)),
            FailedExportResult(accounting_record_id="b", failure=ExportFailureDetails(error_message="No account")),
        ]
    )
    encoded: bytes = encode(body)
    print(encoded, to_dict(body))
    try:
        return report_accounting_export_results.sync(client=client, body=body).updated_accounting_record_ids
    except LowStatusError as error:
        if isinstance(error.parsed, AccountingError) and error.parsed.details is not None:
            return error.parsed.details.duplicate_accounting_record_ids or []
        raise
    except (InvalidInput, Undecodable, ClientError):
        return []


def first(page: Page[R]) -> R:
    """Any page, whatever its records."""
    return page.items[0]


def read(data: bytes) -> AccountingRecord:
    """Reading without a call."""
    try:
        page = decode_page(data, AccountingRecordPage)
    except BadRecords as error:
        bad: tuple[BadRecord, ...] = error.bad_records
        raise InvalidArgument(bad[0].reason) from error
    if needs_repair(data) or unknown_fields_of(data, AccountingRecordPage):
        return first(page)
    return from_dict(to_dict(decode(data, AccountingRecord)), AccountingRecord)


def other(client: Client, operation: Operation[..., AccountingRecord]) -> type[BrexError]:
    """The rest."""
    with note_unknown_values() as seen:
        names: set[tuple[str, str]] = seen
    value: OpenEnum = AccountingRecordType("NEW")
    print(client.base_url, operation.name, operation.method, names, value, __version__)
    kinds: tuple[type[BrexError], ...] = (SpecError, VendorError)
    return kinds[0]


# ---- brex_accounting ---------------------------------------------------------------------------------------------


def told(event: Event) -> None:
    """A hook that looks at every kind of event."""
    match event:
        case CallStarted():
            print(event.call, event.operation, event.account)
        case AttemptEnded():
            print(event.attempt, event.outcome, event.status_code, event.trace_id, event.seconds)
        case Waiting():
            print(event.cause, event.seconds)
        case PageReached():
            print(event.items, event.bad_records)
        case UnknownSeen():
            print(event.kind, event.name)
        case CallEnded():
            print(event.error, event.error_code, event.attempts)
        case _:
            print(event.text())


async def worker(saved: str | None) -> str:
    """A worker that uses every resource."""
    runtime = Runtime()
    async with Brex(
        "bxt_token",
        account="acme",
        base_url="https://api.brex.com",
        timeout=10.0,
        deadline=60,
        retry=RetryPolicy(attempts=3, backoff=0.2, max_backoff=5, max_retry_after=60, budget=30),
        rate_limit=RateLimit(requests=1000, seconds=60, share=0.5),
        proxy=None,
        ssl_context=None,
        user_agent="acme-erp/2.1",
        transport=None,
        on_event=told,
        runtime=runtime,
    ) as brex:
        ensured: EnsuredIntegration = await brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42")
        if ensured.outcome is EnsureOutcome.OTHER_VENDOR:
            print(ensured.existing_integration_id, ensured.existing_vendor, ensured.conflict)
        active: AccountingIntegration = await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")
        await brex.integrations.disconnect(ensured.integration_id, idempotency_key="k")
        await brex.integrations.reactivate(active.integration_id)

        record: AccountingRecord = await brex.records.get("accr_abc123", single_entry=True)
        page: AccountingRecordPage = await brex.records.query(
            source_type="BILL", updated_at_gte="2025-01-01", limit=100
        )
        print(page.items, page.next_cursor, page.raw, page.raw_item(0))
        async for found in brex.records.iter(review_status=ReviewStatus.READY_FOR_EXPORT, page_size=1000):
            print(found.amount.amount + Decimal(1))
        stream: Stream[AccountingRecord] = brex.records.iter(ids=[record.id], on_bad_record="collect", resume=saved)
        async with stream:
            one: AccountingRecord = await anext(stream)
        checkpoint: str = stream.checkpoint
        bad: tuple[BadRecord, ...] = stream.bad_records
        async for both, raw in brex.records.iter(with_raw=True, prefetch=2):
            print(both.id, len(raw), one.id, bad, stream.missing_ids)
        async for whole in brex.records.pages(updated_at_gt=datetime.datetime.now(datetime.UTC)):
            print(len(whole.items), whole.has_next_page)
        report_: ExportReport = await brex.records.report(
            [
                ExportSuccess("accr_1", reference_id="JE-1", deep_link_url="https://erp.example.com/JE-1"),
                ExportFailure("accr_2", message="Invalid GL account"),
            ],
            idempotency_key="acme-2026-11-20-7",
        )
        for refused in report_.refused:
            fate: RefusedResult = refused
            print(fate.accounting_record_id, fate.reason, fate.status_code, fate.error_code, fate.maybe_applied)
        print(report_.updated, report_.unnamed, report_.unknown, report_.unsent, report_.complete)

        async for expense in brex.expenses.iter(expand=["merchant"], status=["APPROVED"]):
            cost: Expense = expense
            print(cost.id)
        await brex.expenses.update("expense_1", memo=None)
        print((await brex.expenses.get("expense_1")).memo, (await brex.expenses.query(limit=10)).items)
        subscription: WebhookSubscription = await brex.webhooks.subscribe(
            url="https://erp.example.com/hook", event_types=["ACCOUNTING_RECORD_READY_FOR_EXPORT"]
        )
        async for each in brex.webhooks.list():
            print(each.url)
        await brex.webhooks.update(subscription.id, url="https://x", event_types=[], status="INACTIVE")
        await brex.webhooks.get(subscription.id)
        await brex.webhooks.delete(subscription.id)
        company: Company = await brex.company.get()
        receipt: DownloadedReceipt = await brex.receipts.download("accr_1", "rcpt_1", to="receipt.pdf", max_bytes=10**6)
        print(receipt.path, receipt.content_type, receipt.size, receipt.sha256, receipt.record_id, receipt.receipt_id)

        view: Brex = brex.for_account("globex", "bxt_other").with_options(deadline=5.0, retry=None, on_event=None)
        print(company.id, view.account)
        return checkpoint


class Vault:
    """A source of tokens of the user's own."""

    client_id: str | None = "client"

    def token_at_hand(self) -> str | None:
        """None at hand."""
        return None

    async def access_token(self) -> str:
        """One from somewhere."""
        return "token"

    async def refused(self, token: str) -> bool:
        """No other."""
        return token != "token"


class Shelf:
    """A token store of the user's own."""

    def __init__(self) -> None:
        self._stored: Stored | None = None

    async def load(self) -> Stored | None:
        """What is stored."""
        return self._stored

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        """Store something."""
        self._stored = Stored((expected or 0) + fence, content)
        return self._stored

    @asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncGenerator[int]:
        """No lock at all."""
        yield int(lease + wait)


class ShelfContract(TokenStoreContract):
    """The tests that the store has to pass."""

    lease_ends = False

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """The same shelf at each call."""
        shelf = Shelf()
        return lambda: shelf


def instant() -> FileTokenStore:
    """A store whose waits take no time."""
    clock = InstantClock()
    clock.advance(1.0)
    return FileTokenStore("tokens/acme.json", clock=clock)


async def scope_of(brex: Brex, scope: list[tuple[bytes, bytes]]) -> str:
    """Headers as ASGI has them."""
    return (await brex.webhooks.verify(scope, b"{}")).event_type


async def partner(session: dict[str, dict[str, str]], callback_url: str, hook: OnEvent) -> GrantStatus:
    """A partner's application: a customer consents, and is worked for."""
    unsaved: list[UnsavedGrant] = []
    app = OAuthApp(
        client_id="client",
        client_secret="a secret",
        issuer="https://accounts-api.brex.com/oauth2/default",
        client_authentication="client_secret_basic",
        refresh_timeout=10.0,
        on_event=hook,
        on_unsaved=unsaved.append,
    )
    await app.discover()
    request: AuthorizationRequest = app.authorization_request(
        redirect_uri="https://erp.example.com/callback", scopes=["accounting.record.read", "offline_access"]
    )
    session["brex"] = request.to_session()
    again = AuthorizationRequest.from_session(session["brex"])
    print(request.url, request.state, request.code_verifier, request.redirect_uri, request.scopes)
    stores: list[TokenStore] = [FileTokenStore("tokens/acme.json"), MemoryTokenStore(), Shelf()]
    try:
        grant: Grant = await app.exchange(callback_url, again, store=stores[0])
    except AuthorizationDenied as denied:
        print(denied.error_code)
        raise
    except StateMismatch as forged:
        print(forged)
        raise
    except AuthorizationError as failed:
        print(failed.error_code)
        raise
    try:
        async with Brex(grant, account="acme") as brex:
            await brex.company.get()
            await brex.for_account("globex", app.grant(stores[1])).company.get()
        refreshed: bool = await grant.refresh_if_older_than(datetime.timedelta(days=30))
        print(refreshed, grant.client_id, [each.content for each in unsaved if each.store is stores[0]])
    except ReauthorizationRequired as needed:
        cause: ReauthorizationCause = needed.cause
        print(cause, needed.since, needed.account)
    except (RefreshFailed, OAuthRefused, TokenSourceFailed) as error:
        print(error.retry_after, error.error_code)
    except TokensNotSaved as error:
        print(error.advice)
    except (TokenStoreError, TokenError) as error:
        print(error.__cause__)
    status = await grant.status()
    print(status.scopes, status.granted_at, status.expires_at, status.reauthorization, status.refresh_begun_at)
    await grant.revoke()
    return status


async def receive(brex: Brex, headers: WebhookHeaders, body: WebhookBody, secrets: list[str]) -> tuple[str, ...]:
    """A web handler that takes deliveries."""
    try:
        event: WebhookEvent = await brex.webhooks.verify(headers, body)
        event = verify_webhook(headers, body, secrets, tolerance=60)
    except (WebhookMalformed, WebhookNotGenuine, WebhookStale, WebhookError) as error:
        print(error)
        return ()
    if isinstance(event, AccountingRecordReadyForExport):
        company_id: str = event.company_id
        print(company_id, event.webhook_id, event.sent_at)
        return event.accounting_record_ids
    if isinstance(event, UnknownWebhookEvent):
        print(event.event_type, event.payload, event.raw)
    return ()


async def file(brex: Brex, plain: BinaryIO, writer: ReceiptWriter) -> str:
    """Receipts that may not come."""
    await brex.receipts.download("accr_1", "rcpt_1", to=plain)
    try:
        await brex.receipts.download("accr_1", "rcpt_1", to=writer)
    except (ReceiptNotFound, ReceiptTooLarge) as error:
        return error.operation
    except ReceiptNotWritten as error:
        return str(error.__cause__)
    except DownloadError as error:
        return f"{error.status_code}"
    return "here"


def watch(event: Event) -> str | None:
    """A hook that tells events apart."""
    match event:
        case TokensRefreshed():
            return f"{event.seconds} {event.rotated} {event.recovered}"
        case RefreshDelayed():
            return f"{event.error} {event.error_code} {event.seconds}"
        case ReauthorizationNeeded():
            return event.cause
        case GrantAging():
            return f"{event.what} {event.days}"
        case _:
            return None


async def generic(
    tokens: TokenSource, clock: Clock, transport: AsyncTransport | None, hook: OnEvent, *, raw: bool
) -> list[ExportResult]:
    """Code that names the types of what it hands over, and leaves choices to its caller."""
    results: list[ExportResult] = []
    since: RecordFilters = {"updated_at_gt": "2025-01-01", "source_type": "BILL"}
    approved: ExpenseFilters = {"status": ["APPROVED"]}
    async with Brex(tokens, account="acme", transport=transport, on_event=hook, runtime=Runtime(clock=clock)) as brex:
        async for item in brex.records.iter(with_raw=raw, **since):
            record = item[0] if isinstance(item, tuple) else item
            results.append(ExportSuccess(record.id))
        things: Stream[object] = brex.expenses.iter(**approved)
        try:
            await anext(things)
        except ClientClosed as closed:
            print(closed.maybe_applied, closed.report)
    source: TokenSource = Vault()
    print(source.client_id)
    return results


def from_env() -> Brex:
    """A client from the environment."""
    return Brex.from_env(user_agent="acme-erp/2.1")


async def emulated() -> str:
    """A test of one's own worker against the emulator."""
    world = World(TenantPlan(records=10, seed=7, variants={"cursor": "key"}))
    tenant: Tenant = world.tenant()
    clock: TenantClock = tenant.clock
    clock.freeze()
    clock.advance(60)
    tenant.add_fault(Fault(effect=next(iter(EFFECTS)), operation="queryAccountingRecords", times=1))
    variants: list[Variant] = list(VARIANTS.values())
    apps: Apps = build_apps(world)
    async with EmulatorServer(world) as server, Brex(world.issuer.user_token("main"), base_url=server.base_url) as brex:
        try:
            async for record in brex.records.iter():
                move(tenant, record.id, "PREPARE")
                recode(tenant, record.id, brex_field_id="ef_1", brex_field_value_id="efo_1")
        except Disconnected as gone:
            print(gone.delivery.sent)
    with serve_in_thread(world) as threaded:
        print(threaded.control_url, threaded.file_url, apps.api, apps.files)
    broken: list[Violation] = world.violations(tenant)
    bugs: list[ContractBroken] = world.bugs
    print([bug.operation for bug in bugs], [INVARIANTS[violation.invariant] for violation in broken])
    return variants[0].default


async def cautious(brex: Brex) -> str | None:
    """Code that catches every error by its class, the narrow ones first."""
    try:
        await brex.records.report([])
    except (ActiveIntegrationExists, VendorAccountIdMismatch) as conflict:
        return conflict.existing_integration_id or conflict.existing_vendor
    except IntegrationNotActive as inactive:
        return inactive.current_status
    except (RecordsNotFound, DuplicateRecords, RecordsNotReadyForExport) as refusal:
        return ", ".join(refusal.record_ids)
    except (BadRequest, Unauthorized, Forbidden, NotFound, Conflict, Unprocessable, RateLimited, ServerError) as error:
        return error.message
    except (UnexpectedStatus, StatusError) as error:
        return None if error.details is None else error.details.current_status
    except DeadlineExceeded as late:
        return f"{late.cause} {late.wait}"
    except UnreadableRecords as broken:
        return broken.bad_records[0].id
    except UnreadableAnswer as unreadable:
        return f"{unreadable.path} {unreadable.reason}"
    except (ConnectionFailed, AnswerLost, AttemptTimedOut, CallError) as error:
        print(error.operation, error.account, error.status_code, error.error_code, error.trace_id, error.attempts)
        print(error.maybe_applied, error.retry_after, error.budget_empty, error.report, error.content)
        return error.checkpoint
    except (CursorRepeated, CursorInvalid, CursorRefused, PageContradiction, PagingError) as lost:
        return f"{lost.checkpoint} {lost.advice}"
    except (ClientStateError, InvalidArgument, BrexError) as error:
        return str(error)
    return None
