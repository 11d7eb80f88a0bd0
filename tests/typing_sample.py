"""User code that touches every public name of both packages; mypy and pyright check it, nothing runs it."""
