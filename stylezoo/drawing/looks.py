"""The styles that a user names, read into those that the generator of a model takes."""

from dataclasses import replace

from stylezoo.contract import StyleInput
from stylezoo.contract.inputs import channels_of
from stylezoo.drawing.fusion import Fusion, Share
from stylezoo.errors import BadOptions, BadPicture
from stylezoo.pictures import arrays


def look(
    style=None, styles=None, masks=None, strength=1.0, *, style_input: StyleInput, names=(), random=False
) -> Fusion:
    """The styles of pictures, for a `Painter`.

    Args:
        style: One style; None: the generator's default.
        styles: Several styles with their weights, as for `Fusion.of`.
        masks: The masks of styles, likewise.
        strength: From 0, the picture as it is, to 1, full style.
        style_input: How the generator is given its style.
        names: The names of the model's styles.
        random: Whether the model was trained on random styles.

    Raises:
        BadOptions: The model has no such style, or needs one; or 'style' and 'styles' are both given.
        BadPicture: The picture of a style or a mask cannot be used.
    """
    if style is not None and styles is not None:
        raise BadOptions("Give 'style' for one style or 'styles' for several, not both.")
    fusion = Fusion.of(style if styles is None else styles, masks, strength)
    parts = tuple(replace(part, style=_read(part.style, style_input, names)) for part in fusion.parts)
    return replace(fusion, parts=parts or tuple(Share(each) for each in style_input.default(names, random)))


def _read(style, style_input, names):
    return style_input.read(_picture(style, style_input) if style_input.takes_picture else style, names)


def _picture(style, style_input):
    picture = arrays.as_array(style, channels_of(style_input.generator))
    if picture.ndim != 3:
        raise BadPicture(f"The style is {len(picture)} pictures; it must be one.")
    return picture
