"""How dqx things are called in Dagster: the one place to override keys, groups, tags, names and severities."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import TYPE_CHECKING

import dagster as dg

from dqx_core.report import Severity

if TYPE_CHECKING:
    from dqx_core.datasets.definition import DatasetDefinition


class DqxTranslator:
    """Subclass it, override what should be otherwise, and hand it to `dataset_asset` or `suite_checks`."""

    def asset_key(self, definition: DatasetDefinition) -> dg.AssetKey:
        """The key of a dataset's asset: its name."""
        return dg.AssetKey([definition.name])

    def source_key(self, table: str) -> dg.AssetKey:
        """The key of a source table's asset: schema and table as they are written."""
        return dg.AssetKey(table.split("."))

    def group_name(self, definition: DatasetDefinition) -> str:
        """The group a dataset's asset is shown in."""
        return "datasets"

    def owners(self, definition: DatasetDefinition) -> Sequence[str]:
        """Who owns a dataset's asset: emails, or `team:name`."""
        return ()

    def tags(self, definition: DatasetDefinition) -> Mapping[str, str]:
        """The tags of a dataset's asset."""
        return {"dqx/split": definition.split.strategy}

    def kinds(self, definition: DatasetDefinition, engine: str) -> AbstractSet[str]:
        """The kinds shown on a dataset's asset."""
        return {"dqx", engine}

    def metrics_key(self, asset: dg.AssetKey, suite: str) -> dg.AssetKey:
        """The key of a suite's metrics asset: `<asset>/metrics/<suite>`."""
        return dg.AssetKey([*asset.path, "metrics", slug(suite)])

    def check_name(self, check: str, assertion: str) -> str:
        """The name of an assertion's asset check, in the characters Dagster allows."""
        return f"{slug(check)}__{slug(assertion)}"

    def severity(self, severity: Severity) -> dg.AssetCheckSeverity:
        """P0 and P1 are errors, P2 and P3 warnings."""
        return dg.AssetCheckSeverity.ERROR if severity in (Severity.P0, Severity.P1) else dg.AssetCheckSeverity.WARN

    def blocking(self, severity: Severity) -> bool:
        """P0 stops what is downstream in the same run."""
        return severity is Severity.P0


_SIGNS = str.maketrans(
    {"<": " below ", ">": " above ", "%": " percent ", "≤": " at most ", "≥": " at least ", "=": " equals "}
)


@lru_cache(maxsize=1024)
def slug(text: str) -> str:
    """A name in `[a-z0-9_]`: accents dropped, a few signs spelt out, the rest an underscore."""
    plain = unicodedata.normalize("NFKD", text.translate(_SIGNS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or "unnamed"
