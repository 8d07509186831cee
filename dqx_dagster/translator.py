"""How dqx things are called in Dagster: the one place to override keys, groups, tags, names and severities."""

from __future__ import annotations

import hashlib
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
    """A name in `[a-z0-9_]`: accents dropped, other scripts in Latin letters, a few signs spelt out."""
    spelt = unicodedata.normalize("NFKD", text.translate(_SIGNS)).translate(_SIGNS)
    if any(sign.isalpha() and not unicodedata.name(sign, "LATIN").startswith("LATIN") for sign in spelt):
        spelt = _in_latin(unicodedata.normalize("NFC", spelt))
    plain = spelt.encode("ascii", "ignore").decode()
    named = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    return named or _in_signs(text)


def _in_latin(text: str) -> str:
    """Text of any script in Latin letters, as far as they can tell it: words of one sign stay words."""
    from anyascii import anyascii

    def told(sign: str) -> str:
        latin = anyascii(sign)
        # A syllable comes with a capital, where a letter of an alphabet is as small or large as it was.
        return f" {latin}" if latin[:1].isupper() and not sign.isupper() else latin

    return "".join(sign if sign.isascii() else told(sign) for sign in text)


def _in_signs(text: str) -> str:
    """A name for text without any letters: what its signs are called, or what tells it from other such text."""
    from anyascii import anyascii

    return re.sub(r"[^a-z0-9]+", "_", anyascii(text).lower()).strip("_") or f"unnamed_{digest(text)}"


def digest(*texts: str) -> str:
    """Six signs that tell texts apart, the same in every process."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=3).hexdigest()
