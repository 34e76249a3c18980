"""One training step: update orders, optimizers, schedules, warm-up and image pool."""

from stylezoo.updates.optimizers import Adam, Optimizer, PlayerOptimizer
from stylezoo.updates.orders import InTurn, Order, Together, scaled, update
from stylezoo.updates.schedules import Halving, Inverse, Linear, Schedule
from stylezoo.updates.warmup import GeneratorOnly, WarmUp

__all__ = [
    "Adam",
    "GeneratorOnly",
    "Halving",
    "InTurn",
    "Inverse",
    "Linear",
    "Optimizer",
    "Order",
    "PlayerOptimizer",
    "Schedule",
    "Together",
    "WarmUp",
    "scaled",
    "update",
]
