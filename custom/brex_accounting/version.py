"""The version of the package; the wheel's metadata is made from it, and nothing reads metadata at run time."""

__version__ = "0.1.0"

__all__ = ["__version__"]
