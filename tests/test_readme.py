"""README is true: its code runs, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from tests import wire

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def script(httpx_mock: HTTPXMock) -> None:
    """Answers for everything that README asks: two records, whose lines have no account yet."""

    def answer(url: str, value: Any) -> None:
        pattern = re.compile(re.escape(f"https://api.brex.com{url}") + r"(\?.*)?$")
        httpx_mock.add_response(url=pattern, content=wire.dumps(value), is_reusable=True)

    answer("/v3/accounting/records", wire.page([wire.record(1), wire.record(2)]))
    answer("/v3/accounting/records/export-results", {"updated_accounting_record_ids": ["accr_1", "accr_2"]})


class TestReadme:
    @pytest.mark.httpx_mock(
        assert_all_responses_were_requested=False, should_mock=lambda request: request.url.host != "127.0.0.1"
    )
    def test_code_runs(
        self, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The ten lines run as they stand against scripted answers, and print what came of the run."""
        script(httpx_mock)
        (tmp_path / "examples").symlink_to(ROOT / "examples")
        monkeypatch.chdir(tmp_path)
        exec(compile(BLOCKS[0], "README.md", "exec"), {"__name__": "readme"})
        assert [
            "complete 0 {}",
            "accr_1 no-account:CARD_EXPENSE_POST.debit",
            "accr_2 no-account:CARD_EXPENSE_POST.debit",
        ] == capsys.readouterr().out.splitlines()

    def test_there_are_blocks(self) -> None:
        """The blocks are found; an empty list would prove nothing."""
        assert 1 == len(BLOCKS)

    def test_commands_exist(self) -> None:
        """Each make target that README names is one of the Makefile's, and the other way round."""
        named = set(re.findall(r"`make ([a-z-]+)`", README)) | set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
        phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert phony is not None
        assert set(phony[1].split()) == named
