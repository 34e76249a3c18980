"""Redrawing pictures with a trained model."""

from stylezoo.contract import style_input
from stylezoo.drawing import exporting
from stylezoo.drawing.fusion import Fusion
from stylezoo.drawing.looks import look
from stylezoo.drawing.painter import Painter


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
            picture: A path, a binary file object, a Pillow image, or an array (height, width, channels) or (count,
                height, width, channels) of any size: floats in [-1, 1], uint8 in 0..255, or uint16 in 0..65535.
            style: One style: see `painter`.
            seed: For a generator with noise or random styles: another seed changes the strokes, the same one gives the
                same picture.
            **look: `styles`, `masks`, `strength`, `keep_colour`, `stroke` and `tile`: see `painter`.

        Returns:
            A Pillow image for a file or an image, as transparent as it was; a float32 array of the same shape, not
            quantised, in [-1, 1] for an array. The image of a picture with 16 bits a channel, or with other channels
            than one or three, has 8 bits to look at and all of them as ``image.samples``, (height, width, channels);
            its `save` writes all into PNG and TIFF.

        Raises:
            BadPicture: A file cannot be used.
            BadOptions: The model does not know the style, needs one, or cannot do what is asked.

        Examples:
            >>> gan = stylezoo.load_model("runs/gated")
            >>> drawn = gan.stylize("photo.jpg", styles={"monet": 0.6, "song": 0.4}, masks={"song": "sky.png"})
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

    def export(
        self,
        filepath,
        format="tf_saved_model",
        verbose=True,
        *,
        size=None,
        half=False,
        pixels="signed",
        inputs=(),
        about=None,
        **look,
    ):
        """Write the model in the format of another program, which then draws what `stylize` draws, without stylezoo.

        What is written is tried at once in its own runtime: sample pictures must not differ from those of `stylize` by
        more than 2 of 256 levels. Its input `image` is a batch of pictures (batch, height, width, 3), and its output is
        the same. Strokes are as trained, as with ``stroke=1``. `gan.generator.export` writes the network alone.

        Args:
            filepath: The file, or the folder of a SavedModel.
            format: "onnx", "litert", "openvino", or "saved-model", which Keras calls "tf_saved_model". All but the last
                need the extra of that name: ``pip install 'stylezoo[onnx]'``.
            verbose: Whether the largest difference is printed.
            size: Height and width of pictures, a pair or one number for both; None: any, which "litert" cannot.
            half: Whether weights are kept in half precision, which halves the file.
            pixels: "signed", float32 in [-1, 1]; "unit", float32 in [0, 1]; or "uint8".
            inputs: What is given with each call beside `image`: "strength", (1,) in [0, 1]; "styles", (K,), the weights
                of the styles that are named here, or if none is of all that the model has; and "style", a picture like
                `image`, which is always an input of a model that needs one, if none is named here.
            about: Texts that are written into the file by their names, such as {"license": "CC-BY-4.0"}.
            **look: `style`, `styles`, `strength`, `keep_colour` and `seed`, as in `painter`.

        Returns:
            The largest difference, in levels of 256.

        Raises:
            BadOptions: The format cannot do what is asked.
            MissingExtra: A package is not installed.
            BadExport: The converter of the format fails, or what it writes draws something else.

        Examples:
            >>> gan = stylezoo.load_model("runs/mine")
            >>> gan.export("mine", format="saved-model", size=64, verbose=False) < 1
            True
        """
        inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        painter, inputs = self._painter_to_export(inputs, look)
        sides = (size, size) if isinstance(size, int) else size
        how = {"size": sides, "half": half, "pixels": pixels, "inputs": inputs, "about": about}
        difference = exporting.write(painter, filepath, format, **how)
        if verbose is not False:
            print(f"Wrote {filepath}: sample pictures differ from those of stylize by {difference:.2g} of 256 levels.")
        return difference

    def _painter_to_export(self, inputs, look):
        """A painter, and the inputs of the exported model: a style that is needed and not named is one."""
        names_style = look.get("style") is not None or look.get("styles") is not None
        if self.takes_style_picture and not names_style and (not self.random_codes or "style" in inputs):
            bare = {name: look[name] for name in ("seed", "keep_colour") if name in look}
            fusion = Fusion(strength=look.get("strength", 1.0))
            painter = Painter(self.drawing_network(), fusion, tones=self.known_tones, **bare)
            return painter, inputs if "style" in inputs else (*inputs, "style")
        if "styles" in inputs and not names_style:
            look = {**look, "styles": dict.fromkeys(self.plan.styles, 1.0)}
        return self.painter(**look), inputs
