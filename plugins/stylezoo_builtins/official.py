"""What the weights of the official PyTorch code of CycleGAN, pix2pix and CUT tell about their networks."""

CHANNELS = (1, 3)  # of pictures; a network with one channel can be given their luminance


def kernels(weights):
    """The kernels of convolutions by name: (out, in, height, width), transposed ones (in, out, height, width)."""
    return {name: each for name, each in weights.items() if each.ndim == 4 and name.endswith("weight")}


def check_channels(taken, drawn):
    """Check that a network takes and draws pictures.

    Raises:
        ValueError: It does not.
    """
    if taken not in CHANNELS or drawn not in CHANNELS:
        raise ValueError(
            f"it takes {taken} channels and draws {drawn} (--input_nc, --output_nc); pictures have 3 here, or 1 in a "
            "network without colours"
        )


def norm(weights):
    """The normalisation: "batch", "instance" or "none", as the option --norm of the official code.

    With instance normalisation the convolutions before it have a bias, else they have none.

    Raises:
        ValueError: It is another one.
    """
    scaled = {_layer(name) for name, each in weights.items() if name.endswith(".weight") and each.ndim == 1}
    measured = {_layer(name) for name in weights if name.endswith(".running_mean")}
    if scaled - measured:
        raise ValueError(
            "its normalisation has a scale and a shift, but no statistics: the affine instance normalisation (or layer "
            "or group normalisation) of another network; here norm can be batch, instance or none"
        )
    if scaled:  # until PyTorch 0.4 an instance norm without a scale saved statistics that it never used
        return "batch"
    return "instance" if f"{_layer(next(iter(kernels(weights))))}.bias" in weights else "none"


def _layer(name):
    return name.rpartition(".")[0]
