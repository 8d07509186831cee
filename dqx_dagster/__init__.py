"""The Dagster plugin: definitions to assets, suites to asset checks."""
