"""Adam as one kernel for each variable; Keras computes the same in some twenty operations."""

import keras
from keras import ops

from stylezoo import backend

register = keras.saving.register_keras_serializable("stylezoo")


@register
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980) in one kernel for each variable.

    It has the name of Keras' class, after which Keras names its state in files.
    """

    def apply(self, grads, trainable_variables=None):
        step = ops.cast(self.iterations + 1, "float32")
        self._powers = [ops.power(ops.cast(beta, "float32"), step) for beta in (self.beta_1, self.beta_2)]
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        slots = [each[self._get_variable_index(variable)] for each in (self._momentums, self._velocities)]
        numbers = (ops.cast(learning_rate, variable.dtype), self.beta_1, self.beta_2, self.epsilon)
        backend.adam_step(variable, *slots, ops.cast(gradient, variable.dtype), *numbers, self._powers)


@register
class L2Adam(Adam):
    """Adam with L2 regularisation, the weight decay of PyTorch's Adam: it is added to the gradient.

    Keras' own `weight_decay` is that of AdamW, with which the published GANs were not trained.

    Args:
        learning_rate: As in Adam.
        l2: The factor of the weights that are added to the gradient.
        **kwargs: As in Adam.
    """

    def __init__(self, learning_rate=2e-4, l2=0.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        decay = ops.cast(self.l2, gradient.dtype) * ops.cast(variable, gradient.dtype)
        super().update_step(gradient + decay, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}
