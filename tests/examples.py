"""Runs the examples of docstrings, in a folder with small pictures and runs: ``python tests/examples.py NAMES``.

It is a process of its own, because examples define orders and optimizers, which stay for good.
"""

import doctest
import os
import pydoc
import shutil
import sys
import tempfile
import warnings
from functools import wraps
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
SMALL = {"image_size": 32, "load_size": 40, "generator": "resnet:filters=2,blocks=1", "steps": 1, "verbose": 0}
SMALL |= {"discriminators": "patch:filters=2,layers=1"}
STYLES = {**SMALL, "generator": "gated:filters=2,blocks=1", "discriminators": "gated:filters=2,layers=1"}


def prepare():
    """The pictures and runs that examples speak of, in the current folder; `stylezoo.train` with small networks."""
    import numpy as np
    import reference_weights
    import tensorflow as tf
    import torch_writer
    from PIL import Image
    from test_cli import noise

    import stylezoo

    for name in ("photo.jpg", "painting.jpg", "sky.png"):
        noise(name, 48, 44)
    for folder in ("photos", "paintings", "monet", "song", "vangogh"):
        Path(folder).mkdir()
        for name in ("one.jpg", "two.jpg"):
            noise(f"{folder}/{name}", 72, 68)
    Image.open("photo.jpg").save("clip.gif", save_all=True, append_images=[Image.open("photo.jpg").rotate(180)])
    arrays = reference_weights.read("resnet_generator")
    weights = {name.removeprefix("weights/"): each for name, each in arrays.items() if name.startswith("weights/")}
    torch_writer.zip_file(Path("latest_net_G.pth"), torch_writer.state_dict(weights))
    tf.config.run_functions_eagerly(True)
    train = stylezoo.train

    @wraps(train)
    def small(*given, **named):
        gated = "gated" in f"{given}{named.get('start_from')}"
        fixed = {"steps": 1, "verbose": 0} if named.get("start_from") else STYLES if gated else SMALL
        return train(*given, **{**named, **fixed})

    stylezoo.train = small
    small(source="photo.jpg", style="painting.jpg", out="runs/mine")
    for name in ("a", "b", "single-pair"):
        shutil.copytree("runs/mine", f"runs/{name}")
    small("gated", source="photos/", style=["monet/", "song/"], out="runs/gated")
    return {"keras": __import__("keras"), "np": np, "stylezoo": stylezoo}


def main(names):
    """Run the examples of each name; the exit code is 1 if one fails."""
    warnings.simplefilter("ignore")
    os.chdir(tempfile.mkdtemp())
    known = prepare()
    import tensorflow as tf

    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    docs = {pydoc.locate(name).__doc__: name for name in reversed(names)}  # a method that is inherited comes once
    for doc, name in reversed(docs.items()):
        tf.config.run_functions_eagerly(not name.endswith("export"))  # which takes less time than to trace graphs
        runner.run(doctest.DocTestParser().get_doctest(doc, dict(known), name, None, 0), clear_globs=False)
    print(*runner.summarize(verbose=False), flush=True)
    sys.exit(bool(runner.failures))


if __name__ == "__main__":
    main(sys.argv[1:])
