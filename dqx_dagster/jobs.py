"""What a run's jobs on a warehouse read and cost, as Dagster's metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from dqx_core.engines.jobs import EngineJob


def jobs_metadata(jobs: Sequence[EngineJob], price_per_tib: float | None) -> Mapping[str, dg.MetadataValue]:
    """Bytes, cost and a link to each job, of everything a step ran; nothing on an engine without jobs."""
    if not jobs:
        return {}
    found: dict[str, dg.MetadataValue] = {
        "dqx/bytes_billed": dg.MetadataValue.int(sum(job.bytes_billed for job in jobs)),
        "dqx/bytes_processed": dg.MetadataValue.int(sum(job.bytes_processed for job in jobs)),
    }
    if price_per_tib is not None:
        found["dqx/cost"] = dg.MetadataValue.float(sum(job.cost(price_per_tib) for job in jobs))
    lines = ["| job | kind | bytes billed |", "| --- | --- | --- |"]
    lines += [f"| [{job.id}]({job.url}) | {job.kind} | {job.bytes_billed:,} |" for job in jobs[:_SHOWN]]
    if len(jobs) > _SHOWN:
        lines.append(f"| and {len(jobs) - _SHOWN} more | | |")
    found["dqx/jobs"] = dg.MetadataValue.md("\n".join(lines))
    return found


_SHOWN = 50
