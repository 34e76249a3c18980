"""A stranger's generator that takes the weights of CycleGAN's ResNet as well."""

import keras
from stylezoo_builtins.generators import resnet


def build(shape, filters: int = 64, blocks: int = 9):
    """Echo: the ResNet of CycleGAN under another name.

    Args:
        shape: Height, width and channels of a picture.
        filters: Channels at full resolution.
        blocks: Residual blocks.
    """
    network = resnet.build(shape, filters, blocks)
    return keras.Model(network.inputs, network.outputs, name="echo")


def from_torch(weights):
    options = resnet.from_torch(weights)
    return options and {name: options[name] for name in ("filters", "blocks")}
