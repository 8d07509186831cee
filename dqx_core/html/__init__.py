"""The quality report: what a metric store holds, as one HTML file that needs nothing else."""

from dqx_core.html.contents import Contents, collect
from dqx_core.html.page import render, write

__all__ = ["Contents", "collect", "render", "write"]
