"""``auth revoke``: asked for first, told to the issuer, and for good."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import pytest

from brex_accounting.auth.grant_state import Dead
from brex_accounting.cli import main
from tests.cli.auth.person import Terminal
from tests.cli.auth.served import Paste, Served, assert_line, assert_one_line, free_port
from tests.cli.auth.stored import put, state_in, state_of


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
