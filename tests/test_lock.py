"""What is locked is installed as it stands, by any pip and by uv: nothing has to be looked up or decided then."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
GOOGLESQL = (ROOT / "requirements-googlesql.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

# An entry ends with its hashes; anything else (an extra, an address, an option) does not match.
ENTRY = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")

PYTHONS = ("3.11.7", "3.12.1", "3.13.0")
SYSTEMS = ({"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
           {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
           {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"})  # fmt: skip
MACHINES = [
    {**default_environment(), **system, "python_full_version": python, "python_version": python.rpartition(".")[0]}
    for python, system in product(PYTHONS, SYSTEMS)
]

Asked = tuple[str, Requirement]
"""Who asks, and for what."""


@dataclass(frozen=True)
class Locked:
    """An entry of the lock."""

    name: str
    version: str
    marker: Marker | None


def entries(lock: str) -> list[Locked]:
    return [
        Locked(canonical(name), version, Marker(marker) if marker else None)
        for name, version, marker, _ in ENTRY.findall(lock)
    ]


def asked_by_the_project(project: dict) -> list[Asked]:
    groups = {
        "dependencies": project["project"]["dependencies"],
        "build-system": project["build-system"]["requires"],
        **project["project"]["optional-dependencies"],
        **{name: texts for name, texts in project["dependency-groups"].items() if name != "googlesql"},
    }
    return [(f"pyproject.toml, {group}", Requirement(text)) for group, texts in groups.items() for text in texts]


@cache
def asked_by_package(name: str, version: str) -> tuple[Asked, ...] | None:
    """What an installed package asks for; None where that version is not installed."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return tuple((name, Requirement(text)) for text in found.requires or ()) if found.version == version else None


def faults(lock: str, project: dict = PROJECT, machines: Iterable[dict] = MACHINES) -> Iterator[str]:
    """What would make an installation differ from the lock, or fail."""
    yield from (f"is not a version with hashes: {line}" for line in ENTRY.sub("", lock).splitlines())
    for machine in machines:
        where = f"on Python {machine['python_version']}, {machine['sys_platform']}"
        here = [each for each in entries(lock) if each.marker is None or each.marker.evaluate(machine)]
        versions = {each.name: each.version for each in here}
        yield from (
            f"{name} is there {times} times {where}"
            for name, times in Counter(each.name for each in here).items()
            if times > 1
        )
        yield from unsatisfied(versions, project, machine, where)


def unsatisfied(versions: dict[str, str], project: dict, machine: dict, where: str) -> Iterator[str]:
    """Requirements without an entry, and entries that nobody requires, as one machine sees them."""
    waiting = [(who, wanted, "") for who, wanted in asked_by_the_project(project)]
    seen = set()
    while waiting:
        who, wanted, extra = waiting.pop()
        if wanted.marker and not wanted.marker.evaluate({**machine, "extra": extra}):
            continue
        name = canonical(wanted.name)
        version = versions.get(name)
        if version is None or not wanted.specifier.contains(version, prereleases=True):
            yield f"{who} asks for {wanted}, locked is {version} {where}. Run: make lock"
            continue
        for part in {"", *wanted.extras} - {part for seen_name, part in seen if seen_name == name}:
            seen.add((name, part))
            waiting += [(*asked, part) for asked in asked_by_package(name, version) or ()]
    yield from (f"{name} is asked for by nobody {where}" for name in versions.keys() - {name for name, _ in seen})


def test_the_lock_holds_all_that_is_asked_for_once_and_with_hashes():
    assert not list(faults(LOCK))


def test_what_is_installed_is_what_is_locked():
    here = [each for each in entries(LOCK) if each.marker is None or each.marker.evaluate()]

    assert not [each for each in here if asked_by_package(each.name, each.version) is None], "Run: make"


def test_the_installer_is_locked_too():
    [uv] = ENTRY.findall((ROOT / "requirements-uv.lock").read_text("utf-8"))

    assert uv[0] == "uv"


def test_googlesql_has_a_lock_of_its_own_and_needs_nothing_that_is_not_locked():
    both = {each.name: each.version for lock in (LOCK, GOOGLESQL) for each in entries(lock)}
    asked = [Requirement(text) for text in PROJECT["dependency-groups"]["googlesql"]]
    needed = [
        wanted
        for each in entries(GOOGLESQL)
        for _, wanted in asked_by_package(each.name, each.version) or ()
        if wanted.marker is None
    ]

    assert not ENTRY.sub("", GOOGLESQL)
    assert {canonical(each.name) for each in asked} == {each.name for each in entries(GOOGLESQL)}
    assert all(each.specifier.contains(both[canonical(each.name)]) for each in [*asked, *needed])


def without(name: str, lock: str = LOCK) -> str:
    return "".join(entry[0] for entry in ENTRY.finditer(lock) if entry[1] != name)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (LOCK.replace("\ngoogle-auth==", "\ngoogle-auth[pyopenssl]=="), "google-auth[pyopenssl]=="),
        (re.sub(r"(\nrich==\S+) \\\n( +--hash=\S+ \\\n)* +--hash=\S+", r"\1", LOCK), "hashes: rich=="),
        ("--" + "index" + "-url https://example.com\n" + LOCK, "https://example.com"),
        (LOCK + "uv @ https://example.com/uv.whl\n", "https://example.com"),
        (LOCK + re.sub("==[0-9.]+", "==0.1", ENTRY.search(LOCK)[0]), "alembic is there 2 times"),
        (without("duckdb"), "dependencies asks for duckdb<3,>=2.0, locked is None"),
        (without("mako"), "alembic asks for Mako, locked is None"),
        (without("psycopg-binary"), "asks for psycopg-binary"),
        (without("colorama"), "locked is None on Python 3.12, win32"),
        (re.sub(r"\nduckdb==\S+", "\nduckdb==1.5.0", LOCK), "locked is 1.5.0"),
        (LOCK + ENTRY.search(LOCK)[0].replace("alembic", "left-pad"), "left-pad is asked for by nobody"),
    ],
    ids=["an extra", "no hash", "an option", "an address", "twice", "a dependency of ours dropped",
         "a dependency of theirs dropped", "what an extra brings dropped", "what another system needs dropped",
         "a version that is too old", "more than is asked for"],
)  # fmt: skip
def test_a_lock_that_was_broken_is_noticed(broken, said):
    assert broken != LOCK
    assert [fault for fault in faults(broken) if said in fault]
