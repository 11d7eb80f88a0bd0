"""Addresses at the file host: what makes one work, for how long, and what does not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from brex_accounting.emulator.signer import Signer
from brex_accounting.emulator.stored import FILE_HOST, SIGNATURE

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
HOST = "http://127.0.0.1:9001"
MAIN, OTHER = Signer("main"), Signer("globex")
PATH = "/receipts/receipt_1/lunch.pdf"
TEXT = st.text(st.characters(exclude_characters="\x00\x01", exclude_categories=["Cs"]))


def template(path: str = PATH) -> bytes:
    """An address as it is kept."""
    return FILE_HOST + path.encode() + b"?" + SIGNATURE


def address(signer: Signer = MAIN, now: datetime = NOW, path: str = PATH) -> tuple[str, dict[str, str]]:
    """Path, below the tenant's name and decoded, and query of an address that the signer has just made."""
    made = urlsplit(signer.fill_in(template(path), HOST, now).decode())
    query = {name: value for name, (value,) in parse_qs(made.query, strict_parsing=True).items()}
    return "/" + unquote(made.path).split("/", 2)[2], query


def query_of(signer: Signer = MAIN, now: datetime = NOW, path: str = PATH) -> dict[str, str]:
    return address(signer, now, path)[1]


class TestFillIn:
    def test_one_address(self) -> None:
        """Host, tenant and a query of expiry and signature come where the stand-ins were."""
        made = urlsplit(MAIN.fill_in(template(), HOST, NOW).decode())
        assert (HOST, f"/main{PATH}") == (f"{made.scheme}://{made.netloc}", made.path)
        assert ["expires", "signature"] == list(parse_qs(made.query, strict_parsing=True))

    def test_many_addresses(self) -> None:
        """Every stand-in of a text is filled in, each address with a signature of its own, and it is JSON then."""
        paths = [f"/receipts/r{number}/a.pdf" for number in range(3)]
        one, two, three = (template(path) for path in paths)
        text = b'{"a":["' + one + b'","' + two + b'"],"b":"' + three + b'","c":"' + one + b'"}'
        filled = json.loads(MAIN.fill_in(text, HOST, NOW))
        expected = [MAIN.fill_in(template(path), HOST, NOW).decode() for path in paths]
        assert {"a": expected[:2], "b": expected[2], "c": expected[0]} == filled
        assert 3 == len({made.rpartition("=")[2] for made in expected})

    def test_a_filler(self) -> None:
        """What fills in many texts at one instant does to each what ``fill_in`` does."""
        fill_in = MAIN.filler(HOST, NOW)
        for text in (template(), b"{}", template() * 3, template("/uploads/u1")):
            assert MAIN.fill_in(text, HOST, NOW) == fill_in(text)

    def test_a_query_by_itself(self) -> None:
        """The query for a path is the one that its address is given."""
        made = MAIN.fill_in(template(), HOST, NOW).decode()
        assert made.partition("?")[2] == MAIN.query(PATH, NOW)

    @given(TEXT)
    def test_text_without_any(self, text: str) -> None:
        """Text that holds none, such as any JSON, is passed on as it is."""
        for encoded in (text.encode(), json.dumps(text + "\x00\x01").encode()):
            assert encoded == MAIN.fill_in(encoded, HOST, NOW)

    @given(TEXT)
    def test_text_around(self, text: str) -> None:
        """What stands around the stand-ins is not touched."""
        around = text.encode()
        expected = around + MAIN.fill_in(template(), HOST, NOW) + around
        assert expected == MAIN.fill_in(around + template() + around, HOST, NOW)

    def test_the_same_in_every_run(self) -> None:
        """The same tenant at the same instant signs alike; another instant, tenant or path is signed otherwise."""
        assert query_of() == query_of(Signer("main"))
        signatures = {
            query_of(signer, now, path)["signature"]
            for signer in (MAIN, OTHER, Signer("main", 1))
            for now in (NOW, NOW + SECOND)
            for path in (PATH, "/uploads/u1")
        }
        assert 12 == len(signatures)


class TestPaths:
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    @example("lunch at Zoë's.pdf")
    @example("50%.pdf")
    @example("scans/lunch.pdf")
    @example("%2F")
    @example("100%25?&=#.png")
    @example("%ff")
    @example("+ +")
    def test_any_name(self, name: str) -> None:
        """Whatever a receipt is called, its address works as it comes back, decoded."""
        path, query = address(path=f"/receipts/r1/{quote(name, safe='')}")
        assert f"/receipts/r1/{name}" == path
        assert MAIN.refusal(path, query, NOW) is None

    @pytest.mark.parametrize(
        "path",
        ["/receipts/receipt_2/lunch.pdf", "/receipts/receipt_1/dinner.pdf", "/receipts/receipt_1/lunch.PDF", PATH + "/",
         PATH[1:], "/" + PATH, "", "/", "/uploads/receipt_1", "/receipts/receipt_1/lunch.pdf?", "/\ud800", "/%"],
    )  # fmt: skip
    def test_another_path(self, path: str) -> None:
        """The query of one address opens no other one."""
        assert "SignatureDoesNotMatch" == MAIN.refusal(path, query_of(), NOW)

    def test_no_path_hides_in_an_expiry(self) -> None:
        """Where one ends and the other begins cannot be shifted."""
        signed = MAIN.query("/1 /a", NOW)
        expires, signature = (part.partition("=")[2] for part in signed.split("&"))
        query = {"expires": f"{expires} /1"[:12], "signature": signature}
        assert "AccessDenied" == MAIN.refusal("/a", query, NOW)


class TestRefusal:
    @given(st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31), timezones=st.just(timezone.utc)))
    def test_fifteen_minutes(self, now: datetime) -> None:
        """An address works at once, and at any time up to a second before its 15 minutes are over; then no more."""
        query = query_of(now=now)
        for seconds in (0, 1, 450, 899):
            assert MAIN.refusal(PATH, query, now + timedelta(seconds=seconds)) is None
        for seconds in (900, 901, 10**9):
            assert "ExpiredToken" == MAIN.refusal(PATH, query, now + timedelta(seconds=seconds))

    def test_exactly(self) -> None:
        """Made on the full second, it works for 15 minutes to the microsecond."""
        query = query_of()
        assert MAIN.refusal(PATH, query, NOW + timedelta(seconds=899, microseconds=999_999)) is None
        assert "ExpiredToken" == MAIN.refusal(PATH, query, NOW + timedelta(seconds=900))

    def test_the_same_address_for_a_second(self) -> None:
        """Within a second an address is signed alike: expiry is counted in full seconds."""
        late = NOW + timedelta(microseconds=999_999)
        assert query_of() == query_of(now=late)
        assert MAIN.refusal(PATH, query_of(now=late), late) is None

    def test_other_parameters(self) -> None:
        """Parameters that nobody asked for do not matter."""
        assert MAIN.refusal(PATH, {**query_of(), "response-content-type": "text/html", "": ""}, NOW) is None

    @pytest.mark.parametrize("other", [OTHER, Signer("main", 1), Signer("main 1"), Signer("")])
    def test_of_somebody_else(self, other: Signer) -> None:
        """What one tenant signed opens nothing of another's, nor of its own data of another time."""
        assert "SignatureDoesNotMatch" == other.refusal(PATH, query_of(), NOW)
        assert "SignatureDoesNotMatch" == MAIN.refusal(PATH, query_of(other), NOW)

    @given(st.integers(0, 10**12 - 1))
    def test_another_expiry(self, expires: int) -> None:
        """An expiry that was put in by hand is not covered by the signature, later or sooner."""
        query = query_of()
        assume(expires != int(query["expires"]))
        assert "SignatureDoesNotMatch" == MAIN.refusal(PATH, {**query, "expires": str(expires)}, NOW)

    @pytest.mark.parametrize(
        "expires",
        ["", " ", "-1", "+1", "1.0", "1e9", "0x10", "1_000", " 1", "1 ", "1\n", "nan", "soon", "１７９", "²", "٣",
         "9" * 13, "9" * 100_000, "ä", "\x00", "\ud800"],
    )  # fmt: skip
    def test_no_expiry(self, expires: str) -> None:
        """What is no moment in whole seconds is refused for itself, however long or odd it is."""
        assert "AccessDenied" == MAIN.refusal(PATH, {**query_of(), "expires": expires}, NOW)

    def test_missing_values(self) -> None:
        """Without expiry nothing is granted, nor without signature, nor without both."""
        query = query_of()
        assert "AccessDenied" == MAIN.refusal(PATH, {"signature": query["signature"]}, NOW)
        assert "SignatureDoesNotMatch" == MAIN.refusal(PATH, {"expires": query["expires"]}, NOW)
        assert "AccessDenied" == MAIN.refusal(PATH, {}, NOW)

    @given(st.text())
    @example("\ud800")
    @example("ü" * 32)
    def test_any_signature(self, signature: str) -> None:
        """Any other signature is refused, whatever it is written in."""
        query = query_of()
        assume(signature != query["signature"])
        assert "SignatureDoesNotMatch" == MAIN.refusal(PATH, {**query, "signature": signature}, NOW)

    def test_parts_of_the_signature(self) -> None:
        """So is each part of the right one, the right one with more to it, and in capitals."""
        query = query_of()
        right = query["signature"]
        for wrong in [*(right[:end] for end in range(len(right))), right + "0", " " + right, right.upper()]:
            assert "SignatureDoesNotMatch" == MAIN.refusal(PATH, {**query, "signature": wrong}, NOW)

    def test_wrong_and_expired(self) -> None:
        """An address that is wrong and old is called wrong: only its owner learns that it was right once."""
        query = {**query_of(), "signature": "0" * 32}
        assert "SignatureDoesNotMatch" == MAIN.refusal(PATH, query, NOW + timedelta(days=1))
