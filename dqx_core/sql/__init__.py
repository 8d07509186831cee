"""SQL as trees: one query from one scan, dialect differences as data."""
