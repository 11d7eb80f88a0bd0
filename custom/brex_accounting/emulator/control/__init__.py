"""The control API below ``/_emulator``: what tests and people do to a running emulator. It asks for no credentials."""

from .routes import control_routes

__all__ = ["control_routes"]
