"""Settings for the whole test run."""

from __future__ import annotations

from hypothesis import settings

# The same examples on every run and machine: a red build can be repeated, a green one means the same thing
# tomorrow. A slow machine is no failure. To search for new counterexamples: --hypothesis-profile=explore
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("ci")
