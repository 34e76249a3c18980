"""What happens within one training step: who learns when, by which optimizer, from which pictures."""

from stylezoo.updates.optimizers import Optimizer
from stylezoo.updates.orders import Order
from stylezoo.updates.schedules import Schedule
from stylezoo.updates.warmup import WarmUp

__all__ = ["Optimizer", "Order", "Schedule", "WarmUp"]
