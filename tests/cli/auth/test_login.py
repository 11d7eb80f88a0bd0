"""``auth login``: what it stores and shows, and what it does to a grant that is there."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from brex_accounting import OAuthApp
from brex_accounting.auth.authorization import AuthorizationRequest
from brex_accounting.auth.grant_state import Dead, GrantState
from brex_accounting.cli import main
from tests.cli.auth.person import Person, Terminal, address_in, visit
from tests.cli.auth.served import PATIENCE, SECRET, WEB_SERVER, Paste, Served, assert_line, assert_one_line
from tests.cli.auth.stored import put, state_in, state_of


class TestLogin:
    def test_secrets(
        self,
        paste: Paste,
        token_file: Path,
        capsys: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A login prints and logs the address to open, and neither secret, code, verifier nor token."""
        caplog.set_level(1)
        made: list[AuthorizationRequest] = []
        original = OAuthApp.authorization_request

        def spied(self: OAuthApp, **options: Any) -> AuthorizationRequest:
            made.append(original(self, **options))
            return made[-1]

        monkeypatch.setattr(OAuthApp, "authorization_request", spied)
        person = Person(capsys)
        assert 0 == paste(person=person)
        out, err = capsys.readouterr()
        found = state_in(token_file)
        code = parse_qs(urlsplit(person.brought).query)["code"][0]
        assert [person.asked] == [request.url for request in made]
        secrets = {
            "client secret": SECRET,
            "code": code,
            "verifier": made[0].code_verifier,
            "access token": found.access_token,
            "refresh token": found.refresh_token,
        }
        said = (
            person.printed
            + out
            + err
            + "".join(f"{record.getMessage()} {record.args}" for record in caplog.records if record.name != "uvicorn")
        )
        assert [] == [name for name, value in secrets.items() if not value or value in said]

    def test_scopes(self, paste: Paste, capsys: pytest.CaptureFixture[str], token_file: Path) -> None:
        """Scopes that are named replace the usual ones; the one that brings a refresh token is always asked for."""
        person = Person(capsys)
        assert 0 == paste("--scope", "accounting.record.read", "--scope", "offline_access", person=person)
        assert ["accounting.record.read offline_access"] == parse_qs(urlsplit(person.asked).query)["scope"]
        assert ("accounting.record.read", "offline_access") == state_in(token_file).scopes

    def test_basic(self, paste: Paste, token_file: Path) -> None:
        """The secret can be shown in the header."""
        assert 0 == paste("--client-authentication", "client_secret_basic")
        assert state_in(token_file).access_token

    def test_store_fails(self, paste: Paste, capsys: pytest.CaptureFixture[str], token_file: Path) -> None:
        """Where the token file cannot be used the line says what is wrong with which file."""
        lock = token_file.with_name("acme.json.lock")
        lock.mkdir()
        assert 1 == paste()
        assert_one_line(capsys, str(lock))
        assert not token_file.exists()

    def test_wrong_secret(
        self, paste: Paste, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], token_file: Path
    ) -> None:
        """What the issuer refuses is one line, which does not repeat the secret."""
        monkeypatch.setenv("BREX_CLIENT_SECRET", "canary-other-secret")
        assert 1 == paste()
        assert_one_line(capsys, "invalid_client")
        assert not token_file.exists()

    @pytest.mark.parametrize(
        ("bring", "text"),
        [
            (lambda _: WEB_SERVER, "state: "),
            (lambda _: f"{WEB_SERVER}?code=canary-code&state=canary-state-of-another", "state: "),
            (lambda url: visit(url) + "&code=canary-code", "twice"),
            (lambda url: re.sub(r"code=[^&]*", "code=canary-code", visit(url)), "the issuer refuses the code"),
            (lambda _: "", "standard input"),
        ],
    )
    def test_bad_callback(
        self,
        bring: Callable[[str], str],
        text: str,
        paste: Paste,
        capsys: pytest.CaptureFixture[str],
        token_file: Path,
    ) -> None:
        """An address that does not belong to the login is one line, without anything of that address."""
        assert 1 == paste(person=Person(capsys, bring))
        out, err = capsys.readouterr()
        assert_line(err, text)
        assert "canary" not in out + err
        assert not token_file.exists()

    @pytest.mark.usefixtures("environment")
    def test_secret_is_asked_for(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], token_file: Path
    ) -> None:
        """At a terminal both the client secret and the address are read without being shown."""
        monkeypatch.delenv("BREX_CLIENT_SECRET")
        monkeypatch.setattr("sys.stdin", Terminal())
        prompts: list[str] = []

        def ask(prompt: str) -> str:
            prompts.append(prompt)
            return SECRET if len(prompts) == 1 else visit(address_in(capsys.readouterr().out))

        monkeypatch.setattr("getpass.getpass", ask)
        assert 0 == main(["auth", "login", "--redirect-uri", WEB_SERVER, "--paste", "--no-browser"])
        assert ["Client secret: ", "Then paste the address that the browser came to (it is not shown): "] == prompts
        assert state_in(token_file).access_token

    def test_browser(self, paste: Paste, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """The browser opens at the address that is printed."""
        opened: list[str] = []
        is_open = threading.Event()
        monkeypatch.setattr("webbrowser.open", lambda url: (opened.append(url), is_open.set()))
        person = Person(capsys)
        assert 0 == paste("--browser", person=person)
        assert is_open.wait(PATIENCE)
        assert [person.asked] == opened

    def test_discovery(self, paste: Paste, capsys: pytest.CaptureFixture[str]) -> None:
        """The address is at the endpoint that the issuer names, looked up before."""
        with elsewhere() as issuer:
            person = Person(capsys, lambda _: "")
            assert 1 == paste("--issuer", issuer, person=person)
        assert person.asked.startswith(f"{issuer}/elsewhere/v1/authorize?response_type=code&")


@contextlib.contextmanager
def elsewhere() -> Iterator[str]:
    """An issuer whose authorization endpoint is not where Brex documents it."""

    class Issuer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps({"issuer": url, "authorization_endpoint": f"{url}/elsewhere/v1/authorize"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Issuer) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield url
        server.shutdown()
        thread.join()


class TestReplacing:
    @pytest.fixture
    def alive(self, served: Served, token_file: Path) -> GrantState:
        state = state_of(served, days=12)
        put(token_file, state)
        return state

    def test_without_a_terminal(
        self, alive: GrantState, paste: Paste, capsys: pytest.CaptureFixture[str], token_file: Path
    ) -> None:
        """A living grant is not replaced unless somebody says so; age and scopes tell which one it is."""
        assert 2 == paste()
        assert_one_line(capsys, "12 days", "accounting.record.read offline_access", "--replace")
        assert alive == state_in(token_file)

    @pytest.mark.parametrize("option", ["--replace", "--yes"])
    def test_option(self, option: str, alive: GrantState, paste: Paste, token_file: Path) -> None:
        """An option says so."""
        assert 0 == paste(option)
        assert alive.granted_at < state_in(token_file).granted_at

    @pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("", 130)])
    def test_no(self, answer: str, code: int, alive: GrantState, paste: Paste, token_file: Path) -> None:
        """At a terminal a question comes first; everything but yes leaves the grant alone."""
        assert code == paste(person=Terminal(answer))
        assert alive == state_in(token_file)

    @pytest.mark.parametrize(
        "changes",
        [
            {"dead": Dead(cause="revoked or expired", since=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))},
            {"refresh_token": None, "expires_at": datetime.datetime.now(datetime.UTC)},
        ],
        ids=["dead", "expired"],
    )
    def test_dead(self, changes: dict[str, Any], served: Served, paste: Paste, token_file: Path) -> None:
        """A grant that is of no more use is replaced without a question."""
        now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
        put(token_file, state_of(served, refreshed_at=now, **changes))
        assert 0 == paste()
        assert state_in(token_file).dead is None

    @pytest.mark.parametrize("changes", [{"client_id": "another"}, {"issuer": "https://issuer.example.com"}])
    def test_of_another_application(
        self,
        changes: dict[str, str],
        served: Served,
        paste: Paste,
        capsys: pytest.CaptureFixture[str],
        token_file: Path,
    ) -> None:
        """A file with the grant of another application is left alone, before anybody is asked for consent."""
        put(token_file, state_of(served, **changes))
        assert 2 == paste("--replace")
        assert_one_line(capsys, "--token-file", *changes.values())

    def test_unreadable(self, paste: Paste, capsys: pytest.CaptureFixture[str], token_file: Path) -> None:
        """A file that is something else is left alone, before anybody is asked for consent."""
        token_file.write_text("canary")
        assert 1 == paste("--replace")
        out, err = capsys.readouterr()
        assert "" == out
        assert_line(err, "acme.json is no whole token file", "restore it")
        assert "canary" == token_file.read_text()
