"""A request that got no whole answer, in words that may stand anywhere."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Literal

import httpx


class SendFailed(Exception):
    """A request got no whole answer; internal, and free of httpx's objects.

    Attributes:
        outcome: ``not sent`` where the request cannot have reached the server.
        reason: Why, in words that may stand in an error's text.
        hopeless: Whether it would be the same however often it is tried.
    """

    def __init__(
        self, outcome: Literal["not sent", "answer lost", "timed out"], reason: str, *, hopeless: bool = False
    ) -> None:
        self.outcome: Literal["not sent", "answer lost", "timed out"] = outcome
        self.reason = reason
        self.hopeless = hopeless
        super().__init__(reason)


def send_failed(error: Exception) -> SendFailed:
    """What became of a request, from what httpx raised."""
    name = type(error).__name__
    match error:
        case httpx.ConnectError():
            return SendFailed("not sent", f"{name}{system_reason(error)}")
        case httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError() | httpx.UnsupportedProtocol():
            return SendFailed("not sent", name)
        case httpx.TimeoutException() | TimeoutError():
            return SendFailed("timed out", name)
        case _:
            return SendFailed("answer lost", name)


def system_reason(error: BaseException) -> str:
    """What the operating system or the TLS library said, by its own numbers: no text of anybody else's is repeated."""
    seen: BaseException | None = error
    while seen is not None:
        match seen:
            case ssl.SSLCertVerificationError(verify_message=str(reason)) | ssl.SSLError(reason=str(reason)):
                return f": {reason}"
            case socket.gaierror(errno=int(number)):
                return f": the host's name cannot be resolved ({number})"
            case OSError(errno=int(number)):
                return f": {os.strerror(number)}"
            case _:
                seen = seen.__cause__ or seen.__context__
    return ""


__all__ = ["SendFailed", "send_failed", "system_reason"]
