"""How far an export is, as people and logs see it; and what signals do."""

from __future__ import annotations

import io
import logging
import signal

import pytest

from brex_accounting.cli.export_progress import ProgressLine
from brex_accounting.cli.stopping import StopSignals
from brex_accounting.export import ExportPaused, ExportProgress
from tests.virtual import EPOCH


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(stage: str, seen: int, expected: int | None, *, posted: int = 0, reported: int = 0) -> ExportProgress:
    return ExportProgress(stage=stage, seen=seen, expected=expected, posted=posted, reported=reported)


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestLog:
    """Where no terminal is."""

    @pytest.fixture
    @staticmethod
    def stream() -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    @staticmethod
    def progress(stream: io.StringIO, clock: Clock) -> ProgressLine:
        return ProgressLine(stream, monotonic=clock)

    def test_a_short_run(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """What takes less than five seconds says nothing."""
        for step in range(9):
            clock.now += 0.5
            progress(told("reading", step, 9))
        assert "" == stream.getvalue()

    def test_a_long_run(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """Every five seconds there is a line with the rate, and the time that is left of the list in hand."""
        for step in range(1, 11):
            clock.now += 1
            progress(told("posting", 100 * step, 2000, posted=90 * step))
        assert [
            "posting: 500 of 2000 read, 450 posted, 0 reported, 100/s, 15 s left",
            "posting: 1000 of 2000 read, 900 posted, 0 reported, 100/s, 10 s left",
        ] == stream.getvalue().splitlines()

    def test_a_list_of_another_length(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """What was read of the list before is not counted as read of the next one."""
        clock.now += 4
        progress(told("reading", 400, 400))
        clock.now += 1
        progress(told("reading", 500, 1000))
        assert ["reading: 500 of 1000 read, 0 posted, 0 reported, 100/s, 9 s left"] == stream.getvalue().splitlines()

    def test_reporting(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """Reports have a rate of their own, and what is posted is what there is to report."""
        clock.now += 4
        progress(told("reading", 8000, None, posted=8000))
        clock.now += 2
        progress(told("reporting", 8000, None, posted=8000, reported=100))
        assert [
            "reporting: 8000 read, 8000 posted, 100 reported, 50/s, 2 min 38 s left"
        ] == stream.getvalue().splitlines()

    def test_waiting(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """Nobody can say how long waiting lasts."""
        clock.now += 6
        progress(told("waiting", 10, 10))
        assert ["waiting: 10 of 10 read, 0 posted, 0 reported"] == stream.getvalue().splitlines()

    def test_another_run(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """The next run begins at nothing, however long it was until then."""
        progress(told("reading", 100, 100))
        clock.now += 3600
        progress.begin()
        clock.now += 5
        progress(told("reading", 50, 100))
        assert ["reading: 50 of 100 read, 0 posted, 0 reported, 10/s, 5 s left"] == stream.getvalue().splitlines()

    def test_other_events(self, progress: ProgressLine, stream: io.StringIO, clock: Clock) -> None:
        """What the log tells anyway is not told twice."""
        clock.now += 60
        progress(ExportPaused(account="acme", cause="x", next_try=EPOCH))
        assert "" == stream.getvalue()


class TestTerminal:
    @pytest.fixture
    @staticmethod
    def stream() -> Terminal:
        return Terminal()

    @pytest.fixture
    @staticmethod
    def progress(stream: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> ProgressLine:
        monkeypatch.setenv("COLUMNS", "60")
        return ProgressLine(stream, monotonic=clock)

    def test_one_line(self, progress: ProgressLine, stream: Terminal, clock: Clock) -> None:
        """A terminal has one line, drawn anew over the old one, ten times in a second at most."""
        progress(told("reading", 100, 200))
        clock.now += 0.05
        progress(told("reading", 150, 200))
        clock.now += 0.06
        progress(told("waiting", 1, 1))
        drawn = stream.getvalue().split("\r")
        long, short = "reading: 100 of 200 read, 0 posted, 0 reported", "waiting: 1 of 1 read, 0 posted, 0 reported"
        assert ["", long, short.ljust(len(long))] == drawn

    def test_it_goes_away(self, progress: ProgressLine, stream: Terminal) -> None:
        """Before anything else is printed the line is wiped out, once."""
        progress(told("waiting", 1, 1))
        progress.clear()
        progress.clear()
        text = "waiting: 1 of 1 read, 0 posted, 0 reported"
        assert f"\r{text}\r{' ' * len(text)}\r" == stream.getvalue()

    def test_a_warning(self, progress: ProgressLine, stream: Terminal) -> None:
        """What is logged meanwhile stands on a line of its own, and no line is left when the work is over."""
        handler = logging.StreamHandler(stream)
        logging.getLogger().addHandler(handler)
        try:
            with progress.beside_the_log():
                progress(told("waiting", 1, 1))
                logging.getLogger("brex_accounting").warning("look")
                before_the_end = stream.getvalue()
                progress(told("waiting", 1, 1))
        finally:
            logging.getLogger().removeHandler(handler)
        assert before_the_end.endswith(" \rlook\n")
        assert [] == handler.filters

    def test_a_narrow_terminal(self, progress: ProgressLine, stream: Terminal, clock: Clock) -> None:
        """A line is never so long that the terminal breaks it."""
        progress(told("reading", 10**9, 10**10, posted=10**9, reported=10**9))
        assert 59 == len(stream.getvalue().removeprefix("\r"))


class TestStopSignals:
    @pytest.fixture(autouse=True)
    @staticmethod
    def inherited() -> object:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored in the background
        yield
        signal.signal(signal.SIGINT, before)

    def test_the_first_and_the_second(self) -> None:
        """The first signal asks; from then on signals do what the system has them do; afterwards all is as before."""
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        asked: list[str] = []
        with StopSignals() as signals:
            signals.ask(lambda: asked.append("stop"))
            signal.raise_signal(signal.SIGTERM)
            assert ["stop"] == asked
            assert [signal.SIG_DFL] * 2 == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
            assert not signals.was_interrupted
        assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def test_one_that_came_early(self) -> None:
        """A signal that came before there was anything to stop is not lost."""
        asked: list[str] = []
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGINT)
            signals.ask(lambda: asked.append("stop"))
        assert ["stop"] == asked
        assert signals.was_interrupted

    def test_one_that_is_ignored(self) -> None:
        """A shell's background process, which is deaf to Ctrl-C, stays deaf."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with StopSignals():
            assert signal.SIG_IGN is signal.getsignal(signal.SIGINT)
