"""Secrets of a run: no journal, breach or repr holds one."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from brex_accounting.emulator.api import Api
from brex_accounting.emulator.exchange import Exchanges, Received
from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI
from brex_accounting.emulator.published import operations
from brex_accounting.emulator.world import ISSUER_PATH
from tests.emulator.asking import CARD, RECORDS, RESULTS, TOKEN, WEBHOOKS, Emulator, failure, report
from tests.emulator.exchange.tenant import fault, ready, together


def secrets_of_a_run(brex: Emulator) -> set[str]:
    """Use every kind of secret, rightly and wrongly; tell which there were."""
    issuer = brex.world.issuer
    verifier = "v" * 43
    query = {
        "client_id": issuer.client_id,
        "redirect_uri": DEFAULT_REDIRECT_URI,
        "response_type": "code",
        "scope": "accounting.record.read offline_access",
        "state": "state-12345",
        "code_challenge": verifier,
        "code_challenge_method": "plain",
    }
    authorized = brex.get(f"{ISSUER_PATH}/v1/authorize", query.items(), token=None)
    code = parse_qs(urlsplit(authorized.header("location") or "").query)["code"][0]
    form = {"code": code, "redirect_uri": DEFAULT_REDIRECT_URI, "code_verifier": verifier}
    tokens = brex.form(TOKEN, grant_type="authorization_code", **form).json
    secrets = {code, issuer.client_secret, brex.token, tokens["access_token"], tokens["refresh_token"]}
    for effect in ("wrong_schema", "lone_surrogate", "unknown_field", "slow_body"):
        fault(brex, effect, operation="token", times=1, **({"delay": 0} if effect == "slow_body" else {}))
        refresh = tokens["refresh_token"]
        body = {"client_id": issuer.client_id, "client_secret": issuer.client_secret, "refresh_token": refresh}
        sent = urlencode(body | {"grant_type": "refresh_token"}).encode()
        kind = [("content-type", "application/x-www-form-urlencoded")]
        [reply] = together(brex.send("POST", TOKEN, body=sent, headers=kind, token=None))
        assert 200 == reply.status
    tokens = brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh).json
    secrets |= {tokens["access_token"], tokens["refresh_token"]}
    basic = base64.b64encode(f"{issuer.client_id}:{issuer.client_secret}".encode()).decode()
    kind = [("content-type", "application/x-www-form-urlencoded"), ("authorization", f"Basic {basic}")]
    body = urlencode({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}).encode()
    assert 200 == brex.ask("POST", TOKEN, body=body, headers=kind, token=None).status
    secrets.add(basic)
    everything_at_once = {**query, **form, **tokens, "client_secret": issuer.client_secret, "token": brex.token}
    pairs = [(name, str(value)) for name, value in everything_at_once.items()]
    for path in (TOKEN, f"{ISSUER_PATH}/v1/authorize", f"{ISSUER_PATH}/v1/revoke"):
        brex.get(path, [pair for pair in pairs if pair[0] != "access_token"], token=None)
        brex.ask("POST", path, body=urlencode(pairs).encode(), headers=kind[:1], token=None)
    brex.ask("POST", TOKEN, value=everything_at_once, token=None)
    brex.form(f"{ISSUER_PATH}/v1/revoke", token=tokens["access_token"])
    for token in (*secrets, "s3cret-unknown"):
        brex.get(RECORDS, token=token)
        brex.post(RESULTS, report(failure(ready(brex)[0])), token=token)
    secrets |= {item["secret"] for item in brex.get(f"{WEBHOOKS}/secrets").json}
    return secrets | {"s3cret-unknown", verifier}


class TestSecrets:
    def test_journal(self, brex: Emulator) -> None:
        """No token, client secret, code, verifier or webhook secret gets into a journal or a breach."""
        secrets = secrets_of_a_run(brex)
        assert len(secrets) >= 9
        noted = [*brex.tenant.journal, *brex.world.strays]
        assert len(noted) > 30
        texts = [repr(entry) + json.dumps(entry.to_json()) for entry in noted]
        texts += [repr(violation) for violation in brex.world.violations(brex.tenant)]
        for secret in secrets:
            assert not [text for text in texts if secret in text]

    def test_signatures(self, brex: Emulator) -> None:
        """Nor the signature of an address."""
        page = brex.get(RECORDS).json
        address = next(it for it in page["items"] if it.get("receipts"))["receipts"][0]["download_uris"][0]
        assert 200 == brex.fetch(address).status
        upload = brex.post(f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}).json["uri"]
        assert 200 == brex.fetch(upload, "PUT", body=b"file").status
        signatures = [parse_qs(urlsplit(url).query)["signature"][0] for url in (address, upload)]
        noted = "".join(map(repr, brex.tenant.journal))
        assert 4 == len(brex.tenant.journal)
        assert not [signature for signature in signatures if signature in noted]

    def test_journal_says_the_rest(self, brex: Emulator) -> None:
        """What is no secret of a form or token answer is there to be read."""
        grant = brex.world.issuer.grant("main")
        brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token)
        assert "grant_type=refresh_token&refresh_token=…" in brex.last.request
        assert '"access_token":"…","token_type":"Bearer","expires_in":3600' in brex.last.answer
        brex.form(TOKEN, grant_type="nothing", refresh_token=grant.refresh_token)
        assert '"error":"unsupported_grant_type"' in brex.last.answer

    def test_reprs(self, brex: Emulator) -> None:
        """Nor into the repr of anything that holds one."""
        issuer = brex.world.issuer
        grant = issuer.grant("main")
        secrets = {brex.token, grant.access_token, grant.refresh_token, issuer.client_secret}
        exchanges = Exchanges(brex.world)
        held: list[Any] = [brex.world, brex.tenant, issuer, grant, issuer.credential(brex.token)]
        held += [issuer.credential(grant.access_token), exchanges]
        methods = {"GET": operations()["queryAccountingRecords"]}
        for secret in secrets:
            header, pair = ("authorization", f"Bearer {secret}"), ("token", secret)
            received = Received("GET", {}, "/", [pair], [header], f"/?token={secret}", b"")
            held += [received, Api(brex.world, exchanges)._subject(methods, received)]
        assert not [found for found in held for secret in secrets if secret in repr(found)]
