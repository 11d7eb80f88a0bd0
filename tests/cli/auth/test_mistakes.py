"""Mistakes at the commands of ``auth``: one line each, and nothing done."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from brex_accounting import AuthorizationError
from brex_accounting.cli import main
from brex_accounting.cli.callback import CallbackListener
from tests.cli.auth.served import WEB_SERVER, Served, assert_line, assert_one_line
from tests.cli.auth.stored import put, state_of


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
