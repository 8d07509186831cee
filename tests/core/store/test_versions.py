"""Every change of a dataset definition is a version; the same content again is not."""

from __future__ import annotations

from typing import Any

from returns.maybe import Nothing

from dqx_core.store import MetricDB

DEFINITION: dict[str, Any] = {"name": "shop", "source": {"table": "raw.tränsactions"}, "columns": [1, None, "x\0y"]}


def test_a_version_comes_back_as_it_was_recorded(db: MetricDB) -> None:
    made = db.datasets.record("shop", DEFINITION, definition_hash="h1", sql="SELECT 1", change="First version")
    assert (made.dataset, made.version, made.definition_hash) == ("shop", 1, "h1")
    assert (made.definition, made.sql, made.change) == (DEFINITION, "SELECT 1", "First version")
    assert made.analysis is None
    assert db.datasets.versions("shop") == [made]
    assert db.datasets.version("shop", 1).unwrap() == made


def test_versions_are_numbered_without_gaps_and_the_same_content_makes_none(db: MetricDB) -> None:
    hashes = ["h1", "h1", "h2", "h2", "h1"]
    made = [db.datasets.record("shop", {"h": h}, definition_hash=h, sql="", change="") for h in hashes]
    assert [version.version for version in made] == [1, 1, 2, 2, 3]
    assert [version.definition_hash for version in db.datasets.versions("shop")] == ["h1", "h2", "h1"]


def test_datasets_do_not_share_versions(db: MetricDB) -> None:
    for name in ("a", "b", "x" * 10_000):
        assert db.datasets.record(name, {}, definition_hash="h", sql="", change="").version == 1
    assert db.datasets.versions("c") == []
    assert db.datasets.version("a", 2) == Nothing


def test_an_analysis_is_kept_with_its_version_and_can_be_cleared(db: MetricDB) -> None:
    db.datasets.record("shop", {}, definition_hash="h1", sql="", change="")
    assert db.datasets.keep_analysis("shop", 1, {"rows": 12, "score": 80.5})
    assert db.datasets.version("shop", 1).unwrap().analysis == {"rows": 12, "score": 80.5}
    assert db.datasets.record("shop", {}, definition_hash="h2", sql="", change="").analysis is None
    assert db.datasets.keep_analysis("shop", 1, None)
    assert db.datasets.version("shop", 1).unwrap().analysis is None
    assert not db.datasets.keep_analysis("shop", 9, {})


def test_a_forgotten_dataset_starts_again_at_one(db: MetricDB) -> None:
    for h in ("h1", "h2"):
        db.datasets.record("shop", {}, definition_hash=h, sql="", change="")
    assert db.datasets.forget("shop") == 2
    assert db.datasets.versions("shop") == []
    assert db.datasets.forget("shop") == 0
    assert db.datasets.record("shop", {}, definition_hash="h9", sql="", change="").version == 1
