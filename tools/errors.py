"""What stops a tool."""

from __future__ import annotations


class ToolError(Exception):
    """What a tool was given is not what it needs; the text names the place and the remedy."""
