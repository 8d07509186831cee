"""The quality report as an asset: a file of each run's partitions, or of the last days, linked in its metadata."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import dagster as dg

from dqx_core.errors import DefinitionError, DqxError
from dqx_core.report import Status
from dqx_dagster.dagster_internals import known_previews
from dqx_dagster.partitions import Partitioning
from dqx_dagster.standing import Judges, standings
from dqx_dagster.suites import judges_of
from dqx_dagster.targets import nominal_date

if TYPE_CHECKING:
    from dqx_core.html import Contents
    from dqx_core.html.contents import Partition
    from dqx_core.html.newest import Newest
    from dqx_core.store import MetricDB


REPORT = "dqx/report"
"""The tag of assets that only tell of others: `dqx ci` makes them when they are asked for."""


def quality_report_asset(
    *,
    folder: str | Path,
    name: str = "quality_report",
    suite: str | None = None,
    dataset: str | None = None,
    days: int = 30,
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    deps: Sequence[dg.AssetsDefinition | dg.AssetSpec | dg.AssetKey] = (),
    checks: Sequence[dg.AssetChecksDefinition] = (),
    url: str | None = None,
    title: str = "Data quality",
    store: str = "store",
) -> dg.AssetsDefinition:
    """An asset that writes the store's verdicts and trends as one HTML file.

    Without partitions it is of the last `days` days that were judged, and each run replaces the file. With
    partitions it is of the run's days and those before them, one file a run.

    It reads the metric store and needs no asset before it. A dependency draws it into the lineage, and then a
    blocking check that fails in the same run skips it; a schedule of its own writes it whatever was found.

    Args:
        folder: Where the file is written; it is made.
        name: The asset's name, and the file's.
        suite: Only the verdicts of this suite; None: all.
        dataset: Only those on this dataset; None: all.
        days: How many days it tells of, the last ones judged included.
        partitions_def: Usually that of the asset whose checks it reports.
        deps: Assets that come before it.
        checks: What `suite_checks` made: the report then lists the partitions of their assets, and whether these were
            judged as they are now.
        url: Where the folder is served, such as https://reports.example.com/; the metadata then links to it.
        title: The heading.
        store: The resource key of the metric store.
    """
    if days < 1:
        raise DefinitionError(f"quality_report_asset(days={days}) tells of no day. Give 1 or more.")
    judges = [_judges(each) for each in checks]
    with known_previews():

        @dg.asset(
            name=name,
            deps=list(deps),
            partitions_def=partitions_def,
            backfill_policy=dg.BackfillPolicy.single_run() if partitions_def is not None else None,
            required_resource_keys={store, *(each.target.store for each in judges)},
            group_name="reports",
            tags={REPORT: "quality"},
            kinds={"dqx", "html"},
            description=f"Verdicts and trends of {suite or 'every suite'}"
            f"{f' on {dataset}' if dataset else ''}, as one HTML file.",
        )
        def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            from dqx_core.html import collect, write

            db = getattr(context.resources, store).db
            try:
                first, last = _period(context, partitions_def, days, _newest_day(db, suite))
                contents = collect(db, suite=suite, dataset=dataset, from_date=first, until_date=last)
                contents = replace(contents, partitions=list(_partitions(context, judges)))
                file = write(contents, Path(folder) / _file_name(name, context, last), title=title)
            except DqxError as error:
                raise dg.Failure(f"There is no report. {error}", allow_retries=False) from error
            metadata = _metadata(contents, file, url)
            if partitions_def is None:
                return dg.MaterializeResult(metadata=metadata)
            for key in context.partition_keys:
                context.add_asset_metadata(metadata, partition_key=str(key))
            return dg.MaterializeResult()

    return report


def _judges(checks: dg.AssetChecksDefinition) -> Judges:
    found = judges_of(checks)
    if found is None:
        raise DefinitionError("quality_report_asset(checks=…) takes what suite_checks made, and not others.")
    return found


def _partitions(context: dg.AssetExecutionContext, judges: Sequence[Judges]) -> "Iterator[Partition]":
    """The partitions that the suites speak of, those of each asset in the order of its definition."""
    from dqx_core.html.contents import Partition

    by_asset: dict[dg.AssetKey, list[Judges]] = {}
    for each in judges:
        for attached in each.target.assets.values():
            if each.assertions(attached.key):
                by_asset.setdefault(attached.key, []).append(each)
    for key, of_asset in by_asset.items():
        listed = standings(
            context.instance,
            key,
            of_asset[0].target.partitioning,
            of_asset,
            lambda target: getattr(context.resources, target.store).db,
        )
        for found in listed:
            verdicts = ", ".join(f"{count} {str(status).lower()}" for status, count in sorted(found.counts.items()))
            name = found.partition or ""
            yield Partition(found.asset, name, str(found.state), found.materialized, verdicts, found.unjudged)


def _newest_day(db: "MetricDB", suite: str | None) -> dt.date | None:
    """The last day that was judged."""
    return max((key.yyyy_mm_dd for execution in db.executions(suite) for key in execution.keys), default=None)


def _period(
    context: dg.AssetExecutionContext,
    partitions_def: dg.PartitionsDefinition[str] | None,
    days: int,
    newest: dt.date | None,
) -> tuple[dt.date, dt.date]:
    """The first and the last day to tell of."""
    if partitions_def is None:
        last = newest or nominal_date(context)
    elif not (context.has_partition_key or context.has_partition_key_range):
        raise DefinitionError("It is of partitions, and this run names none: launch it for a partition or a backfill.")
    else:
        partitioning = Partitioning(partitions_def)
        keys = [partitioning.key(str(key), nominal_date(context)) for key in context.partition_keys]
        last = max(key.yyyy_mm_dd for key in keys)
        days = max(days, (last - min(key.yyyy_mm_dd for key in keys)).days + 1)
    return last - dt.timedelta(days=days - 1), last


def _newest(newest: "Newest") -> str:
    """Whether the newest day is all right, and what of it is not: the most severe first, each with its splits."""
    said = {"good": "all right", "bad": "not all right", "incomplete": "not judged in everything"}[newest.verdict]
    wrong = [
        f"- {each.worst.severity} {each.worst.check} › {each.worst.assertion}: {', '.join(dict(each.told))}"
        for each in newest.wrong
    ]
    missing = [
        f"- {suite.name} was not judged: {', '.join(labels)}"
        for suite in newest.suites
        if (labels := newest.missing(suite))
    ]
    return "\n".join([f"{newest.at} is {said}", *wrong, *missing])


def _file_name(name: str, context: dg.AssetExecutionContext, last: dt.date) -> str:
    return f"{name}-{last}.html" if context.has_partition_key or context.has_partition_key_range else f"{name}.html"


def _metadata(contents: "Contents", file: Path, url: str | None) -> Mapping[str, dg.MetadataValue]:
    failing = [
        f"- {trend.newest.severity} {trend.check} › {trend.assertion}: {len(trend.bad)} of {len(trend.verdicts)}"
        for suite in contents.suites
        for trend in suite.failing
    ]
    return {
        "report": dg.MetadataValue.path(str(file.resolve()))
        if url is None
        else dg.MetadataValue.url(f"{url.rstrip('/')}/{quote(file.name)}"),
        "newest day": dg.MetadataValue.md(_newest(contents.newest)),
        "days": dg.MetadataValue.text(f"{contents.first} to {contents.last}"),
        "verdicts": dg.MetadataValue.int(sum(contents.counts.values())),
        "failed": dg.MetadataValue.int(contents.counts[Status.FAILED]),
        "errors": dg.MetadataValue.int(contents.counts[Status.ERROR]),
        "bad assertions": dg.MetadataValue.md("\n".join(failing) or "none"),
    }
