"""Redrawing pictures with a trained model."""

from stylezoo.contract import style_input
from stylezoo.drawing.exporting import Export
from stylezoo.drawing.looks import look
from stylezoo.drawing.painter import Painter
from stylezoo.errors import BadOptions


class Stylizing:
    """The methods of a model that redraw pictures.

    The model has a `generator` and perhaps its `average`, a `plan` that knows the names of styles, `tones` or None, and
    `random_codes`, whether it was trained on random styles.
    """

    def drawing_network(self):
        """The generator that draws pictures: the one with averaged weights, if there is one.

        This is no property: Keras looks through properties as well when it saves, so the weights of the generator would
        be written under this name.
        """
        return self.average or self.generator

    @property
    def takes_style_picture(self):
        """Whether a style is a picture when one is stylised."""
        return style_input(self.drawing_network()).takes_picture

    @property
    def known_tones(self):
        """The tones of the styles as an array, if the model matches them and training has set them; else None."""
        known = self.tones is not None and self.tones.numpy().any()
        return self.tones.numpy() if known else None

    def stylize(self, picture, style=None, seed=0, **look):
        """Redraw a picture in the style, or in several.

        Args:
            picture: A path, a binary file object, a Pillow image, or an array (height, width, 3) or (count, height,
                width, 3) of any size: floats in [-1, 1], or uint8 in 0..255.
            style: One style: see `painter`.
            seed: For a generator with noise or random styles: another seed changes the strokes, the same one gives the
                same picture.
            **look: `styles`, `masks`, `strength`, `keep_colour`, `stroke` and `tile`: see `painter`.

        Returns:
            A Pillow image for a file or an image, as transparent as it was; a float32 array of the same shape, not
            quantised, in [-1, 1] for an array.

        Raises:
            BadPicture: A file cannot be used.
            BadOptions: The model does not know the style, needs one, or cannot do what is asked.

        Examples:
            >>> gan.stylize("photo.jpg", styles={"monet": 0.6, "song": 0.4}, masks={"song": "sky.png"}, strength=0.8)
        """
        return self.painter(style, seed, **look).paint(picture)

    def painter(
        self,
        style=None,
        seed=0,
        *,
        styles=None,
        masks=None,
        strength=1.0,
        keep_colour=False,
        stroke=None,
        tile=None,
        steady=False,
    ) -> Painter:
        """A painter, which redraws one picture after another in the same styles: see `Painter`.

        A style is a name for a model of several styles; for a model that takes its style from a picture it is that
        picture, a path, an image or an array.

        Args:
            style: One style. None: the first named one, or a random one if the model was trained on such.
            seed: As in `stylize`.
            styles: Several styles with their weights, ``{"monet": 0.6, "song": 0.4}``, or a list of (style, weight)
                for pictures, which cannot be keys. Only the proportions of weights count.
            masks: The place of a style: ``{"monet": mask}`` or a list of (style, mask). A mask is a path, an image or
                an array (height, width) in [0, 1]: white is full style, black none, greys are between. Styles without
                a mask share the rest; if there are none, the picture stays there as it is.
            strength: From 0, the picture as it is, to 1, full style. If the generator itself cannot draw a style at
                less strength, its output is blended with the picture.
            keep_colour: Whether the picture keeps its own colours, and only its luminance is redrawn.
            stroke: From 1, as trained, to 8: how many times as broad strokes are. None: as trained, but if the
                generator makes strokes of a map of noise, as `brush` does, in proportion to a picture whose shorter
                side has 1152 pixels or more.
            tile: The side of tiles in pixels, which limits the memory for a large picture; 0: draw in one
                piece. None: tiles as large as 2 GB allow, for a picture that is larger than one.
            steady: Whether all pictures are frames of a film.

        Raises:
            BadPicture: The file of a style or a mask cannot be used.
            BadOptions: As in `stylize`.
        """
        generator = self.drawing_network()
        return Painter(
            generator,
            look(
                style,
                styles,
                masks,
                strength,
                style_input=style_input(generator),
                names=self.plan.styles,
                random=self.random_codes,
            ),
            tones=self.known_tones,
            seed=seed,
            keep_colour=keep_colour,
            stroke=stroke,
            tile=tile,
            steady=steady,
        )

    def export(self, filepath, format="tf_saved_model", verbose=True, input_signature=None, **options):
        """Write a SavedModel of TensorFlow, whose function `serve` draws what `stylize` draws, without stylezoo.

        It takes pictures, float32 (batch, height, width, 3) in [-1, 1] of any size, and gives the same. Where the
        generator is given a style it takes ``[pictures, styles]``: style pictures, or for named styles the weights of
        each, (batch, K); pictures alone get the style that `stylize` takes if none is named. Strokes are as trained, as
        with ``stroke=1``.

        Args:
            filepath: The folder.
            format: "tf_saved_model". The network alone has others: ``gan.generator.export(path, format="onnx")``.
            verbose: Whether the arguments of `serve` are printed.
            input_signature: As in Keras; None: any size.
            **options: None are known.

        Raises:
            BadOptions: The format is another, or there are options.
        """
        if format != "tf_saved_model" or options:
            raise BadOptions(
                f"A GAN is exported as format='tf_saved_model' without options, not {format!r} with {sorted(options)}; "
                "its network alone can be: gan.generator.export(path, format='onnx')."
            )
        drawing = Export(self.drawing_network(), self.plan.styles, self.random_codes, self.known_tones)
        drawing.write(filepath, input_signature, verbose is not False)
