"""Worlds to try dqx on."""
