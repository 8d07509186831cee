"""Runs the benchmarks in a process each: all of them, or those that are named: python -m benchmarks [name …]."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import Parameter, signature
from pkgutil import iter_modules

import benchmarks
from benchmarks import against

MODULES = sorted(module.name for module in iter_modules(benchmarks.__path__) if not module.name.startswith("_"))


def main_of(name: str) -> Callable[[], None] | None:
    """What runs the benchmark of this name; None for a module that is none, or asks for something (a project, say)."""
    run: Callable[[], None] | None = None
    if name in MODULES:
        run = getattr(import_module(f"benchmarks.{name}"), "main", None)
    if run is None or any(p.default is Parameter.empty for p in signature(run).parameters.values()):
        return None
    return run


def main(names: list[str]) -> None:
    """Run one benchmark here, or several in turns; or against another build."""
    if names[:1] == ["against"]:
        against.main(*names[1:])
        return
    if len(names) == 1 and (run := main_of(names[0])) is not None:
        print(f"== {names[0]}", flush=True)
        run()
        return
    known = [name for name in MODULES if main_of(name) is not None]
    if unknown := set(names) - set(known):
        sys.exit(f"No benchmark named {', '.join(sorted(unknown))}. There are: {', '.join(known)}.")
    for name in names or known:
        subprocess.run([sys.executable, "-m", "benchmarks", name], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
