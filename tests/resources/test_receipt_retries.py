"""Downloads that are tried again, and those that are not."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest

from brex_accounting import DownloadError, Event, RetryPolicy, Waiting
from tests.resources.receipt_host import BODY, SECRET, SHA256, Host, cut, get, left, raised, sized
from tests.transport.scripted import Answer, Hang, Raise, Script, Step


class TestRetries:
    @pytest.mark.parametrize(
        "step",
        [
            *(sized(b"", status) for status in (408, 429, 500, 502, 503, 504, 520)),
            cut(0),
            cut(9_000),
            Answer(200, BODY[:-1], headers=[("content-length", str(len(BODY)))]),
            Raise(httpx.ConnectError("refused")),
            Raise(httpx.RemoteProtocolError("no answer")),
            Hang(),
        ],
    )
    def test_from_the_start(self, step: Step, tmp_path: Path) -> None:
        """What may be better next time is tried again, from the start."""
        host = Host(step, step)
        got = get(host, tmp_path / "a")
        assert (SHA256, 3, 1, ["a"]) == (got.sha256, len(host.asked), host.reads, left(tmp_path))

    @pytest.mark.parametrize(
        ("step", "status", "text"),
        [
            (sized(b"", 503), 503, "the file host answered 503"),
            (cut(5), None, "the file host gave no whole file (ReadError)"),
            (Raise(httpx.ConnectError("x")), None, "the file host gave no whole file (ConnectError)"),
            (Hang(), None, "nothing came from the file host for 30 s"),
        ],
    )
    def test_no_more(self, step: Step, status: int | None, text: str, tmp_path: Path) -> None:
        """When the policy allows no more, the last failure is told, and nothing is left behind."""
        host = Host(*[step] * 9)
        (tmp_path / "a").write_bytes(b"old")
        error = raised(lambda: get(host, tmp_path / "a"), DownloadError)
        assert (3, 3, status) == (len(host.asked), error.attempts, error.status_code)
        assert f"download receipt: {text} (account acme, attempts 3). Try again later." == str(error)
        assert (["a"], b"old") == (left(tmp_path), (tmp_path / "a").read_bytes())

    def test_none(self) -> None:
        """A client without retries makes one attempt."""
        host = Host(sized(status=503))
        raised(lambda: get(host, io.BytesIO(), retry=None), DownloadError)
        assert 1 == len(host.asked)

    @pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 307, 402, 405, 418, 451, 501])
    def test_refused(self, status: int) -> None:
        """Any other status is told at once, and where a redirect leads is not."""
        host = Host(sized(b"", status, headers=[("location", f"https://a/{SECRET}")]))
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert (1, status) == (len(host.asked), error.status_code)
        assert f"the file host answered {status}" in str(error)

    def test_retry_after(self) -> None:
        """What the host asks for is waited for, and for more than that at the first times."""
        events: list[Event] = []
        host = Host(sized(b"", 503, headers=[("retry-after", "20")]))
        get(host, io.BytesIO(), on_event=events.append)
        (waited,) = [event for event in events if isinstance(event, Waiting)]
        assert 20.0 <= waited.seconds <= 20.5
        assert ("retry-after", waited.seconds) == (waited.cause, host.script.times[-1])

    def test_too_long_a_wait(self) -> None:
        """A longer wait than the policy allows is told at once."""
        host = Host(sized(b"", 429, headers=[("retry-after", "121")]))
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert (429, 121.0, 1) == (error.status_code, error.retry_after, error.attempts)

    def test_back_off(self) -> None:
        """The waits are those of the policy."""
        host = Host(*[sized(b"", 503)] * 5)
        get(host, io.BytesIO(), retry=RetryPolicy(attempts=6, backoff=1.0, max_backoff=4.0))
        waits = [after - before for before, after in zip(host.script.times[1:], host.script.times[2:], strict=False)]
        assert all(0 < wait <= most for wait, most in zip(waits, (1, 2, 4, 4, 4), strict=True))

    def test_no_end(self) -> None:
        """A body of which nobody could tell that it is whole is not taken."""
        error = raised(lambda: get(Host(Answer(200, BODY)), io.BytesIO()), DownloadError)
        assert "does not say where the file ends" in str(error)

    def test_record_and_file_fail(self) -> None:
        """Record and file have their attempts, each for itself."""
        host = Host(sized(status=503), cut(10))
        inner, failing = host._answer, [Answer(503), Answer(503)]

        def answer(request: httpx.Request) -> Step:
            return failing.pop() if failing else inner(request)

        host.script = Script(answer, one_by_one=False)
        assert SHA256 == get(host, io.BytesIO()).sha256
        assert (3, 3) == (host.reads, len(host.asked))
