"""The engine: SQL, statistics, the metric store and dataset definitions. Knows nothing of Dagster."""
