"""The recorded public API: read from the sources, compared with ``api/public.json``, told in ``CHANGELOG.md``.

Run it as ``python -m tools.api check`` or ``accept``.
"""
