"""How the metric store grows: `python -m benchmarks store` fills it to ten million numbers; a quarter of an hour."""

from benchmarks.store.page import main

__all__ = ["main"]
