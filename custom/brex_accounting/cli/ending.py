"""How a command ends that does not succeed: one line on the standard error, and an exit status."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import typer

from ..errors import BrexError, InvalidArgument, TokenStoreError
from .wording import in_options


class Refusal(typer.TyperException):
    """The command line cannot be right. The text is one line that names the option and the remedy."""

    exit_code = 2


class Failure(typer.TyperException):
    """The command did not succeed. The text is one line."""

    exit_code = 1


def tell_warnings() -> None:
    """Print what the library warns of, so that it is not lost and looks like what the command line itself says."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Warning("warning: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


class _Warning(logging.Formatter):
    """What is warned of, in terms of the command line."""

    def format(self, record: logging.LogRecord) -> str:
        return in_options(super().format(record).replace("account None", "the account"))


@contextmanager
def one_line(options: Mapping[str, str]) -> Generator[None]:
    """Turn what the library raises into an ending.

    Args:
        options: What the command line calls the arguments that an ``InvalidArgument`` names.

    Raises:
        Refusal: An argument cannot be right.
        Failure: The library failed otherwise.
    """
    try:
        yield
    except InvalidArgument as error:
        told: typer.TyperException = Refusal(in_options(_by_name(_text(error), options)))
    except BrexError as error:
        told = Failure(in_options(_text(_of_the_file(error))))
    else:
        return
    raise told


def _text(error: BrexError) -> str:
    return " ".join(str(error).split())


def _by_name(message: str, options: Mapping[str, str]) -> str:
    names, colon, rest = message.partition(": ")
    names = re.sub(r"\w+", lambda name: options.get(name[0], name[0]), names)
    # Behind the colon is prose, in which only a name with an underscore is surely one.
    rest = re.sub(r"[a-z]+(?:_[a-z]+)+", lambda name: options.get(name[0], name[0]), rest)
    return names + colon + rest


def _of_the_file(error: BrexError) -> BrexError:
    """What the token file itself said, where it is at the bottom of an error: that names the file and the remedy."""
    from .stored_grant import file_failed  # noqa: PLC0415 - help and mistakes come at once

    cause = error.__cause__ if isinstance(error, TokenStoreError) else None
    while isinstance(cause, TokenStoreError):
        cause = cause.__cause__
    return file_failed(cause) if isinstance(cause, OSError | ValueError) else error


__all__ = ["Failure", "Refusal", "one_line", "tell_warnings"]
