"""What is measured, how to rerun it, and the last results."""
