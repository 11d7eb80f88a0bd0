"""``brex-accounting auth`` in processes of its own, from login to revocation."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.cli.auth.person import address_in, visit
from tests.cli.auth.served import PATIENCE, SECRET, WEB_SERVER, Served, assert_line
from tests.cli.auth.stored import state_in

SCOPES = [
    "accounting.integration.read",
    "accounting.integration.write",
    "accounting.record.read",
    "accounting.record.write",
    "companies.readonly",
    "offline_access",
]
COMMAND = (sys.executable, "-c", "import sys; from brex_accounting.cli import main; sys.exit(main())", "auth")


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
