"""Where SQL runs: the same methods in each engine."""
