"""``auth status``: how a grant stands, by what is in its file."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.auth.grant_state import Dead
from brex_accounting.cli import main
from tests.cli.auth.served import Served, assert_line
from tests.cli.auth.stored import put, state_of


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
