"""Which partitions: what the options say, as the partitions of an asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import dagster as dg

from dqx_core.errors import DefinitionError, hint

_ONLY = ""
"""The name of the dimension of partitions that have one."""


@dataclass(frozen=True)
class Wanted:
    """What the options say; of nothing said, the latest."""

    keys: tuple[str, ...] = ()
    """Partition keys as Dagster writes them; a date alone stands for all the date's splits."""
    ranges: tuple[str, ...] = ()
    """Such as 2024-01-08...2024-01-14, both ends included."""
    latest: int | None = None

    def __post_init__(self) -> None:
        if sum(map(bool, (self.keys, self.ranges, self.latest is not None))) > 1:
            raise DefinitionError("--partition, --partitions and --latest exclude each other: give one of them.")
        if self.latest is not None and self.latest < 1:
            raise DefinitionError(f"--latest {self.latest} is not a number of partitions; give 1 or more.")


@dataclass(frozen=True)
class Span:
    """Partitions without a gap: in each dimension some that follow each other, and all combinations."""

    dimensions: Mapping[str, tuple[str, ...]]
    time: str | None
    """The dimension of time, which comes first in the order of the keys."""

    @property
    def keys(self) -> list[str]:
        """The partition keys, by date."""
        names = self._by_time
        return [
            self._key(dict(zip(names, parts, strict=True))) for parts in product(*(self.dimensions[n] for n in names))
        ]

    @property
    def _by_time(self) -> list[str]:
        return sorted(self.dimensions, key=lambda name: (name != self.time, name))

    @property
    def first(self) -> str:
        """The key that a range begins with."""
        return self._key({name: parts[0] for name, parts in self.dimensions.items()})

    @property
    def last(self) -> str:
        """The key that a range ends with."""
        return self._key({name: parts[-1] for name, parts in self.dimensions.items()})

    def parts(self, most: int | None) -> Iterator[Span]:
        """The same in spans of at most so many keys; None: as one."""
        if most is None or len(self.keys) <= most:
            yield self
            return
        beside = len(self.keys) // len(self.dimensions[self.time]) if self.time is not None else most + 1
        if self.time is None or beside > most:
            names = self._by_time
            for parts in product(*(self.dimensions[name] for name in names)):
                yield Span({name: (part,) for name, part in zip(names, parts, strict=True)}, self.time)
            return
        times, step = self.dimensions[self.time], most // beside
        for start in range(0, len(times), step):
            yield Span({**self.dimensions, self.time: times[start : start + step]}, self.time)

    @staticmethod
    def _key(parts: Mapping[str, str]) -> str:
        return parts[_ONLY] if _ONLY in parts else str(dg.MultiPartitionKey(dict(parts)))


def spans_of(
    definition: dg.PartitionsDefinition[str], wanted: Wanted, instance: dg.DagsterInstance, asset: str
) -> list[Span]:
    """The partitions that are wanted of assets with these partitions, by date.

    Raises:
        DefinitionError: They have no such partition; the message says what comes close.
    """
    choice = _Choice(definition, wanted.keys, instance, asset)
    if wanted.ranges:
        found = [choice.range(text) for text in wanted.ranges]
    elif wanted.keys:
        found = [choice.key(text) for text in wanted.keys]
    else:
        found = [choice.latest(wanted.latest or 1)]
    keys = [key for span in found for key in span.keys]
    if len(set(keys)) < len(keys):
        found = list({key: choice.key(key) for key in keys}.values())
    return sorted(found, key=lambda span: choice.position(span.first))


class _Choice:
    """The dimensions of some partitions, and how keys are read in them."""

    def __init__(
        self,
        definition: dg.PartitionsDefinition[str],
        keys: Sequence[str],
        instance: dg.DagsterInstance,
        asset: str,
    ) -> None:
        parts = (
            {each.name: each.partitions_def for each in definition.partitions_defs}
            if isinstance(definition, dg.MultiPartitionsDefinition)
            else {_ONLY: definition}
        )
        for name, each in parts.items():
            if isinstance(each, dg.DynamicPartitionsDefinition) and each.name and not instance.is_persistent:
                # Nobody else could have added them: an instance that is made for this run knows none.
                place = list(parts).index(name)
                instance.add_dynamic_partitions(
                    each.name, [key.split("|")[place] for key in keys if key.count("|") >= place]
                )
        self.all = {name: each.get_partition_keys(dynamic_partitions_store=instance) for name, each in parts.items()}
        times = [name for name, each in parts.items() if isinstance(each, dg.TimeWindowPartitionsDefinition)]
        self.time = times[0] if times else None
        self.asset = asset

    def key(self, text: str) -> Span:
        return Span(self._read(text), self.time)

    def range(self, text: str) -> Span:
        ends = text.split("...")
        if len(ends) != 2:
            raise DefinitionError(f"--partitions {text} is not a range. Write it as 2024-01-08...2024-01-14.")
        first, last = map(self._read, ends)
        box = {}
        for name, keys in self.all.items():
            start, end = keys.index(first[name][0]), keys.index(last[name][-1])
            if start > end:
                raise DefinitionError(
                    f"--partitions {text} holds no partition: {first[name][0]} comes after {last[name][-1]}."
                )
            box[name] = tuple(keys[start : end + 1])
        return Span(box, self.time)

    def latest(self, count: int) -> Span:
        if self.time is None:
            raise DefinitionError(
                f"The partitions of {self.asset} are no dates, so none of them is the latest. "
                f"Name them with --partition. {hint('', self._names())}"
            )
        if not self.all[self.time]:
            raise DefinitionError(f"{self.asset} has no partition yet: its first day has not closed.")
        return Span(
            {**{n: tuple(k) for n, k in self.all.items()}, self.time: tuple(self.all[self.time][-count:])}, self.time
        )

    def position(self, key: str) -> tuple[int, ...]:
        """The place of a key in the order of dates, then of the other dimensions."""
        parts = self._read(key)
        names = sorted(self.all, key=lambda name: (name != self.time, name))
        return tuple(self.all[name].index(parts[name][0]) for name in names)

    def _read(self, text: str) -> dict[str, tuple[str, ...]]:
        given = text.split("|") if len(self.all) > 1 else [text]
        if len(given) == len(self.all) and all(
            part in keys for part, keys in zip(given, self.all.values(), strict=True)
        ):
            return {name: (part,) for name, part in zip(self.all, given, strict=True)}
        if len(given) == 1 and self.time is not None and text in self.all[self.time]:
            return {name: (text,) if name == self.time else tuple(keys) for name, keys in self.all.items()}
        raise DefinitionError(f"{self.asset} has no partition '{text}'. {self._advice(text)}")

    def _advice(self, text: str) -> str:
        if self.time is None:
            return hint(text, self._names())
        days = self.all[self.time]
        shape = "|".join(name or "date" for name in self.all)
        example = "|".join(keys[-1] if keys else name for name, keys in self.all.items())
        alone = f", or a {self.time} alone for all of it" if len(self.all) > 1 else ""
        until = f" Its partitions go from {days[0]} to {days[-1]}." if days else " It has none yet."
        return f"Write {shape}, such as {example}{alone}.{until}"

    def _names(self) -> Sequence[str]:
        return ["|".join(parts) for parts in product(*(keys[:20] for keys in self.all.values()))]
