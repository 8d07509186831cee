"""What can be measured: one family a file, a metric whole in its class."""
