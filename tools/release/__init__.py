"""A release: sdist and wheel, built, held against rules, and tested as they are installed.

Run it as ``python -m tools.release``; it needs git, pip and the index that pip uses.
"""
