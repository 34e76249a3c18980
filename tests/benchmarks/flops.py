"""The work of a training step by formula, in floating-point operations; a multiplication and an addition are two.

Each side counts one forward pass of each of its networks for one picture, from its own layers; both must agree. A step
is made of such passes. A pass that is differentiated costs three times as much as one forward, or two where only its
input gets a gradient. Norms, losses and optimizers are left out, as usual. It is the work that a step needs: who
computes a pass twice is not given more.
"""

FIXED, JUDGED, LEARNT = 1, 2, 3  # a pass without gradients; with those of its input alone; with those of its weights

STEPS = {  # passes for each picture of a batch, by network
    "cyclegan": {"generator": 6 * LEARNT, "discriminator": 2 * JUDGED + 4 * LEARNT},
    "pix2pix": {"generator": LEARNT, "discriminator": JUDGED + 2 * LEARNT},
    "cut": {
        "generator": 2 * LEARNT,
        "encoder": 2 * LEARNT + 2 * FIXED,  # of the result and of the identity; of source and style
        "heads": 2 * LEARNT + 2 * FIXED,  # of the same
        "products": 2 * JUDGED,  # of the vectors of both
        "discriminator": JUDGED + 2 * LEARNT,
    },
    "gated": {"generator": 2 * LEARNT, "discriminator": JUDGED + 2 * LEARNT},
    "adain-gan": {
        "encoder": 4 * FIXED + JUDGED,  # of source and style, in the generator and in losses; of the fake
        "decoder": LEARNT,
        "discriminator": 2 * LEARNT + JUDGED - FIXED,  # one forward pass of the fake for both players
    },
    "single-pair": {
        "generator": 2 * LEARNT,
        # Two fakes, forward once for both players; the style; its gradient for R1 and the gradient of that.
        "discriminator": 2 * (LEARNT + JUDGED - FIXED) + LEARNT + JUDGED * LEARNT,
    },
}
TOLERANCE = 0.06  # of a step: first layers need no gradient of their input
ROUNDING = 0.03  # of a network: TensorFlow's count has the products of spectral normalisation, PyTorch's has not


def of_step(model, batch, networks):
    """The operations of one step.

    Args:
        model: The name of the recipe.
        batch: Pictures in a batch.
        networks: Operations of one forward pass of each network for one picture.
    """
    return batch * sum(passes * networks[network] for network, passes in STEPS[model].items())
