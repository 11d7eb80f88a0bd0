"""``brex-accounting auth`` against the emulator's issuer: its arguments in this process, its life in others."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import http.client
import http.server
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import pytest

from brex_accounting import AuthorizationError, FileTokenStore, OAuthApp
from brex_accounting.auth.authorization import AuthorizationRequest
from brex_accounting.auth.grant_state import Dead, GrantState, from_bytes, to_bytes
from brex_accounting.cli import main
from brex_accounting.cli.callback import CallbackListener, Loopback
from brex_accounting.emulator import EmulatorServer, TenantPlan, World, serve_in_thread
from tests import virtual

SECRET = "canary-client-secret"
WEB_SERVER = "https://erp.example.com/brex/callback"
SCOPES = [
    "accounting.integration.read",
    "accounting.integration.write",
    "accounting.record.read",
    "accounting.record.write",
    "companies.readonly",
    "offline_access",
]
COMMAND = (sys.executable, "-c", "import sys; from brex_accounting.cli import main; sys.exit(main())", "auth")
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@attrs.frozen
class Served:
    """An emulator with the redirect URIs that the tests need."""

    server: EmulatorServer
    port: int

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    def answers(self, operation: str) -> int:
        journal = self.world.tenant().journal
        return sum(entry.operation == operation for entry in journal)

    def environment(self, token_file: Path) -> dict[str, str]:
        return {
            "BREX_CLIENT_ID": self.world.issuer.client_id,
            "BREX_CLIENT_SECRET": SECRET,
            "BREX_ISSUER": self.world.issuer_url,
            "BREX_TOKEN_FILE": str(token_file),
        }


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    port = free_port()
    uris = [f"http://{host}:{port}{path}" for host in ("127.0.0.1", "localhost") for path in ("/callback", "")]
    world = World(TenantPlan(records=0, seed=7), client_secret=SECRET, redirect_uris=[*uris, WEB_SERVER])
    with serve_in_thread(world) as server:
        yield Served(server, port)
    assert [] == world.bugs


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "acme.json"


@pytest.fixture
def environment(served: Served, token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commands find in the environment, in this process."""
    for name in [name for name in os.environ if name.startswith("BREX_")]:
        monkeypatch.delenv(name)
    for name, value in served.environment(token_file).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("webbrowser.open", lambda url: pytest.fail("a browser opens"))


def visit(url: str) -> str:
    """Where the issuer sends a browser that consents; httpx would log that."""
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        assert 302 == answer.status, answer.read()
        return answer.headers["location"]


def address_in(text: str) -> str:
    found = re.search(r"^http\S+/v1/authorize\?\S+$", text, re.MULTILINE)
    assert found, text
    return found[0]


class Person(io.StringIO):
    """A standard input whose reader gets what a browser brings back from the address that was printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], bring: Callable[[str], str] = visit) -> None:
        super().__init__()
        self.capsys = capsys
        self.bring = bring
        self.asked = ""
        self.brought = ""
        self.printed = ""

    def readline(self, _size: int | None = -1, /) -> str:
        self.printed = self.capsys.readouterr().out
        self.asked = address_in(self.printed)
        self.brought = self.bring(self.asked)
        return self.brought + "\n"


class Terminal(io.StringIO):
    """A standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


Paste = Callable[..., int]


@pytest.fixture
def paste(environment: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Paste:
    """Logs in with --paste, by a browser that consents."""

    def done(*arguments: str, person: io.StringIO | None = None) -> int:
        monkeypatch.setattr("sys.stdin", person or Person(capsys))
        return main(["auth", "login", "--redirect-uri", WEB_SERVER, "--paste", "--no-browser", *arguments])

    return done


def state_in(token_file: Path) -> GrantState:
    stored = virtual.run(FileTokenStore(token_file).load())
    assert stored is not None
    return from_bytes(stored.content)


def put(token_file: Path, state: GrantState) -> None:
    async def store() -> None:
        file = FileTokenStore(token_file)
        async with file.lock(lease=30.0, wait=1.0) as fence:
            stored = await file.load()
            assert await file.compare_and_swap(stored and stored.version, to_bytes(state), fence=fence)

    virtual.run(store())


def state_of(served: Served, *, days: float = 0.0, **changes: Any) -> GrantState:
    """A grant whose customer consented some days ago and whose access token is new; its tokens open nothing."""
    now = datetime.datetime.now(datetime.UTC)
    begun = now - datetime.timedelta(days=days)
    usual = {
        "issuer": served.world.issuer_url,
        "client_id": served.world.issuer.client_id,
        "access_token": "canary-access-token",
        "refresh_token": "canary-refresh-token",
        "scopes": ("accounting.record.read", "offline_access"),
        "granted_at": begun,
        "refresh_token_at": begun,
        "refreshed_at": now,
        "expires_at": now + datetime.timedelta(hours=1),
    }
    return GrantState(**{**usual, **changes})


def assert_one_line(capsys: pytest.CaptureFixture[str], *texts: str) -> None:
    out, err = capsys.readouterr()
    assert "" == out
    assert_line(err, *texts)


def assert_line(err: str, *texts: str) -> None:
    assert err.startswith("error: ")
    assert 1 == err.count("\n")
    assert err.endswith("\n")
    for text in texts:
        assert text in err


# ---- processes ------------------------------------------------------------------------------------------------------


class Process:
    """The command in a process of its own; it is killed when the test has taken too long."""

    def __init__(self, served: Served, token_file: Path, *arguments: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BREX_")}
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits deafness
        try:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=kept | served.environment(token_file) | {"PYTHONWARNINGS": "error"},
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.printed = ""
        self.timer = threading.Timer(PATIENCE, self.process.kill)
        self.timer.start()

    def until(self, text: str) -> str:
        """What it has printed, up to a line with this text."""
        assert self.process.stdout is not None
        while text not in self.printed:
            line = self.process.stdout.readline()
            assert line, (self.printed, self.process.communicate())
            self.printed += line
        return self.printed

    def end(self, given: str | None = None) -> tuple[int, str, str]:
        out, err = self.process.communicate(given, timeout=PATIENCE)
        return self.process.returncode, self.printed + out, err


Start = Callable[..., Process]


@pytest.fixture
def start(served: Served, token_file: Path) -> Iterator[Start]:
    processes: list[Process] = []

    def started(*arguments: str) -> Process:
        processes.append(Process(served, token_file, *arguments))
        return processes[-1]

    yield started
    for found in processes:
        found.timer.cancel()
        with found.process:
            found.process.kill()


class TestLife:
    def test_login_status_revoke(self, start: Start, served: Served, token_file: Path) -> None:
        """A browser that is sent away and comes back leaves a grant that lives until it is revoked."""
        login = start("login", "--redirect-uri", served.redirect_uri, "--no-browser")
        asked = address_in(login.until("Waiting for the browser"))
        location = visit(asked)
        assert location.startswith(served.redirect_uri)

        # What else comes by is turned away, and changes nothing.
        state = parse_qs(urlsplit(location).query)["state"][0]
        others = {
            f"http://127.0.0.1:{served.port}/favicon.ico": 404,
            f"http://127.0.0.1:{served.port}/callback/?state={state}&code=forged": 404,
            f"{served.redirect_uri}?code=forged&state=forged-state": 400,
            f"{served.redirect_uri}?error=access_denied": 400,
            served.redirect_uri: 400,
        }
        assert others == {url: httpx.get(url, trust_env=False).status_code for url in others}
        assert 405 == httpx.post(location, trust_env=False).status_code
        with socket.create_connection(("127.0.0.1", served.port)) as silent:  # as browsers connect in advance
            page = httpx.get(location, trust_env=False)
            code, out, err = login.end()
            assert b"" == silent.recv(1)

        assert (0, "") == (code, err)
        assert f"The grant is in {token_file}" in out
        assert 200 == page.status_code
        assert "This page can be closed." in page.text
        assert ("no-store", "no-referrer") == (page.headers["cache-control"], page.headers["referrer-policy"])
        found = state_in(token_file)
        assert SCOPES == list(found.scopes)
        secrets = [SECRET, found.access_token, found.refresh_token, parse_qs(urlsplit(location).query)["code"][0]]
        assert [] == [text for text in (*secrets, state) if text and text in page.text]
        assert [] == [text for text in secrets if text and text in out + err]

        code, out, err = start("status", "--json").end()
        assert (0, "") == (code, err)
        told = json.loads(out)
        assert (str(token_file), SCOPES, False) == (told["file"], told["scopes"], told["needs_login"])
        assert 3500 < told["expires_in"] <= 3600

        code, out, err = start("revoke", "--yes").end()
        assert (0, f"The grant in {token_file} is revoked.\n", "") == (code, out, err)
        assert (None, None) == (state_in(token_file).access_token, state_in(token_file).refresh_token)
        assert found.access_token is not None
        assert served.world.issuer.credential(found.access_token) is None

        code, out, err = start("status").end()
        assert (1, "") == (code, err)
        assert "yes: revoked here" in out

    def test_paste(self, start: Start, token_file: Path) -> None:
        """Where the browser ends up at a web server, its address comes in through the standard input."""
        login = start("login", "--redirect-uri", WEB_SERVER, "--paste", "--no-browser")
        asked = address_in(login.until("\n\n" + "http"))
        code, out, err = login.end(visit(asked) + "\n")
        assert (0, "") == (code, err)
        assert f"The grant is in {token_file}" in out

    def test_denied(self, start: Start, served: Served, token_file: Path) -> None:
        """A customer who does not consent ends the wait; nothing is stored."""
        login = start("login", "--redirect-uri", served.redirect_uri, "--no-browser")
        state = parse_qs(urlsplit(address_in(login.until("Waiting"))).query)["state"][0]
        page = httpx.get(f"{served.redirect_uri}?error=access_denied&state={state}", trust_env=False)
        assert 200 == page.status_code
        code, _, err = login.end()
        assert 1 == code
        assert_line(err, "access_denied")
        assert not token_file.exists()

    def test_ctrl_c(self, start: Start, served: Served) -> None:
        """Ctrl-C ends the wait without a word."""
        login = start("login", "--redirect-uri", served.redirect_uri, "--no-browser")
        login.until("Waiting")
        login.process.send_signal(signal.SIGINT)
        code, _, err = login.end()
        assert (130, "") == (code, err)

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    def test_nothing_is_shown_on_a_terminal(self, served: Served, token_file: Path) -> None:
        """Secret and address are asked for at a terminal, and it shows neither; Ctrl-C at a question ends with 130."""
        import pty

        outside, inside = pty.openpty()
        given = served.environment(token_file)
        del given["BREX_CLIENT_SECRET"]
        process = subprocess.Popen(
            [*COMMAND, "login", "--redirect-uri", WEB_SERVER, "--paste", "--no-browser"],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("BREX_")} | given,
        )
        os.close(inside)
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        shown = b""

        def until(text: str) -> str:
            nonlocal shown
            while text.encode() not in shown:
                found = b""
                with contextlib.suppress(OSError):  # the other end is closed
                    found = os.read(outside, 4096)
                assert found, shown
                shown += found
            return shown.decode().replace("\r\n", "\n")

        try:
            until("Client secret: ")
            os.write(outside, f"{SECRET}\n".encode())
            location = visit(address_in(until("(it is not shown): ")))
            os.write(outside, f"{location}\n".encode())
            text = until("The grant is in")
            assert 0 == process.wait(PATIENCE)
            assert SECRET not in text
            assert location.partition("code=")[2][:20] not in text
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            os.close(outside)


# ---- login ----------------------------------------------------------------------------------------------------------


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


# ---- mistakes -------------------------------------------------------------------------------------------------------


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ([], "Missing command"),
            (["login"], "--redirect-uri"),
            (["login", "--redirect-uri", WEB_SERVER], "--paste"),
            (["login", "--redirect-uri", "https://127.0.0.1/callback"], "--paste"),
            (["login", "--redirect-uri", "http://192.0.2.1:8765/callback"], "--paste"),
            (["login", "--redirect-uri", "http://127.0.0.1:70000/callback"], "--paste"),
            (["login", "--redirect-uri", WEB_SERVER, "--client-secret", "canary"], "--client-secret"),
            (["login", "--redirect-uri", WEB_SERVER, "--paste", "--scope", "a b"], "--scope"),
            (["login", "--redirect-uri", "http://erp.example.com/", "--paste"], "--redirect-uri"),
            (["login", "--redirect-uri", WEB_SERVER, "--paste", "--issuer", "http://example.com"], "--issuer"),
            (["login", "--redirect-uri", WEB_SERVER, "--paste", "--client-id", " "], "--client-id"),
            (["login", "--redirect-uri", WEB_SERVER, "--paste", "--token-file", "/"], "--token-file"),
            (["login", "--redirect-uri", WEB_SERVER, "--client-authentication", "x"], "--client-authentication"),
            (["login", "--redirect-uri", WEB_SERVER, "--wait", "0"], "--wait"),
        ],
    )
    @pytest.mark.usefixtures("environment")
    def test_mistakes(self, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A mistake is one line that names the option, and the exit status 2."""
        assert 2 == main(["auth", *arguments])
        out, err = capsys.readouterr()
        assert "" == out
        assert_line(err, text)
        assert "canary" not in err

    @pytest.mark.parametrize("name", ["BREX_CLIENT_ID", "BREX_TOKEN_FILE"])
    @pytest.mark.usefixtures("environment")
    def test_missing(self, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """An option that is missing is told with the variable that can hold it."""
        monkeypatch.delenv(name)
        assert 2 == main(["auth", "login", "--redirect-uri", WEB_SERVER, "--paste"])
        assert_one_line(capsys, name)

    @pytest.mark.parametrize("command", [["login", "--redirect-uri", WEB_SERVER, "--paste"], ["revoke", "--yes"]])
    @pytest.mark.usefixtures("environment")
    def test_no_secret(
        self,
        command: list[str],
        served: Served,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        token_file: Path,
    ) -> None:
        """Without a terminal the client secret comes from its variable only."""
        if command[0] == "revoke":
            put(token_file, state_of(served))
        monkeypatch.setenv("BREX_CLIENT_SECRET", "")
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert 2 == main(["auth", *command])
        assert_one_line(capsys, "BREX_CLIENT_SECRET")

    @pytest.mark.usefixtures("environment")
    def test_port_in_use(self, served: Served, capsys: pytest.CaptureFixture[str], token_file: Path) -> None:
        """A port that is in use is one line, before anything is asked of anybody."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert 1 == main(["auth", "login", "--redirect-uri", f"http://127.0.0.1:{port}/callback"])
        assert_one_line(capsys, f"port {port}", "in use", "--paste")

    @pytest.mark.usefixtures("environment")
    def test_wait(self, served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """The wait is as long as the option says."""
        waits: list[float] = []

        async def waited(self: CallbackListener, state: str, *, seconds: float) -> str:
            waits.append(seconds)
            message = "nobody came"
            raise AuthorizationError(message)

        monkeypatch.setattr(CallbackListener, "wait", waited)
        arguments = ["--redirect-uri", served.redirect_uri, "--no-browser", "--wait", "17"]
        assert 1 == main(["auth", "login", *arguments])
        out, err = capsys.readouterr()
        assert f"Waiting for the browser at {served.redirect_uri}, 17 s at most." in out
        assert "error: nobody came\n" == err
        assert [17.0] == waits


# ---- the listener ---------------------------------------------------------------------------------------------------


class TestListener:
    def test_nobody_comes(self, served: Served) -> None:
        """The wait ends, also where somebody keeps a connection without a word."""
        loopback = Loopback(("127.0.0.1",), served.port, "/callback")

        async def main() -> float:
            begun = asyncio.get_running_loop().time()
            with (
                CallbackListener(loopback) as listener,
                socket.create_connection(("127.0.0.1", served.port)),
                pytest.raises(AuthorizationError, match="within 300 s"),
            ):
                await listener.wait("state", seconds=300.0)
            return asyncio.get_running_loop().time() - begun

        assert 300.0 <= virtual.run(main(), pace=0.001) < 301.0

    @pytest.mark.parametrize(
        "head",
        [
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET /callback\r\n\r\n",
            b"\xff\xfe /callback?state=\xff HTTP/1.1\r\n\r\n",
            b"GET /callback?" + b"a=b&" * 101 + b"state=the-state HTTP/1.1\r\n\r\n",
            b"GET http://127.0.0.1/callback?state=the-state HTTP/1.1\r\n\r\n",
            b"GET /callback?state=%ED%A0%80 HTTP/1.1\r\n\r\n",
            b"x" * 100_000,
        ],
    )
    def test_noise(self, head: bytes, served: Served) -> None:
        """Whatever else comes does not end the wait, and the browser that comes after it is served."""
        loopback = Loopback(("127.0.0.1",), served.port, "/callback")

        async def main() -> str:
            with CallbackListener(loopback) as listener:
                wait = asyncio.create_task(listener.wait("the-state", seconds=PATIENCE))
                answers: list[bytes] = []
                for data in (head, b"GET /callback?state=the-state&code=1 HTTP/1.1\r\n\r\n"):
                    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
                    writer.write(data)
                    with contextlib.suppress(ConnectionError):
                        answers.append((await reader.read())[:13])
                    writer.close()
                assert b"HTTP/1.1 200 " == answers[-1]
                assert [] == [answer for answer in answers[:-1] if answer.startswith(b"HTTP/1.1 2")]
                return await wait

        assert "/callback?state=the-state&code=1" == asyncio.run(main())


class TestLoopback:
    @pytest.mark.parametrize(
        ("uri", "expected"),
        [
            ("http://127.0.0.1:8765/callback", Loopback(("127.0.0.1",), 8765, "/callback")),
            ("http://localhost:8765", Loopback(("127.0.0.1", "::1"), 8765, "/")),
            ("http://[::1]:8765/a/b?c=d", Loopback(("::1",), 8765, "/a/b")),
            ("http://127.0.0.1/callback", Loopback(("127.0.0.1",), 80, "/callback")),
            ("https://localhost:8765/callback", None),
            ("http://0.0.0.0:8765/callback", None),
            ("http://localhost.example.com/callback", None),
            ("http://127.0.0.1:x/callback", None),
            ("http://127.0.0.1:0/callback", None),
            ("http://[::1/callback", None),
            ("", None),
        ],
    )
    def test_of(self, uri: str, expected: Loopback | None) -> None:
        """Addresses of this machine are told from all others; without a port it is 80, without a path the root."""
        assert expected == Loopback.of(uri)

    def test_localhost(self, served: Served) -> None:
        """Where a name stands for two addresses, a browser may take either."""
        loopback = Loopback.of(f"http://localhost:{served.port}/callback")
        assert loopback is not None
        with CallbackListener(loopback):
            for host in ("127.0.0.1", "::1") if socket.has_ipv6 and _has_ipv6() else ("127.0.0.1",):
                socket.create_connection((host, served.port)).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))

    def test_half_taken(self, served: Served) -> None:
        """A name of which one address is taken is not listened at: a browser could go to the other program."""
        if not _has_ipv6():
            pytest.skip("needs IPv6")
        loopback = Loopback(("127.0.0.1", "::1"), served.port, "/callback")
        with socket.create_server(("::1", served.port), family=socket.AF_INET6):
            with pytest.raises(AuthorizationError, match="::1"):
                CallbackListener(loopback)
            socket.create_server(("127.0.0.1", served.port)).close()


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


# ---- status ---------------------------------------------------------------------------------------------------------


class TestStatus:
    @pytest.fixture(autouse=True)
    def nothing_but_a_file(self, environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Status takes neither client id nor secret."""
        for name in ("BREX_CLIENT_ID", "BREX_CLIENT_SECRET", "BREX_ISSUER"):
            monkeypatch.delenv(name)

    @pytest.fixture
    def colours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)

    def test_table(self, served: Served, token_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A person sees how a grant stands, and no token."""
        put(
            token_file, state_of(served, days=80).intending(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))
        )
        assert 0 == main(["auth", "status"])
        out, err = capsys.readouterr()
        rows = dict(re.split(r" {2,}", line.rstrip(), maxsplit=1) for line in out.splitlines())
        assert "" == err
        assert str(token_file) == rows["File"]
        assert served.world.issuer_url == rows["Issuer"]
        assert "accounting.record.read offline_access" == rows["Scopes"]
        assert rows["Consent"].startswith("80.0 days old")
        assert "90 days" in rows["Refresh token"]
        assert "expires in 60 min" == rows["Access token"]
        assert "begun 2026-01-02T03:04:05Z, not yet ended" == rows["Refresh"]
        assert "no" == rows["Needs login"]
        assert "canary" not in out

    @pytest.mark.parametrize(("days", "style"), [(74.9, ""), (75.1, "33"), (84.9, "33"), (85.1, "1;31")])
    @pytest.mark.usefixtures("colours")
    def test_colours(
        self,
        days: float,
        style: str,
        served: Served,
        token_file: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """An age of 75 days is a warning, one of 85 an alarm."""
        put(token_file, state_of(served, days=days))
        assert 0 == main(["auth", "status"])
        lines = [line for line in capsys.readouterr().out.splitlines() if "days old" in line]
        assert 2 == len(lines)
        styles = [re.findall(r"\x1b\[([\d;]+)m[\d.]+ days old", line) for line in lines]
        assert [[style] if style else []] * 2 == styles
        assert [bool(style)] * 2 == ["90 days" in line for line in lines]

    def test_json(self, served: Served, token_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A machine reads the same."""
        put(
            token_file, state_of(served, days=80).intending(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))
        )
        assert 0 == main(["auth", "status", "--json"])
        out = capsys.readouterr().out
        told = json.loads(out)
        assert (False, None, None) == (told["needs_login"], told["reason"], told["since"])
        assert (80.0, 80.0) == (told["granted_days_ago"], told["refresh_token_days"])
        assert "2026-01-02T03:04:05Z" == told["refresh_begun_at"]
        assert "canary" not in out

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            (
                {"dead": Dead(cause="answer lost", since=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))},
                "answer lost",
            ),
            ({"refresh_token": None, "expires_at": datetime.datetime.now(datetime.UTC)}, "no refresh token"),
            (None, "no grant"),
        ],
        ids=["dead", "expired", "none"],
    )
    def test_needs_login(
        self,
        changes: dict[str, Any] | None,
        reason: str,
        served: Served,
        token_file: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The exit status is 1 where the customer has to consent again, and the reason is told."""
        if changes is not None:
            now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
            put(token_file, state_of(served, refreshed_at=now, **changes))
        assert 1 == main(["auth", "status"])
        out, err = capsys.readouterr()
        assert (f"yes: {reason}" in out, err) == (True, "")
        assert 1 == main(["auth", "status", "--json"])
        told = json.loads(capsys.readouterr().out)
        assert (True, reason) == (told["needs_login"], told["reason"])

    def test_an_access_token_that_expired(
        self, served: Served, token_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An access token that has expired is no reason to log in: the next call refreshes it."""
        now = datetime.datetime.now(datetime.UTC)
        hour = datetime.timedelta(hours=1)
        put(token_file, state_of(served, refreshed_at=now - 4 * hour, expires_at=now - 3 * hour))
        assert 0 == main(["auth", "status"])
        assert "expired 3 h ago" in capsys.readouterr().out

    def test_no_refresh_token(self, served: Served, token_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Without a refresh token a grant is good for as long as its access token is; what would help is told."""
        put(token_file, state_of(served, refresh_token=None))
        assert 0 == main(["auth", "status"])
        assert "none: the scope offline_access brings one" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ("canary", "acme.json is no whole token file"),
            ("", "acme.json is empty"),
            ('{"format": 1, "version": 1, "fence": 1, "grant": {"canary": 1}}', "acme.json holds no grant"),
            ('{"format": 1, "version": 1, "fence": 1, "grant": {"format": 2}}', "a later version"),
        ],
    )
    def test_unreadable(self, content: str, text: str, token_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A file that cannot be read is one line without anything of its content."""
        token_file.write_text(content)
        assert 1 == main(["auth", "status", "--json"])
        out, err = capsys.readouterr()
        assert "" == out
        assert_line(err, text)
        assert "canary" not in err


# ---- revoke ---------------------------------------------------------------------------------------------------------


class TestRevoke:
    def test_asks(
        self,
        paste: Paste,
        token_file: Path,
        served: Served,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """At a terminal a question comes first; without one the option has to say it."""
        assert 0 == paste()
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert 2 == main(["auth", "revoke"])
        assert_one_line(capsys, "--yes")
        monkeypatch.setattr("sys.stdin", Terminal("n\n"))
        assert 1 == main(["auth", "revoke"])
        before = served.answers("revoke")
        assert state_in(token_file).dead is None
        monkeypatch.setattr("sys.stdin", Terminal("y\n"))
        assert 0 == main(["auth", "revoke"])
        assert before + 1 == served.answers("revoke")
        assert "revoked here" == state_in(token_file).dead.cause  # type: ignore[union-attr]

    @pytest.mark.parametrize("dead", [True, False])
    @pytest.mark.usefixtures("environment")
    def test_nothing_to_revoke(
        self,
        dead: bool,
        served: Served,
        token_file: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A grant that is dead or was never there is no failure, and takes neither a question nor a secret."""
        monkeypatch.delenv("BREX_CLIENT_SECRET")
        since = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        if dead:
            put(token_file, state_of(served, dead=Dead(cause="revoked or expired", since=since)))
        before = served.answers("revoke")
        assert 0 == main(["auth", "revoke"])
        assert f"There is nothing to revoke in {token_file}" in capsys.readouterr().out
        assert before == served.answers("revoke")

    @pytest.mark.usefixtures("environment")
    def test_issuer_is_away(
        self,
        served: Served,
        token_file: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Where the issuer does not answer, one line says so and the grant stays."""
        issuer = f"http://127.0.0.1:{free_port()}/oauth2/default"
        state = state_of(served, issuer=issuer)
        put(token_file, state)
        assert 1 == main(["auth", "revoke", "--yes", "--issuer", issuer])
        out, err = capsys.readouterr()
        assert "" == out
        assert_line(err)
        assert "canary" not in err
        assert state == state_in(token_file)
