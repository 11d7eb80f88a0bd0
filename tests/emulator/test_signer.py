"""Addresses at the file host: what makes one work, for how long, and what does not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brex_accounting.emulator.signer import Signer
from brex_accounting.emulator.stored import FILE_HOST, SIGNATURE

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
HOST = "http://127.0.0.1:9001"
MAIN, OTHER = Signer("main"), Signer("globex")
TEMPLATE = FILE_HOST + b"/receipts/receipt_1/lunch.pdf?" + SIGNATURE


def query_of(signer: Signer = MAIN, now: datetime = NOW) -> dict[str, str]:
    """The query of an address that the signer has just made."""
    address = signer.fill_in(TEMPLATE, HOST, now).decode()
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query, strict_parsing=True).items()}


class TestFillIn:
    def test_one_address(self) -> None:
        """Host, tenant and a query of expiry and signature come where the stand-ins were."""
        address = urlsplit(MAIN.fill_in(TEMPLATE, HOST, NOW).decode())
        assert (HOST, "/main/receipts/receipt_1/lunch.pdf") == (
            f"{address.scheme}://{address.netloc}",
            address.path,
        )
        assert ["expires", "signature"] == list(parse_qs(address.query, strict_parsing=True))

    def test_many_addresses(self) -> None:
        """Every stand-in of a text is filled in, and the text is JSON then."""
        text = b'{"a":["' + TEMPLATE + b'","' + TEMPLATE + b'"],"b":"' + TEMPLATE + b'"}'
        filled = json.loads(MAIN.fill_in(text, HOST, NOW))
        assert {MAIN.fill_in(TEMPLATE, HOST, NOW).decode()} == {*filled["a"], filled["b"]}

    def test_a_filler(self) -> None:
        """What fills in many texts at one instant does to each what ``fill_in`` does."""
        fill_in = MAIN.filler(HOST, NOW)
        for text in (TEMPLATE, b"{}", TEMPLATE * 3):
            assert MAIN.fill_in(text, HOST, NOW) == fill_in(text)

    @given(st.text(st.characters(exclude_characters="\x00\x01", exclude_categories=["Cs"])))
    def test_text_without_any(self, text: str) -> None:
        """Text that holds none, such as any JSON, is passed on as it is."""
        for encoded in (text.encode(), json.dumps(text + "\x00\x01").encode()):
            assert encoded == MAIN.fill_in(encoded, HOST, NOW)

    @given(st.text(st.characters(exclude_characters="\x00\x01", exclude_categories=["Cs"])))
    def test_text_around(self, text: str) -> None:
        """What stands around the stand-ins is not touched."""
        around = text.encode()
        expected = around + MAIN.fill_in(TEMPLATE, HOST, NOW) + around
        assert expected == MAIN.fill_in(around + TEMPLATE + around, HOST, NOW)

    def test_the_same_in_every_run(self) -> None:
        """The same tenant at the same instant signs alike, and another instant or tenant signs otherwise."""
        assert query_of() == query_of(Signer("main"))
        signatures = {query_of(signer, now)["signature"] for signer in (MAIN, OTHER) for now in (NOW, NOW + SECOND)}
        assert 4 == len(signatures)


SECOND = timedelta(seconds=1)


class TestRefusal:
    @given(st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31), timezones=st.just(timezone.utc)))
    def test_fifteen_minutes(self, now: datetime) -> None:
        """An address works at once, and at any time up to a second before its 15 minutes are over; then no more."""
        query = query_of(now=now)
        for seconds in (0, 1, 450, 899):
            assert MAIN.refusal(query, now + timedelta(seconds=seconds)) is None
        for seconds in (900, 901, 10**9):
            assert "ExpiredToken" == MAIN.refusal(query, now + timedelta(seconds=seconds))

    def test_exactly(self) -> None:
        """Made on the full second, it works for 15 minutes to the microsecond."""
        query = query_of()
        assert MAIN.refusal(query, NOW + timedelta(seconds=899, microseconds=999_999)) is None
        assert "ExpiredToken" == MAIN.refusal(query, NOW + timedelta(seconds=900))

    def test_the_same_address_for_a_second(self) -> None:
        """Within a second all addresses of a tenant are signed alike: expiry is counted in full seconds."""
        late = NOW + timedelta(microseconds=999_999)
        assert query_of() == query_of(now=late)
        assert MAIN.refusal(query_of(now=late), late) is None

    def test_other_parameters(self) -> None:
        """Parameters that nobody asked for do not matter."""
        assert MAIN.refusal({**query_of(), "response-content-type": "text/html", "": ""}, NOW) is None

    def test_of_another_tenant(self) -> None:
        """What one tenant signed opens nothing of another's."""
        assert "SignatureDoesNotMatch" == OTHER.refusal(query_of(MAIN), NOW)
        assert "SignatureDoesNotMatch" == MAIN.refusal(query_of(OTHER), NOW)

    @given(st.integers(0, 10**12 - 1))
    def test_another_expiry(self, expires: int) -> None:
        """An expiry that was put in by hand is not covered by the signature, later or sooner."""
        query = query_of()
        assume(expires != int(query["expires"]))
        assert "SignatureDoesNotMatch" == MAIN.refusal({**query, "expires": str(expires)}, NOW)

    @pytest.mark.parametrize(
        "expires",
        ["", " ", "-1", "+1", "1.0", "1e9", "0x10", "1_000", " 1", "1 ", "1\n", "nan", "soon", "１７９",
         "²", "٣", "9" * 13, "9" * 100_000, "ä", "\x00"],
    )  # fmt: skip
    def test_no_expiry(self, expires: str) -> None:
        """What is no moment in whole seconds is refused for itself, however long or odd it is."""
        assert "AccessDenied" == MAIN.refusal({**query_of(), "expires": expires}, NOW)

    def test_missing_values(self) -> None:
        """Without expiry nothing is granted, nor without signature, nor without both."""
        query = query_of()
        assert "AccessDenied" == MAIN.refusal({"signature": query["signature"]}, NOW)
        assert "SignatureDoesNotMatch" == MAIN.refusal({"expires": query["expires"]}, NOW)
        assert "AccessDenied" == MAIN.refusal({}, NOW)

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_signature(self, signature: str) -> None:
        """Any other signature is refused, whatever it is written in."""
        query = query_of()
        assume(signature != query["signature"])
        assert "SignatureDoesNotMatch" == MAIN.refusal({**query, "signature": signature}, NOW)

    def test_parts_of_the_signature(self) -> None:
        """So is each part of the right one, the right one with more to it, and in capitals."""
        query = query_of()
        right = query["signature"]
        for wrong in [*(right[:end] for end in range(len(right))), right + "0", " " + right, right.upper()]:
            assert "SignatureDoesNotMatch" == MAIN.refusal({**query, "signature": wrong}, NOW)

    def test_wrong_and_expired(self) -> None:
        """An address that is wrong and old is called wrong: only its owner learns that it was right once."""
        query = {**query_of(), "signature": "0" * 32}
        assert "SignatureDoesNotMatch" == MAIN.refusal(query, NOW + timedelta(days=1))
