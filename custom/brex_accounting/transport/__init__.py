"""The order of a call, one module a layer, and the one place that knows httpx."""
