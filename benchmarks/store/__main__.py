"""Runs this benchmark alone: python -m benchmarks.store."""

from benchmarks.store import main

if __name__ == "__main__":
    main()
