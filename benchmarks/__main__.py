"""Runs the benchmarks: all of them, or those that are named: python -m benchmarks [name …]."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules

import benchmarks


def main(names: list[str]) -> None:
    """Run each module of this folder that has a `main()`."""
    known = sorted(module.name for module in iter_modules(benchmarks.__path__) if not module.name.startswith("_"))
    if unknown := set(names) - set(known):
        sys.exit(f"No benchmark named {', '.join(sorted(unknown))}. There are: {', '.join(known) or 'none'}.")
    for name in names or known:
        run = getattr(import_module(f"benchmarks.{name}"), "main", None)
        if run is not None:
            print(f"== {name}", flush=True)
            run()


if __name__ == "__main__":
    main(sys.argv[1:])
