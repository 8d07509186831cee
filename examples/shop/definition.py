"""The shop's dataset definitions, as YAML beside this file has them, with partitions that end with the shop's data."""

from __future__ import annotations

from pathlib import Path

from dqx_core.datasets import DatasetDefinition, from_yaml
from examples.shop.world import last_day


def shop_definition(name: str, data: Path) -> DatasetDefinition:
    """A definition by its name; the plots of the UI are of the last partitions, and would be empty past the data."""
    written = from_yaml(Path(__file__).parent / "datasets" / f"{name}.yaml")
    last = last_day(data / "shop.duckdb")
    if last is None:
        return written
    partitions = written.partitions.model_copy(update={"end": max(last, written.partitions.start)})
    return written.model_copy(update={"partitions": partitions})
