"""Deliveries: which are believed, which are not, and what each refusal says."""

from __future__ import annotations

import base64
import copy
import datetime
import email.message
import hashlib
import itertools
import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.datastructures import Headers as StarletteHeaders

from brex_accounting.errors import (
    InvalidArgument,
    WebhookError,
    WebhookMalformed,
    WebhookNotGenuine,
    WebhookStale,
)
from brex_accounting.webhook_delivery import MOST_BODY_BYTES, Delivery, SigningKeys
from brex_accounting.webhook_events import (
    AccountingRecordReadyForExport,
    UnknownWebhookEvent,
    WebhookEvent,
    verify_webhook,
)

NOW = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
AT = int(NOW.timestamp())
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = base64.b64encode(b"canary of another account's key.").decode()
THIRD = base64.b64encode(bytes(range(200, 232))).decode()
READY = {
    "event_type": "ACCOUNTING_RECORD_READY_FOR_EXPORT",
    "accountingRecordIds": ["accr_1", "accr_2"],
    "companyId": "cmp_1",
}
DEEP = 100_000


def digest(secret: str, message: bytes) -> str:
    """HMAC-SHA256 in base64, written out as RFC 2104 has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return base64.b64encode(hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()).decode()


def sign(body: bytes, *secrets: str, webhook_id: str = ID, timestamp: Any = AT) -> str:
    """The signature header for a body."""
    return " ".join(f"v1,{digest(each, f'{webhook_id}.{timestamp}.'.encode() + body)}" for each in secrets)


@attrs.frozen
class Sent:
    """A delivery: everything about it can be changed, and it is signed unless its signature is given."""

    body: Any = attrs.field(default=json.dumps(READY).encode())
    webhook_id: Any = ID
    timestamp: Any = AT
    signature: Any = None
    signed_with: tuple[str, ...] = (SECRET,)
    more: tuple[tuple[Any, Any], ...] = ()

    @property
    def headers(self) -> list[tuple[Any, Any]]:
        """The pairs that came; one whose value is Ellipsis did not."""
        signature = self.signature
        if signature is None:
            body = self.body if isinstance(self.body, bytes) else b""
            signature = sign(body, *self.signed_with, webhook_id=self.webhook_id, timestamp=self.timestamp)
        timestamp = str(self.timestamp) if isinstance(self.timestamp, int) else self.timestamp
        pairs = [
            ("Content-Type", "application/json"),
            ("Webhook-Id", self.webhook_id),
            ("Webhook-Timestamp", timestamp),
            ("Webhook-Signature", signature),
            *self.more,
        ]
        return [(name, value) for name, value in pairs if value is not ...]

    def verify(self, *secrets: str, **options: Any) -> WebhookEvent:
        return verify_webhook(self.headers, self.body, list(secrets) or [SECRET], **{"now": NOW, **options})


def body(value: Any = None, **changes: Any) -> bytes:
    """A body: a ready event with other members; those that are Ellipsis are left out."""
    members = {**READY, **changes} if value is None else value
    if isinstance(members, dict):
        members = {name: member for name, member in members.items() if member is not ...}
    return json.dumps(members).encode()


def case(name: str, *values: Any) -> Any:
    return pytest.param(*values, id=name)


GOOD = sign(json.dumps(READY).encode(), SECRET)
GOOD_TEXT = GOOD.removeprefix("v1,")
URLSAFE = base64.urlsafe_b64encode(b"\xfb\xff" * 12).decode()


# ---- what is believed -----------------------------------------------------------------------------------------------


def lower(pairs: list[tuple[str, str]]) -> Any:
    return {name.lower(): value for name, value in pairs}


def message(pairs: list[tuple[str, str]]) -> Any:
    found = email.message.Message()
    for name, value in pairs:
        found[name] = value
    return found


CONTAINERS: list[Any] = [
    case("dict", dict),
    case("lower case", lower),
    case("upper case", lambda pairs: {name.upper(): value for name, value in pairs}),
    case("pairs", lambda pairs: pairs),
    case("tuples of lists", lambda pairs: tuple([name, value] for name, value in pairs)),
    case("iterator", iter),
    case("asgi scope", lambda pairs: [(name.lower().encode(), value.encode()) for name, value in pairs]),
    case("bytes values", lambda pairs: {name: value.encode() for name, value in pairs}),
    case("bytes mapping", lambda pairs: {name.encode(): value.encode() for name, value in pairs}),
    case("starlette", lambda pairs: StarletteHeaders(dict(pairs))),
    case("http.server", message),
    case("same value twice", lambda pairs: [*pairs, *lower(pairs).items()]),
    case("others are none of ours", lambda pairs: [*pairs, ("X-A", "ü"), ("X-B", 1), (None, None), (b"\xff", b"\xff")]),
]

BELIEVED: list[Any] = [
    case("body of text", Sent(), lambda sent: sent.decode(), [SECRET]),
    case("body in a bytearray", Sent(), bytearray, [SECRET]),
    case("body in a memoryview", Sent(), memoryview, [SECRET]),
    case("secret without prefix", Sent(), bytes, [SECRET.removeprefix("whsec_")]),
    case("secret with blanks around", Sent(), bytes, [f" {SECRET}\n"]),
    case("secret without padding", Sent(signed_with=(OTHER,)), bytes, [OTHER.rstrip("=")]),
    case(
        "secret in the url alphabet",
        Sent(signed_with=(URLSAFE.translate(str.maketrans("-_", "+/")),)),
        bytes,
        [URLSAFE],
    ),
    case("secrets in a tuple", Sent(), bytes, (SECRET,)),
    case("secrets from a generator", Sent(), bytes, (each for each in [OTHER, SECRET])),
    case("rotated: two secrets, the first fits", Sent(), bytes, [SECRET, OTHER]),
    case("rotated: two secrets, the second fits", Sent(), bytes, [OTHER, SECRET]),
    case("rotated: two signatures, the first fits", Sent(signed_with=(SECRET, THIRD)), bytes, [SECRET]),
    case("rotated: two signatures, the second fits", Sent(signed_with=(THIRD, SECRET)), bytes, [SECRET]),
    case("rotated: two of both, one fits", Sent(signed_with=(THIRD, SECRET)), bytes, [SECRET, OTHER]),
    case("rotated: two of both, both fit", Sent(signed_with=(OTHER, SECRET)), bytes, [SECRET, OTHER]),
    case("other versions beside it", Sent(signature=f"v1a,abc v2,{GOOD_TEXT} {GOOD} v3"), bytes, [SECRET]),
    case("a broken one beside it", Sent(signature=f"v1,??? {GOOD}"), bytes, [SECRET]),
    case("several spaces", Sent(signature=f"  {GOOD}  "), bytes, [SECRET]),
    case("fifteen others beside it", Sent(signature=" ".join(["v1,abc"] * 15 + [GOOD])), bytes, [SECRET]),
    case("id with dots", Sent(webhook_id="msg.1.2"), bytes, [SECRET]),
    case("leading zero in the timestamp", Sent(timestamp=f"00{AT}"), bytes, [SECRET]),
    case("oldest", Sent(timestamp=AT - 300), bytes, [SECRET]),
    case("newest", Sent(timestamp=AT + 300), bytes, [SECRET]),
    case("blanks in the body", Sent(body=b" \n" + body() + b"\n"), bytes, [SECRET]),
    case("snake case", Sent(body(companyId=..., company_id="cmp_1")), bytes, [SECRET]),
    case("both spellings agree", Sent(body(company_id="cmp_1")), bytes, [SECRET]),
    case("null in one spelling", Sent(body(company_id=None)), bytes, [SECRET]),
    case(
        "ids in snake case",
        Sent(body(accountingRecordIds=..., accounting_record_ids=["accr_1", "accr_2"])),
        bytes,
        [SECRET],
    ),
    case("an id twice", Sent(body(accountingRecordIds=["accr_1", "accr_2", "accr_1"])), bytes, [SECRET]),
    case("new members", Sent(body(new={"a": [1, 2.5, None, True, "ü", "\U0001f600"]})), bytes, [SECRET]),
    case("a body of almost 1 MiB", Sent(body(new="x" * (MOST_BODY_BYTES - 200))), bytes, [SECRET]),
]


class TestBelieved:
    def test_published_vector(self) -> None:
        """The example that Svix and Standard Webhooks publish has the signature that they give."""
        delivery = Delivery.read(
            {
                "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            },
            '{"test": 2432232314}',
        )
        assert delivery.is_signed_with(SigningKeys.of(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])) is True

    def test_literal(self) -> None:
        """A delivery written down byte for byte is the event that it says."""
        event = verify_webhook(
            [
                (b"webhook-id", b"msg_p5jXN8AQM9LWM0D4loKWxJek"),
                (b"webhook-timestamp", b"1767225600"),
                (b"webhook-signature", b"v1,RYZO7vXGU5Z3MSmgEcTdhTY6v+TBU/Vj5a26E02ZXTY="),
            ],
            b'{"event_type": "ACCOUNTING_RECORD_READY_FOR_EXPORT", '
            b'"accountingRecordIds": ["accr_1", "accr_2"], "companyId": "cmp_1"}',
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            now=datetime.datetime(2026, 1, 1, 0, 5, tzinfo=datetime.UTC),
        )
        assert isinstance(event, AccountingRecordReadyForExport)
        assert ("accr_1", "accr_2") == event.accounting_record_ids
        assert ("cmp_1", "msg_p5jXN8AQM9LWM0D4loKWxJek") == (event.company_id, event.webhook_id)
        assert datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) == event.sent_at

    @pytest.mark.parametrize("container", CONTAINERS)
    def test_headers(self, container: Callable[[Any], Any]) -> None:
        """Header fields are found in whatever web frameworks hold them in."""
        sent = Sent()
        assert ID == verify_webhook(container(sent.headers), sent.body, [SECRET], now=NOW).webhook_id

    @pytest.mark.parametrize(("sent", "form", "secrets"), BELIEVED)
    def test_event(self, sent: Sent, form: Callable[[bytes], Any], secrets: Any) -> None:
        """A delivery is believed in each form that it may have, and says the same."""
        event = verify_webhook(sent.headers, form(sent.body), secrets, now=NOW)
        assert isinstance(event, AccountingRecordReadyForExport)
        assert ("cmp_1", ("accr_1", "accr_2")) == (event.company_id, event.accounting_record_ids)
        assert (sent.webhook_id, int(sent.timestamp)) == (event.webhook_id, event.sent_at.timestamp())
        assert sent.body == event.raw

    def test_machine_clock(self) -> None:
        """Without an instant the machine's clock is asked."""
        at = int(datetime.datetime.now(datetime.UTC).timestamp())
        assert verify_webhook(Sent(timestamp=at).headers, Sent().body, [SECRET]).sent_at.timestamp() == at
        with pytest.raises(WebhookStale):
            verify_webhook(Sent(timestamp=at - 400).headers, Sent().body, [SECRET])

    def test_other_zone(self) -> None:
        """The instant may be in any time zone."""
        now = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=-7)))
        assert ID == Sent().verify(now=now).webhook_id

    def test_no_records(self) -> None:
        """A ready event without records is one with nothing to do: refusing it would only bring it back."""
        event = Sent(body(accountingRecordIds=[])).verify()
        assert isinstance(event, AccountingRecordReadyForExport)
        assert () == event.accounting_record_ids


class TestOtherEvents:
    @pytest.mark.parametrize(
        ("members", "company_id"),
        [
            case("snake case", {"company_id": "cmp_1"}, "cmp_1"),
            case("camel case", {"companyId": "cmp_1"}, "cmp_1"),
            case("no company", {}, None),
            case("null", {"company_id": None}, None),
        ],
    )
    def test_open(self, members: dict[str, Any], company_id: str | None) -> None:
        """An event of another type is whole: its type, its company, and all its members."""
        members = {"event_type": "EXPENSE_PAYMENT_UPDATED", "amount": 0.5, **members}
        event = Sent(body(members)).verify()
        assert type(event) is UnknownWebhookEvent
        assert ("EXPENSE_PAYMENT_UPDATED", company_id) == (event.event_type, event.company_id)
        assert {**members, "amount": Decimal("0.5")} == event.payload

    def test_payload_is_a_copy(self) -> None:
        """Who changes the payload changes nothing of the event."""
        event = Sent().verify()
        event.payload["companyId"] = "other"
        assert READY == event.payload

    def test_event_is_a_value(self) -> None:
        """Events compare, hash, pickle and copy as what they say."""
        event = Sent().verify()
        assert Sent().verify() == event == pickle.loads(pickle.dumps(event)) == copy.deepcopy(event)
        assert {event} == {event, Sent().verify()}
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            event.company_id = "other"  # type: ignore[misc]

    def test_repr(self) -> None:
        """A repr shows type, ids and time, and nothing of the body."""
        event = Sent(body(memo="canary")).verify()
        assert (
            f"AccountingRecordReadyForExport(event_type='ACCOUNTING_RECORD_READY_FOR_EXPORT', webhook_id='{ID}', "
            f"sent_at={NOW!r}, company_id='cmp_1', accounting_record_ids=('accr_1', 'accr_2'))"
        ) == repr(event)


# ---- what is refused ------------------------------------------------------------------------------------------------

FORGED: list[Any] = [
    case("another key", Sent(signed_with=(OTHER,))),
    case("two other keys", Sent(signed_with=(OTHER, THIRD))),
    case("another body", Sent(body=body(companyId="cmp_2"), signature=GOOD)),
    case("body written anew", Sent(body=json.dumps(READY, indent=1).encode(), signature=GOOD)),
    case("blank after the body", Sent(body=body() + b" ", signature=GOOD)),
    case("empty body", Sent(body=b"", signature=GOOD)),
    case("another id", Sent(webhook_id="msg_2", signature=GOOD)),
    case("id in capitals", Sent(webhook_id=ID.upper(), signature=GOOD)),
    case("another second", Sent(timestamp=AT + 1, signature=GOOD)),
    case("same second, written otherwise", Sent(timestamp=f"0{AT}", signature=GOOD)),
    case("old, and of another key", Sent(timestamp=AT - 1000, signed_with=(OTHER,))),
    case("no JSON, and of another key", Sent(body=b"{", signed_with=(OTHER,))),
    case("signature of zeros", Sent(signature="v1," + "A" * 43 + "=")),
    case("same bytes in other base64", Sent(signature=f"v1,{GOOD_TEXT[:-2]}{chr(ord(GOOD_TEXT[-2]) + 1)}=")),
    case("signature without a key", Sent(signature=sign(body(), base64.b64encode(b"").decode()))),
    case("signed without id and time", Sent(signature=f"v1,{digest(SECRET, body())}")),
    case("good one under another version", Sent(signature=f"v2,{GOOD_TEXT} v1,{'A' * 43}=")),
    case("the secret read as text", Sent(signature=sign(body(), base64.b64encode(SECRET[6:].encode()).decode()))),
]

STALE: list[Any] = [
    case("a second too old", AT - 301, {}, "301 s ago"),
    case("a second too new", AT + 301, {}, "301 s in the future"),
    case("a day old", AT - 86_400, {}, "86400 s ago"),
    case("the epoch", 0, {}, f"{AT} s ago"),
    case("the year 9999", 253_402_300_799, {}, "in the future"),
    case("milliseconds taken for seconds", AT * 10, {}, "in the future"),
    case("less is tolerated", AT - 11, {"tolerance": 10}, "10 s are tolerated"),
    case("half a second is tolerated", AT - 1, {"tolerance": 0.5}, "0.5 s are tolerated"),
    case("a microsecond too late", AT - 300, {"now": NOW + datetime.timedelta(microseconds=1)}, "300 s are tolerated"),
    case("a clock at its beginning", AT, {"now": datetime.datetime.min.replace(tzinfo=datetime.UTC)}, "in the future"),
    case("a clock at its end", AT, {"now": datetime.datetime.max.replace(tzinfo=datetime.UTC)}, "s ago"),
]

MALFORMED_HEADERS: list[Any] = [
    case("no id", Sent(webhook_id=..., signature=GOOD), "Webhook-Id: this header field is missing"),
    case("no timestamp", Sent(timestamp=..., signature=GOOD), "Webhook-Timestamp: this header field is missing"),
    case("no signature", Sent(signature=...), "Webhook-Signature: this header field is missing"),
    case("None for the id", Sent(webhook_id=None, signature=GOOD), "Webhook-Id: this header field is missing"),
    case("two ids", Sent(more=(("webhook-id", "msg_2"),)), "Webhook-Id: .* more than once"),
    case("two timestamps", Sent(more=((b"WEBHOOK-TIMESTAMP", b"1"),)), "Webhook-Timestamp: .* more than once"),
    case("two signatures", Sent(more=(("webhook-signature", "v1,A"),)), "Webhook-Signature: .* more than once"),
    case("good id and one that is no ASCII", Sent(more=(("webhook-id", "ü"),)), "Webhook-Id: .* more than once"),
    case("empty id", Sent(webhook_id=""), "Webhook-Id: expected"),
    case("id of blanks", Sent(webhook_id="  "), "Webhook-Id: expected"),
    case("blank in the id", Sent(webhook_id="msg 1"), "Webhook-Id: expected"),
    case("two ids in one field", Sent(webhook_id="msg_1, msg_2"), "Webhook-Id: expected"),
    case("line end after the id", Sent(webhook_id="msg_1\n"), "Webhook-Id: expected"),
    case("id that is no ASCII", Sent(webhook_id="msg_ü"), "Webhook-Id: expected"),
    case("bytes that are no ASCII", Sent(webhook_id=b"msg_\xff", signature=GOOD), "Webhook-Id: expected"),
    case("NUL in the id", Sent(webhook_id="msg\0"), "Webhook-Id: expected"),
    case("id of 257 characters", Sent(webhook_id="m" * 257), "Webhook-Id: expected at most 256"),
    case("empty timestamp", Sent(timestamp=""), "Webhook-Timestamp: expected"),
    *[
        case(f"timestamp {text!a:.20}", Sent(timestamp=text), "Webhook-Timestamp: expected")
        for text in [
            f"-{AT}",
            f"+{AT}",
            f" {AT}",
            f"{AT} ",
            f"{AT}\n",
            f"{AT}.0",
            "1e9",
            "1_767_225_60",
            "0x69000000",
            "2026-11-20",
            "NaN",
            "".join(chr(ord(digit) + 0x660 - 0x30) for digit in str(AT)),  # Arabic-Indic digits
            "²",
            "9" * 12,
            "1" * 5000,
        ]
    ],
    case("empty signature", Sent(signature=""), "Webhook-Signature: expected"),
    case("signature of blanks", Sent(signature="   "), "Webhook-Signature: expected from 1 to 16"),
    case("no version", Sent(signature=GOOD_TEXT), "Webhook-Signature: expected .* got 1, 0 of them"),
    case("unknown versions only", Sent(signature=f"v1a,{GOOD_TEXT} v2,{GOOD_TEXT}"), "got 2, 0 of them"),
    case("version in capitals", Sent(signature=f"V1,{GOOD_TEXT}"), "got 1, 0 of them"),
    case("another separator", Sent(signature=f"v1={GOOD_TEXT}"), "got 1, 0 of them"),
    case("hexadecimal", Sent(signature="v1," + "ab" * 32), "got 1, 0 of them"),
    case("no padding", Sent(signature=GOOD.rstrip("=")), "got 1, 0 of them"),
    case("two paddings", Sent(signature=GOOD + "="), "got 1, 0 of them"),
    case("url alphabet", Sent(signature="v1," + "-" * 43 + "="), "got 1, 0 of them"),
    case("31 bytes", Sent(signature="v1," + "A" * 40 + "AA=="), "got 1, 0 of them"),
    case("nothing after the version", Sent(signature="v1,"), "got 1, 0 of them"),
    case("tab between signatures", Sent(signature=f"{GOOD}\t{GOOD}"), "Webhook-Signature: expected"),
    case("comma between signatures", Sent(signature=f"{GOOD},{GOOD}"), "got 1, 0 of them"),
    case("seventeen signatures", Sent(signature=" ".join([GOOD] * 17)), "got 17, 17 of them"),
    case("5000 characters of signatures", Sent(signature="v1, " * 1250), "Webhook-Signature: expected at most 4096"),
    case("body of more than 1 MiB", Sent(body=b"{}" + b" " * MOST_BODY_BYTES, signature=GOOD), "body: 1048578 bytes"),
]

NUMBERS = b'{"event_type": "A", "a": [1, {"b c": %s}]}'
MALFORMED_BODIES: list[Any] = [
    case("empty", b"", "at \\$: no JSON"),
    case("blank", b"  ", "at \\$: no JSON"),
    case("half of an object", b'{"event_type": "A"', "at \\$: no JSON: .* at character 18"),
    case("two objects", b'{"event_type": "A"}{}', "at \\$: no JSON: Extra data"),
    case("byte order mark", b"\xef\xbb\xbf" + body(), "at \\$: no JSON"),
    case("UTF-16", body().decode().encode("utf-16"), "at \\$: no UTF-8 at byte 0"),
    case("bad UTF-8", b'{"event_type": "\xff"}', "at \\$: no UTF-8 at byte 16"),
    case("a form", b"event_type=A", "at \\$: no JSON"),
    *[
        case(f"{text.decode()} for an object", text, "at \\$: expected an object")
        for text in [b"null", b"1", b'"A"', b"[]", b"true"]
    ],
    case("a list around it", b"[" + body() + b"]", "at \\$: expected an object"),
    case("deep list", b'{"event_type":' + b"[" * DEEP + b"]" * DEEP + b"}", "at \\$: nested too deeply"),
    case("deep object", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "at \\$: nested too deeply"),
    case("depth that Python can read", b'{"a":' * 150 + b"1" + b"}" * 150, "at \\$: nested too deeply"),
    case("unfinished depth", b"[" * DEEP, "at \\$: nested too deeply"),
    case("NaN", NUMBERS % b"NaN", "at \\$.a\\[1\\].\\*: not a finite number"),
    case("Infinity", NUMBERS % b"-Infinity", "at \\$.a\\[1\\].\\*: not a finite number"),
    case("number of 5000 digits", NUMBERS % (b"1" * 5000), "at \\$: a number that cannot be held"),
    case("exponent beyond all bounds", NUMBERS % (b"1e" + b"9" * 30), "at \\$: a number that cannot be held"),
    case("half of a surrogate pair", body(memo="\ud800"), "at \\$.memo: half of a surrogate pair"),
    case("the same in a list", body(memo=["a", "\udfff"]), "at \\$.memo\\[1\\]: half of a surrogate pair"),
    case("the same in a name", body(a={"\ud83d": 1}), "at \\$.a: half of a surrogate pair in a name"),
    case("no event type", body(event_type=...), "at \\$.event_type: expected"),
    case("camel case for the type", body({"eventType": "A"}), "at \\$.event_type: expected"),
    *[
        case(f"event type {value!a:.20}", body(event_type=value), "at \\$.event_type: expected")
        for value in [None, 1, "", "  ", ["A"], {}, "A\nB", "A" * 201]
    ],
    case("no company", body(companyId=...), "at \\$.companyId: expected"),
    *[
        case(f"company {value!a:.20}", body(companyId=value), "at \\$.companyId: expected")
        for value in [None, 1, "", [], "c\r\nd", "c" * 201]
    ],
    case("companies that differ", body(company_id="cmp_2"), "at \\$.companyId: contradicts \\$.company_id"),
    case("company of another event", body({"event_type": "A", "company_id": 7}), "at \\$.company_id: expected"),
    case("no record ids", body(accountingRecordIds=...), "at \\$.accountingRecordIds: expected a list"),
    *[
        case(
            f"record ids {value!a:.20}", body(accountingRecordIds=value), "at \\$.accountingRecordIds: expected a list"
        )
        for value in [None, "accr_1", 1, {"accr_1": 1}]
    ],
    *[
        case(
            f"record id {value!a:.20}", body(accountingRecordIds=["accr_1", value]), "at \\$.accountingRecordIds\\[1\\]"
        )
        for value in [None, 1, "", " ", ["accr_2"], "a\x00", "a" * 201]
    ],
    case("record ids that differ", body(accounting_record_ids=["accr_1"]), "contradicts \\$.accounting_record_ids"),
]

MISTAKES: list[Any] = [
    case("one secret by itself", {"secrets": SECRET}, "secrets: expected a list .* put a single secret into a list"),
    case("one secret as bytes", {"secrets": SECRET.encode()}, "secrets: expected a list"),
    case("no list of secrets", {"secrets": None}, "secrets: expected a list"),
    case("number for secrets", {"secrets": 7}, "secrets: expected a list"),
    case("no secret", {"secrets": []}, "secrets: expected at least one"),
    *[
        case(f"secret {value!a:.20}", {"secrets": [SECRET, value]}, r"secrets\[1\]: expected base64")
        for value in [
            None,
            SECRET.encode(),
            "",
            "whsec_",
            "whsec_test",
            "ü" * 32,
            "A" * 33,
            "A" * 20,
            f"whsec_{SECRET}!",
            "=" * 32,
            SECRET[:20] + " " + SECRET[20:],
            f"{SECRET}====",
        ]
    ],
    case("tolerance of nothing", {"tolerance": 0}, "tolerance: expected"),
    case("negative tolerance", {"tolerance": -1}, "tolerance: expected"),
    case("no tolerance", {"tolerance": None}, "tolerance: expected"),
    case("tolerance without end", {"tolerance": float("inf")}, "tolerance: expected"),
    case("tolerance that is none", {"tolerance": float("nan")}, "tolerance: expected"),
    case("tolerance that is true", {"tolerance": True}, "tolerance: expected"),
    case("instant without a zone", {"now": NOW.replace(tzinfo=None)}, "now: expected"),
    case("instant as a number", {"now": float(AT)}, "now: expected"),
    case("a day for an instant", {"now": NOW.date()}, "now: expected"),
    case("parsed body", {"body": READY}, "body: .* got a dict; pass the raw body"),
    case("parsed list", {"body": [READY]}, "body: .* got a list; pass the raw body"),
    case("no body", {"body": None}, "body: .* got a NoneType; pass the raw body"),
    case("no headers", {"headers": None}, "headers: expected a mapping"),
    case("headers as text", {"headers": f"Webhook-Id: {ID}"}, "headers: expected a mapping"),
    case("headers as bytes", {"headers": b"Webhook-Id"}, "headers: expected a mapping"),
    case("names only", {"headers": ["Webhook-Id"]}, "headers: expected pairs"),
    case("triples", {"headers": [("Webhook-Id", ID, 1)]}, "headers: expected pairs"),
    case("value that is a number", {"headers": {"webhook-timestamp": AT}}, "the value of Webhook-Timestamp"),
    case("value that is a list", {"headers": {"WEBHOOK-ID": [ID]}}, "the value of Webhook-Id"),
]

KEPT_OUT = [SECRET, SECRET.removeprefix("whsec_"), OTHER, THIRD, GOOD_TEXT, "canary", "accr_", "cmp_"]


def assert_quiet(error: BaseException) -> None:
    """Nothing of secrets, signatures or bodies is in an error or in what it drags along."""
    assert (error.__cause__, error.__context__) == (None, None)
    shown = f"{error!s} {error!r} {pickle.dumps(error)!r}"
    assert [] == [kept for kept in KEPT_OUT if kept in shown]
    assert str(error) == str(pickle.loads(pickle.dumps(error)))


class TestRefused:
    @pytest.mark.parametrize("sent", FORGED)
    def test_forged(self, sent: Sent) -> None:
        """Whatever else is wrong with a delivery that nobody of ours signed: it is not genuine."""
        with pytest.raises(WebhookNotGenuine, match="no signature fits") as caught:
            sent.verify()
        assert_quiet(caught.value)

    @pytest.mark.parametrize(("timestamp", "options", "said"), STALE)
    def test_stale(self, timestamp: int, options: dict[str, Any], said: str) -> None:
        """A genuine delivery from another time is told from a forged one, and its age is said."""
        with pytest.raises(WebhookStale, match=said) as caught:
            Sent(timestamp=timestamp).verify(**options)
        assert_quiet(caught.value)

    @pytest.mark.parametrize(("sent", "said"), MALFORMED_HEADERS)
    def test_malformed_headers(self, sent: Sent, said: str) -> None:
        """Headers that no delivery has are refused by name, whatever the signature is worth."""
        with pytest.raises(WebhookMalformed, match=said) as caught:
            sent.verify()
        assert_quiet(caught.value)

    @pytest.mark.parametrize(("raw", "said"), MALFORMED_BODIES)
    def test_malformed_body(self, raw: bytes, said: str) -> None:
        """A genuine body that cannot be read is refused with the place in it."""
        with pytest.raises(WebhookMalformed, match=said) as caught:
            Sent(body=raw).verify()
        assert_quiet(caught.value)

    @pytest.mark.parametrize(("mistake", "said"), MISTAKES)
    def test_mistakes(self, mistake: dict[str, Any], said: str) -> None:
        """What the caller got wrong is no WebhookError, and the text says what to do."""
        sent = Sent()
        given_ = {"headers": sent.headers, "body": sent.body, "secrets": [SECRET], "now": NOW, **mistake}
        with pytest.raises(InvalidArgument, match=said) as caught:
            verify_webhook(given_.pop("headers"), given_.pop("body"), given_.pop("secrets"), **given_)
        assert not isinstance(caught.value, WebhookError)
        assert_quiet(caught.value)

    def test_mistake_comes_first(self) -> None:
        """A wrong secret shows with the first delivery of any kind, not with the first genuine one."""
        with pytest.raises(InvalidArgument):
            verify_webhook({}, b"", [])

    def test_text_with_broken_bytes(self) -> None:
        """Text that somebody decoded by force cannot be turned back: the remedy is named."""
        with pytest.raises(WebhookMalformed, match="pass the raw body"):
            verify_webhook(Sent().headers, b'{"a": "\xff"}'.decode(errors="surrogateescape"), [SECRET], now=NOW)

    def test_one_message_cut_in_two_ways(self) -> None:
        """A genuine message cannot pass for another one by moving its dots."""
        raw = body()
        signature = sign(raw, SECRET, webhook_id="msg.1")
        moved = Sent(body=f"{AT}.".encode() + raw, webhook_id="msg", timestamp="1", signature=signature)
        with pytest.raises(WebhookMalformed):
            moved.verify(now=datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))

    def test_errors_are_value_errors(self) -> None:
        """Code that knows ValueError only is right about all of them."""
        assert [True] * 4 == [
            issubclass(kind, ValueError)
            for kind in (InvalidArgument, WebhookMalformed, WebhookNotGenuine, WebhookStale)
        ]

    def test_count(self) -> None:
        """The table is as long as it is said to be."""
        table = [*CONTAINERS, *BELIEVED, *FORGED, *STALE, *MALFORMED_HEADERS, *MALFORMED_BODIES, *MISTAKES]
        assert len({each.id for each in table}) >= 150


class TestKeys:
    def test_all_are_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each signature is compared with each key's, in constant time, even after one fits."""
        compared = []

        def compare(one: str, other: str) -> bool:
            compared.append((one, other))
            return one == other

        monkeypatch.setattr("hmac.compare_digest", compare)
        sent = Sent(signed_with=(SECRET, OTHER, THIRD))
        assert ID == sent.verify(SECRET, OTHER).webhook_id
        signatures = [part.removeprefix("v1,") for part in sent.headers[-1][1].split()]
        assert list(itertools.product(signatures[:2], signatures)) == compared

    def test_silent(self) -> None:
        """Keys show how many they are, and do not travel."""
        keys = SigningKeys.of([SECRET, OTHER])
        assert "<2 signing keys>" == repr(keys)
        for travel in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="do not travel"):
                travel(keys)

    def test_delivery_is_silent(self) -> None:
        """The repr of a delivery that nobody has believed yet shows no signature and no body."""
        sent = Sent(body(memo="canary"))
        delivery = Delivery.read(sent.headers, sent.body)
        assert f"Delivery(webhook_id='{ID}', timestamp='{AT}')" == repr(delivery)


# ---- everything else ------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE", "x", "", None, 1]) | st.text()
ANYTHING = st.none() | st.integers() | st.text() | st.binary() | st.lists(st.text(), max_size=3)
VALUES = (
    st.sampled_from([ID, str(AT), GOOD, b"v1,", None])
    | st.text()
    | st.binary()
    | st.from_regex(r"v1,[A-Za-z0-9+/]{43}=")
)
PAIRS = st.lists(st.tuples(NAMES | st.binary(), VALUES), max_size=6)
HEADERS = PAIRS | PAIRS.map(lambda pairs: {name: value for name, value in pairs if name.__hash__}) | ANYTHING
BODIES = st.binary() | st.text() | ANYTHING | st.dictionaries(st.text(), st.text(), max_size=2)
KEYS = st.binary(min_size=16, max_size=80).map(lambda key: base64.b64encode(key).decode())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=10,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["event_type", "companyId", "company_id", "accountingRecordIds", "accounting_record_ids"])
    | st.text(),
    st.just("ACCOUNTING_RECORD_READY_FOR_EXPORT") | JSON,
)


class TestAnything:
    @given(HEADERS, BODIES, st.lists(KEYS | st.text(), max_size=3) | ANYTHING)
    def test_arbitrary_input(self, headers: Any, raw: Any, secrets: Any) -> None:
        """Whatever comes, nobody else's error gets out, and nothing unsigned is believed."""
        with pytest.raises((WebhookError, InvalidArgument)):
            verify_webhook(headers, raw, secrets, now=NOW)

    @given(MEMBERS.map(lambda members: json.dumps(members).encode()) | st.binary())
    def test_arbitrary_signed_body(self, raw: bytes) -> None:
        """A signed body is an event or malformed, whatever is in it; what is an event can be read and shown."""
        try:
            event = Sent(body=raw).verify()
        except WebhookMalformed as error:
            assert_no_chain(error)
        else:
            assert raw == event.raw
            assert event.event_type == event.payload["event_type"]
            assert repr(event).isprintable()

    @given(st.data())
    def test_single_bit(self, data: st.DataObject) -> None:
        """A genuine delivery of which any single bit has changed is refused."""
        sent = Sent()
        parts = {"webhook-id": ID.encode(), "webhook-timestamp": str(AT).encode(), "webhook-signature": GOOD.encode()}
        parts["body"] = sent.body
        name = data.draw(st.sampled_from(sorted(parts)))
        bit = data.draw(st.integers(0, 8 * len(parts[name]) - 1))
        changed = bytearray(parts[name])
        changed[bit // 8] ^= 1 << bit % 8
        parts[name] = bytes(changed)
        raw = parts.pop("body")
        with pytest.raises(WebhookError):
            verify_webhook(parts, raw, [SECRET], now=NOW, tolerance=1e11)

    def test_every_bit_of_the_headers(self) -> None:
        """The same for each bit of the three header fields, not for a sample."""
        parts = {"webhook-id": ID.encode(), "webhook-timestamp": str(AT).encode(), "webhook-signature": GOOD.encode()}
        for name, value in parts.items():
            for bit in range(8 * len(value)):
                changed = bytearray(value)
                changed[bit // 8] ^= 1 << bit % 8
                with pytest.raises(WebhookError):
                    verify_webhook({**parts, name: bytes(changed)}, Sent().body, [SECRET], now=NOW, tolerance=1e11)

    @given(
        st.lists(KEYS, min_size=1, max_size=4),
        st.lists(KEYS, min_size=1, max_size=4),
        MEMBERS.map(lambda members: json.dumps({**members, "a": 1}).encode()),
        st.from_regex(r"[!-~]{1,50}", fullmatch=True),
        st.integers(-300, 300),
    )
    def test_round_trip(self, held: list[str], used: list[str], raw: bytes, webhook_id: str, age: int) -> None:
        """What is signed with some keys is genuine to whoever holds one of them, and to nobody else."""
        timestamp = AT - age
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(raw, *used, webhook_id=webhook_id, timestamp=timestamp),
        }
        delivery = Delivery.read(headers, raw)
        plain = [base64.b64decode(key).rstrip(b"\0") for key in held]  # HMAC fills keys up with NUL
        shared = any(base64.b64decode(key).rstrip(b"\0") in plain for key in used)
        assume(all(len(base64.b64decode(key)) <= 64 for key in [*held, *used]))
        assert shared is delivery.is_signed_with(SigningKeys.of(held))
        assert delivery.is_signed_with(SigningKeys.of([*held, used[-1]])) is True


def assert_no_chain(error: BaseException) -> None:
    assert (error.__cause__, error.__context__) == (None, None)
