"""The shop: the world that the README, the demo and many tests share."""

from examples.shop.incidents import INCIDENTS, Incident
from examples.shop.world import World, generate

__all__ = ["INCIDENTS", "Incident", "World", "generate"]
