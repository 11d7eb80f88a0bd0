"""The public package's errors."""

from __future__ import annotations

import inspect

import pytest

import brex_accounting
from brex_accounting import BrexError, InvalidArgument, SpecError, errors


class TestErrors:
    @pytest.mark.parametrize("name", errors.__all__)
    def test_have_one_root(self, name: str) -> None:
        """Whatever leaves the package is a BrexError, and the tree in the docstring shows it."""
        assert issubclass(getattr(errors, name), BrexError)
        assert name in (errors.__doc__ or "")

    def test_wrong_use_is_a_value_error_too(self) -> None:
        """A caller who never heard of this package catches ValueError."""
        assert issubclass(InvalidArgument, ValueError)
        assert not issubclass(SpecError, ValueError)

    def test_exports(self) -> None:
        """__all__ is what is visible."""
        visible = {
            name for name, v in vars(brex_accounting).items() if not name.startswith("_") and not inspect.ismodule(v)
        }
        assert visible | {"__version__"} == set(brex_accounting.__all__)
