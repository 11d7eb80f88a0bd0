"""Receipts: addresses to upload files to, and files to download."""

from __future__ import annotations

from typing import Any

import pytest

from brex_accounting.emulator.clock import timestamp
from tests.emulator.asking import CARD, EXPENSES, RECORDS, START, Emulator
from tests.emulator.operations.tenant import CLASSIC_INVALID, CLASSIC_NOT_FOUND, SECOND, expenses, ids, other_token


class TestReceiptUpload:
    def announced(self, brex: Emulator, name: str = "Quittung 7.png", expense_id: str | None = None) -> dict[str, str]:
        path = f"{CARD}/receipt_match" if expense_id is None else f"{CARD}/{expense_id}/receipt_upload"
        reply = brex.post(path, {"receipt_name": name})
        assert 200 == reply.status
        assert {"id", "uri"} == set(reply.json)
        return reply.json

    def read(self, brex: Emulator, expense_id: str) -> list[dict[str, Any]]:
        return brex.get(f"{EXPENSES}/{expense_id}", [("expand[]", "receipts.download_uris")]).json.get("receipts") or []

    @pytest.mark.parametrize(
        "name",
        ["receipt.pdf", "Quittung 7.png", "a/b.pdf", "../up.pdf", "50%.jpg", "?x=1#y.pdf", "領収書.pdf", "", " ", "."],
    )
    def test_to_an_expense(self, brex: Emulator, name: str) -> None:
        """What is put to the address becomes a receipt of the expense, and can be read, whatever its name."""
        expense_id = expenses(brex, lambda it: it.expense_type == "CARD")[0]
        before = self.read(brex, expense_id)
        upload = self.announced(brex, name, expense_id)
        assert before == self.read(brex, expense_id)
        brex.advance(5)
        put = brex.fetch(upload["uri"], "PUT", body=b"\x00\xff file", headers=[("content-type", "image/png")])
        assert (200, b"") == (put.status, put.body)
        [*kept, receipt] = self.read(brex, expense_id)
        assert ids(before) == ids(kept)
        assert upload["id"] == receipt["id"]
        got = brex.fetch(receipt["download_uris"][0])
        assert (200, b"\x00\xff file", "image/png") == (got.status, got.body, got.header("content-type"))
        assert timestamp(START + 5 * SECOND) == brex.get(f"{EXPENSES}/{expense_id}").json["updated_at"]

    def test_twice(self, brex: Emulator) -> None:
        """A file that is put again replaces the first one; there is one receipt."""
        expense_id = expenses(brex)[0]
        upload = self.announced(brex, "r.pdf", expense_id)
        count = len(self.read(brex, expense_id))
        for content in (b"first", b"second"):
            brex.fetch(upload["uri"], "PUT", body=content)
        receipts = self.read(brex, expense_id)
        assert count + 1 == len(receipts)
        assert b"second" == brex.fetch(receipts[-1]["download_uris"][0]).body

    def test_two_files(self, brex: Emulator) -> None:
        """Each announcement is a receipt of its own."""
        expense_id = expenses(brex)[0]
        uploads = [self.announced(brex, "r.pdf", expense_id) for _ in range(2)]
        for upload in reversed(uploads):
            brex.fetch(upload["uri"], "PUT", body=upload["id"].encode())
        receipts = self.read(brex, expense_id)[-2:]
        assert [uploads[1]["id"], uploads[0]["id"]] == ids(receipts)
        assert [it["id"].encode() for it in receipts] == [brex.fetch(it["download_uris"][0]).body for it in receipts]

    def test_for_matching(self, brex: Emulator) -> None:
        """A receipt for matching is taken in, and belongs to no expense."""
        before = brex.items(EXPENSES)
        upload = self.announced(brex)
        assert 200 == brex.fetch(upload["uri"], "PUT", body=b"file").status
        assert before == brex.items(EXPENSES)

    def test_address(self, brex: Emulator) -> None:
        """The address to put to is signed, expires after 15 minutes, and takes no token."""
        uri = self.announced(brex)["uri"]
        assert 400 == brex.fetch(uri, "PUT", body=b"file", token=brex.token).status
        assert 403 == brex.fetch(uri.replace("signature=", "signature=0"), "PUT", body=b"file").status
        assert 405 == brex.fetch(uri, "POST", body=b"file").status
        brex.advance(900)
        assert 403 == brex.fetch(uri, "PUT", body=b"file").status
        assert {} == brex.tenant.files

    def test_what_was_not_announced(self, brex: Emulator) -> None:
        """Nothing can be put where nothing was announced, signed or not."""
        upload = self.announced(brex)
        elsewhere = upload["uri"].replace(upload["id"], "receipt_x")
        assert 403 == brex.fetch(elsewhere, "PUT", body=b"file").status
        signed = brex.tenant.signer.query("/uploads/receipt_x", brex.tenant.now())
        assert 404 == brex.fetch(f"{elsewhere.partition('?')[0]}?{signed}", "PUT", body=b"file").status
        assert {} == brex.tenant.files

    @pytest.mark.parametrize("body", [{}, {"receipt_name": None}, {"receipt_name": 7}, []])
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """A name is needed."""
        for path in (f"{CARD}/receipt_match", f"{CARD}/{expenses(brex)[0]}/receipt_upload"):
            reply = brex.post(path, body)
            assert (400, CLASSIC_INVALID) == (reply.status, reply.error)

    def test_unknown_expense(self, brex: Emulator) -> None:
        """There is nothing to upload to for an expense that is unknown."""
        reply = brex.post(f"{CARD}/expense_x/receipt_upload", {"receipt_name": "r.pdf"})
        assert (404, CLASSIC_NOT_FOUND) == (reply.status, reply.error)

    def test_snapshot(self, brex: Emulator) -> None:
        """A receipt that was uploaded before a snapshot is there with its content after it is restored."""
        expense_id = expenses(brex)[0]
        upload = self.announced(brex, "r.pdf", expense_id)
        brex.fetch(upload["uri"], "PUT", body=b"kept")
        snapshot = brex.tenant.snapshot()
        brex.fetch(upload["uri"], "PUT", body=b"replaced")
        later = self.announced(brex, "later.pdf", expense_id)
        brex.fetch(later["uri"], "PUT", body=b"later")
        brex.tenant.restore(snapshot)
        receipts = self.read(brex, expense_id)
        assert upload["id"] == receipts[-1]["id"]
        assert b"kept" == brex.fetch(receipts[-1]["download_uris"][0]).body
        again = self.announced(brex, "again.pdf", expense_id)
        assert 200 == brex.fetch(again["uri"], "PUT", body=b"again").status
        assert b"again" == brex.fetch(self.read(brex, expense_id)[-1]["download_uris"][0]).body

    @pytest.mark.parametrize("way", ["restore", "reset", "seed"])
    def test_address_of_the_past(self, brex: Emulator, way: str) -> None:
        """An address is good for the data that it was given for, and no longer."""
        snapshot = brex.tenant.snapshot()
        uri = self.announced(brex)["uri"]
        match way:
            case "restore":
                brex.tenant.restore(snapshot)
            case "reset":
                brex.tenant.reset()
            case _:
                brex.tenant.seed(10, 3)
        assert 403 == brex.fetch(uri, "PUT", body=b"file").status


class TestReceiptDownload:
    def address(self, brex: Emulator, nth: int = 0, **request: Any) -> str:
        found = [it for it in brex.items(RECORDS, **request) if it.get("receipts")]
        return found[nth]["receipts"][0]["download_uris"][0]

    def test_without_token(self, brex: Emulator) -> None:
        """The address of a receipt works without a token, as often as one likes, and gives the same file."""
        address = self.address(brex)
        first, second = brex.fetch(address), brex.fetch(address)
        assert (200, first.body) == (first.status, second.body)
        assert first.body
        assert first.header("content-type") in ("application/pdf", "image/png", "image/jpeg")
        head = brex.fetch(address, "HEAD")
        assert (200, b"", first.header("etag")) == (head.status, head.body, head.header("etag"))

    def test_content(self, large: Emulator) -> None:
        """The file is of the kind that its name says, and names its receipt."""
        starts = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff"}
        seen = set()
        for record in large.items(RECORDS):
            for receipt in record.get("receipts") or ():
                for address in receipt.get("download_uris") or ():
                    extension = address.partition("?")[0].rpartition(".")[2]
                    body = large.fetch(address).body
                    assert body.startswith(starts[extension])
                    assert receipt["id"].encode() in body
                    seen.add(extension)
        assert len(seen) > 1

    def test_expiry(self, brex: Emulator) -> None:
        """It works for 15 minutes of the tenant's clock, not a second longer."""
        address = self.address(brex)
        brex.advance(899)
        assert 200 == brex.fetch(address).status
        brex.advance(1)
        reply = brex.fetch(address)
        assert (403, "application/xml") == (reply.status, reply.header("content-type"))
        assert b"<Code>ExpiredToken</Code>" in reply.body
        assert 200 == brex.fetch(self.address(brex)).status

    def test_with_token(self, brex: Emulator) -> None:
        """A request that brings an Authorization header is refused, as S3 does."""
        reply = brex.fetch(self.address(brex), token=brex.token)
        assert 400 == reply.status
        assert b"<Code>InvalidArgument</Code>" in reply.body
        assert 400 == brex.fetch(self.address(brex), headers=[("authorization", "")]).status

    def test_tampered(self, brex: Emulator) -> None:
        """An address with another expiry or signature, or without one, is refused."""
        address = self.address(brex)
        path, _, query = address.partition("?")
        expires, signature = (part.partition("=")[2] for part in query.split("&"))
        later = str(int(expires) + 1)
        for changed in (
            f"expires={later}&signature={signature}",
            f"expires={expires}&signature={signature[::-1]}",
            f"expires={expires}&signature={signature}0",
            f"expires={expires}&signature=ü",
            f"expires=&signature={signature}",
            f"expires=-1&signature={signature}",
            f"expires=1e9&signature={signature}",
            f"expires={'9' * 40}&signature={signature}",
            f"expires={expires}",
            f"signature={signature}",
            "",
        ):
            assert 403 == brex.fetch(f"{path}?{changed}").status, changed

    def test_other_file(self, large: Emulator) -> None:
        """A signature is good for its own file only, and not for putting one."""
        first, second = (self.address(large, nth) for nth in (0, -1))
        path, _, query = first.partition("?")
        assert path != second.partition("?")[0]
        assert 403 == large.fetch(f"{second.partition('?')[0]}?{query}").status
        assert 403 == large.fetch(f"{path}x?{query}").status
        upload = large.post(f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}).json["uri"]
        assert 403 == large.fetch(f"{upload.partition('?')[0]}?{query}", "PUT", body=b"file").status
        assert 200 == large.fetch(first).status

    def test_other_tenant(self, brex: Emulator) -> None:
        """A signature is good for its own tenant only; there may be no such tenant at all."""
        token = other_token(brex)
        mine, foreign = self.address(brex), self.address(brex, token=token)
        assert 200 == brex.fetch(foreign).status
        assert 403 == brex.fetch(mine.replace("/main/", "/globex/")).status
        assert 404 == brex.fetch(mine.replace("/main/", "/nobody/")).status
        brex.advance(900)
        assert [403, 200] == [brex.fetch(address).status for address in (mine, foreign)]

    def test_methods_and_paths(self, brex: Emulator) -> None:
        """Other methods are 405 with Allow, other paths 404."""
        address = self.address(brex)
        for method in ("POST", "PUT", "DELETE"):
            reply = brex.fetch(address, method)
            assert (405, "GET") == (reply.status, reply.header("allow"))
        assert 404 == brex.fetch(address.replace("/receipts/", "/nothing/")).status
