"""A generator for brush strokes: its inputs are the luminance of a picture, noise along its contours, and colours."""

import math

import keras
from keras import layers, ops

from stylezoo import scene
from stylezoo.layers import Conv2D, LayerNormalization, ReflectionPadding2D, UpSampling2D, luminance

WAVES = 6  # the flow in flat areas is a sum of them


def build(
    shape,
    filters: int = 24,
    blocks: int = 4,
    grain: float = 0.35,
    width: float = 1.7,
    length: int = 12,
    flow: int = 144,
    hue: float = 0.0,
):
    """Brush generator: a ResNet on luminance plus noise that is smeared along contours, for brush strokes.

    A network has nothing to make a stroke of in a flat area. So noise is added and smeared along the contours of the
    picture or, where there are none, along a random swirling flow: line integral convolution (Cabral and Leedom, 1993,
    https://doi.org/10.1145/166117.166151), with strokes along contours as in Litwinowicz, 1997
    (https://doi.org/10.1145/258734.258893). Without `hue` all colour comes from the style. The ResNet is CycleGAN's
    with bilinear upsampling and with normalisation over the channels of each pixel (Ba et al., 2016,
    https://arxiv.org/abs/1607.06450), which keeps the tones of light and dark areas. Our own design.

    Args:
        shape: Height, width and channels of a picture; None for any height or width.
        filters: Channels at full resolution; 2 and 4 times as many after downsampling.
        blocks: Residual blocks.
        grain: Standard deviation of the noise in flat areas; luminance is in [-1, 1].
        width: Width of the noise's strokes: the standard deviation of a Gaussian in pixels.
        length: Length of the noise's strokes to either side, in steps of 1.2 pixels.
        flow: Size of the swirls in flat areas: the typical wavelength of the flow, in pixels.
        hue: The factor of the picture's colours, which the network sees blurred beside the luminance, so that it can
            tell red from green; the data option match_colours makes them those of the style. 0: it sees none.
    """
    picture, noise = keras.Input(shape, name="source"), keras.Input((*shape[:2], 1), name="noise")
    x = Grain(grain, width, length, flow)([picture, noise])
    if hue and shape[-1] > 1:
        x = layers.Concatenate()([x, Hue(hue)(picture)])
    x = _norm_relu(_convolution(x, filters, 7))
    for channels in (2 * filters, 4 * filters):
        x = _norm_relu(_convolution(x, channels, 3, strides=2))
    for _ in range(blocks):
        y = _norm_relu(_convolution(x, 4 * filters, 3))
        x = layers.Add()([x, _norm(_convolution(y, 4 * filters, 3))])
    for channels in (2 * filters, filters):
        x = UpSampling2D(2, interpolation="bilinear")(x)
        x = _norm_relu(_convolution(x, channels, 3))
    x = _convolution(x, shape[-1], 7)
    return keras.Model([picture, noise], layers.Activation("tanh", dtype="float32")(x), name="brush")


def _convolution(x, channels, size, strides=1):
    return Conv2D(channels, size, strides)(ReflectionPadding2D(size // 2)(x))


def _norm(x):
    return LayerNormalization()(x)


def _norm_relu(x):
    return layers.ReLU()(_norm(x))


@keras.saving.register_keras_serializable("stylezoo")
class Grain(layers.Layer):
    """The luminance of pictures plus noise smeared along their contours: [pictures, noise] to (..., 1).

    Args:
        amount: Standard deviation of the noise in flat areas; it is smaller where there is detail.
        width: Standard deviation of the Gaussian blur of the noise, in pixels.
        length: Steps of the line integral to either side.
        flow: The typical wavelength of the flow in areas without contours, in pixels.
    """

    STEP = 1.2  # pixels
    CONTOUR = 4.0  # pixels: the standard deviation of the Gaussian that averages the directions of contours
    FLATNESS = 0.0015  # the mean squared slope below which the direction is that of the flow
    DETAIL = 0.15  # the local standard deviation of luminance that halves the noise

    def __init__(self, amount, width, length, flow, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})  # half precision cannot hold the positions of pixels
        self.amount = amount
        self.width = width
        self.length = length
        self.flow = flow

    def call(self, inputs):
        pictures, noise = inputs
        light = luminance(pictures)
        fixed = ops.stop_gradient(light)
        grain = self._drawn_out(_blur(noise, self.width), self._directions(fixed, noise))
        grain = grain / (scene.whole(ops.std(grain, axis=(1, 2, 3), keepdims=True)) + 1e-6)
        detail = ops.relu(_blur(ops.square(fixed), 2.0) - ops.square(_blur(fixed, 2.0)))
        return light + self.amount * grain / (1 + detail / self.DETAIL**2)

    def _directions(self, light, noise):
        """The direction of strokes at each pixel: unit vectors (batch, height, width, 2) of y and x, of any sign.

        It is the direction of the least change of light, from the structure tensor (Bigun and Granlund, 1987).
        """
        slope_y, slope_x = _slopes(_blur(light, 1.0))
        flow_y, flow_x = self._flow(noise)
        yy, xx, xy = (
            _blur(one * other, self.CONTOUR) + self.FLATNESS * flow_one * flow_other
            for one, other, flow_one, flow_other in (
                (slope_y, slope_y, flow_y, flow_y),
                (slope_x, slope_x, flow_x, flow_x),
                (slope_y, slope_x, flow_y, flow_x),
            )
        )
        angle = ops.arctan2(2 * xy, xx - yy) / 2 + math.pi / 2
        return ops.concatenate([ops.sin(angle), ops.cos(angle)], axis=-1)

    def _flow(self, noise):
        """The gradient of random hills: unit vectors as two tensors (batch, height, width, 1).

        The hills are a sum of waves. Their frequencies and amplitudes are normal numbers, taken from the noise.
        """
        batch, height, width, _ = ops.shape(noise)
        numbers = ops.reshape(ops.reshape(noise, (batch, -1))[:, : 4 * WAVES], (batch, 1, 1, 4, WAVES))
        numbers = scene.whole(numbers)
        rate_y, rate_x = (2 * math.pi / self.flow * numbers[..., i, :] for i in (0, 1))  # radians a pixel
        top, left = (ops.cast(side, "float32") for side in scene.origin())
        y = top + ops.reshape(ops.arange(height, dtype="float32"), (1, -1, 1, 1))
        x = left + ops.reshape(ops.arange(width, dtype="float32"), (1, 1, -1, 1))
        angle = rate_y * y + rate_x * x
        wave = numbers[..., 2, :] * ops.cos(angle) - numbers[..., 3, :] * ops.sin(angle)
        down, across = (ops.sum(wave * rate, axis=-1, keepdims=True) for rate in (rate_y, rate_x))
        steepness = ops.sqrt(ops.square(down) + ops.square(across)) + 1e-9
        return down / steepness, across / steepness

    def _drawn_out(self, noise, directions):
        """The sum of the noise along a path from each pixel, which follows the directions to both sides."""
        batch, height, width, _ = ops.shape(noise)
        pixels = ops.reshape(ops.concatenate([directions, noise], axis=-1), (-1, 3))
        first = height * width * ops.reshape(ops.arange(batch), (1, -1, 1))  # the index of each picture's first pixel
        rows, columns = ops.meshgrid(ops.arange(height), ops.arange(width), indexing="ij")
        both = ops.zeros((2, batch, 1), "float32")  # the first axis is the side, the last one the pixel
        y, x = (ops.cast(ops.reshape(each, (1, 1, -1)), "float32") + both for each in (rows, columns))
        way = ops.reshape(directions, (1, batch, -1, 2)) * ops.reshape(ops.array([1.0, -1.0]), (2, 1, 1, 1))

        def step(state):
            y, x, way, total = state
            y = ops.clip(y + self.STEP * way[..., 0], 0, ops.cast(height - 1, "float32"))
            x = ops.clip(x + self.STEP * way[..., 1], 0, ops.cast(width - 1, "float32"))
            here = first + width * ops.cast(ops.round(y), "int32") + ops.cast(ops.round(x), "int32")
            found = ops.take(pixels, here, axis=0)
            ahead = found[..., :2]
            turned = ops.sum(ahead * way, axis=-1, keepdims=True) < 0  # directions have no sign
            return y, x, ops.where(turned, -ahead, ahead), total + found[..., 2]

        *_, total = scene.repeated(self.length, step, (y, x, way, ops.zeros_like(y)))
        return noise + ops.reshape(ops.sum(total, axis=0), ops.shape(noise))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[1])

    def get_config(self):
        names = ("amount", "width", "length", "flow")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("stylezoo")
class Hue(layers.Layer):
    """The blurred colours of pictures without their luminance: (..., n) to (..., n - 1), such as red and blue less it.

    Args:
        amount: The factor.
    """

    BLUR = 1.5  # pixels: the standard deviation of the Gaussian; strokes follow the luminance, not the colours

    def __init__(self, amount, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.amount = amount

    def call(self, pictures):
        light = luminance(pictures)
        others = [0, *range(2, pictures.shape[-1])]  # the second follows from these and the luminance
        hues = [_blur(pictures[..., channel : channel + 1] - light, self.BLUR) for channel in others]
        return self.amount * ops.concatenate(hues, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] - 1)

    def get_config(self):
        return {**super().get_config(), "amount": self.amount}


def _blur(pictures, deviation):
    """Gaussian blur of pictures (batch, height, width, 1).

    A product with a matrix for each axis: a convolution of one channel takes six times as long on a processor.
    """
    reach = math.ceil(3 * deviation)
    padded = ops.pad(pictures[..., 0], ((0, 0), (reach, reach), (reach, reach)), mode="symmetric")
    down, across = (_weights(length, deviation, reach) for length in ops.shape(pictures)[1:3])
    return ops.matmul(ops.matmul(down[None], padded), ops.transpose(across)[None])[..., None]


def _weights(length, deviation, reach):
    """The weights of a Gaussian for each of `length` pixels: (length, length + 2 * reach)."""
    total = sum(math.exp(-0.5 * (i / deviation) ** 2) for i in range(-reach, reach + 1))
    pixels, padded = (ops.arange(each, dtype="float32") for each in (length, length + 2 * reach))
    distances = ops.abs(padded - reach - pixels[:, None])
    weights = ops.exp(-0.5 * ops.square(distances / deviation)) / total
    return ops.where(distances <= reach, weights, 0.0)


def _slopes(light):
    """Central differences along height and width."""
    padded = ops.pad(light, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    return down, across
