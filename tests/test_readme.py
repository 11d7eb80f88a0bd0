"""README is true: its code runs, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from tests import wire

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


class TestReadme:
    @pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
    @pytest.mark.parametrize("block", BLOCKS, ids=[f"block{number}" for number in range(1, len(BLOCKS) + 1)])
    def test_code_runs(self, block: str, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each Python block runs as it stands, against scripted answers."""
        base = "https://api.brex.com/v3/accounting/records"
        page = wire.page([wire.record(1), wire.record(2)])
        httpx_mock.add_response(url=f"{base}?review_status=READY_FOR_EXPORT", content=wire.dumps(page))
        error = {"error_code": "NOT_FOUND", "message": "no such record"}
        httpx_mock.add_response(url=f"{base}/accr_404", status_code=404, json=error)
        monkeypatch.chdir(ROOT)
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})

    def test_there_are_blocks(self) -> None:
        """The blocks are found; an empty list would prove nothing."""
        assert len(BLOCKS) >= 4

    def test_commands_exist(self) -> None:
        """Each make target that README names is one of the Makefile's, and the other way round."""
        named = set(re.findall(r"`make ([a-z-]+)`", README)) | set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
        phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert phony is not None
        assert set(phony[1].split()) == named

    def test_links_lead_somewhere(self) -> None:
        """Each relative link names a file."""
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
            assert (ROOT / target).exists(), target
