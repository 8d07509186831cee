"""One revision, one file."""
