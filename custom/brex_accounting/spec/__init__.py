"""From the documents that Brex publishes to the generated client: overlays, the bundle, the generator.

Run it as ``python -m brex_accounting.spec``; it needs the extra ``spec``.
"""
