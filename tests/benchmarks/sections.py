"""What is measured, section by section: groups of variants that take turns."""

import tempfile
from functools import cache, partial
from pathlib import Path

from stylezoo.recipe import Recipe
from tests.benchmarks import start_up
from tests.benchmarks.turns import Command, FreshProcess
from tests.benchmarks.variants import PRECISIONS, TINY, Variant, of_work, redrawing, step

LOSSES = ("cycle:weight=10", "identity:weight=5", "content", "tv", "colour", "r1")  # added to lsgan one by one


def steps(setting):
    """Seconds of a training step of each recipe."""
    groups = []
    for model in TINY:
        batches = sorted({1, Recipe.named(model).batch_size})
        for batch in batches:
            name = model if len(batches) == 1 else f"{model}, batch {batch}"
            changes = {**published_size(setting, model), "batch_size": batch}
            groups += [step(setting, model, precision, name, changes) for precision in PRECISIONS]
    return groups


def published_size(setting, model):
    """The size of crops as a change: that of the recipe, but 128 pixels for cyclegan on a processor."""
    small = model == "cyclegan" and not setting.gpu and not setting.quick
    return {"image_size": 128} if small else {}


def stylize(setting):
    """Seconds to redraw one picture by CycleGAN's ResNet, from array to array."""
    sides = (32, 64) if setting.quick else (256, 512, 1024, 2048, 4096)
    halves = [side for side in sides if side <= 1024 or setting.gpu]  # a processor without bfloat16 is very slow
    return [
        redrawing(setting, side, precision)
        for precision, those in zip(PRECISIONS, (sides, halves), strict=True)
        for side in those
    ]


def pipeline(setting):
    """Pictures a second that a training of cyclegan reads and crops."""
    files = 4 if setting.quick else 200
    jobs = {"from memory": True, "from a folder of JPEGs": False}
    work = {"work": "pipeline", "model": "cyclegan", "changes": {}, "files": files}
    rest = {"options": {"stylezoo": {}}, "precision": "float32", "unit": "pictures/s"}
    return [of_work(setting, {**work, "kept": kept}, None, job=job, **rest) for job, kept in jobs.items()]


def memory(setting):
    """The most memory that a new process needs: resident, or on the GPU where there is one."""
    fresh = {"how": FreshProcess, "unit": "MiB"}
    side, changes = 32 if setting.quick else 1024, published_size(setting, "cyclegan")
    trained = [step(setting, "cyclegan", each, "a step of cyclegan", changes, **fresh) for each in PRECISIONS]
    return trained + [redrawing(setting, side, each, tiles="default", **fresh) for each in PRECISIONS]


def growth(setting):
    """How cost grows: of a step with pictures, batch, losses and styles, of a listing with installed plugins."""
    sides = (32, 64) if setting.quick else (64, 128, 256, 512) if setting.gpu else (64, 96, 128, 192)
    batches = (1, 2) if setting.quick else (1, 2, 4, 8)
    small = {"image_size": setting.small}
    groups = [step(setting, "cyclegan", job=f"image_size={side}", changes={"image_size": side}) for side in sides]
    groups += [
        step(setting, "cyclegan", precision, f"batch_size={batch}", {**small, "batch_size": batch})
        for precision in (PRECISIONS if setting.gpu else PRECISIONS[:1])
        for batch in batches
    ]
    for count in range(len(LOSSES) + 1):
        added = [*LOSSES[:count], *(f"{name.partition(':')[0]}:weight=0" for name in LOSSES[count:2])]
        changes = {**small, "losses": added}
        groups.append(step(setting, "cyclegan", job=f"losses={count + 1}", changes=changes, comparable=False))
    for count in (2, 3) if setting.quick else (2, 4, 8, 16):
        changes = {**small, "data.names": [f"style-{i}" for i in range(count)]}
        groups.append(step(setting, "gated", job=f"styles={count}", changes=changes, torch={"styles": count}))
    counts = (1, 10) if setting.quick else (1, 30, 100, 300)
    return [*groups, [Variant(f"plugins={count}", "stylezoo", partial(listing, count)) for count in counts]]


def listing(count):
    """`stylezoo list losses` in an environment of so many plugins more."""
    folder = Path(tempfile.mkdtemp())
    start_up.install(folder, count, with_entry_points=count, plugin_every=1)
    name = "stylezoo list losses"
    return Command(start_up.COMMANDS[name], folder, start_up.environment(name, folder))


def start(setting):
    """Seconds from Enter to an answer."""
    commands = (*start_up.COMMANDS, *start_up.REFUSED)
    looks = [Variant(name, "stylezoo" if "stylezoo" in name else "click", partial(answer, name)) for name in commands]
    drawn = Variant("stylezoo stylize photo.jpg: to the file", "stylezoo", partial(drawn_file, setting.quick))
    return [looks, [Variant("stylezoo train: to the first step", "stylezoo", first_step)], [drawn]]


@cache
def crowded():
    """A folder with the metadata of many distributions."""
    folder = Path(tempfile.mkdtemp())
    start_up.install(folder)
    return folder


def answer(name):
    """A command of `start_up`."""
    words = {**start_up.COMMANDS, **start_up.REFUSED}[name]
    return Command(words, crowded(), start_up.environment(name, crowded()), refused=name in start_up.REFUSED)


def first_step():
    """From Enter to the first step of the default training."""
    folder, photo, painting = pictures()
    words = ["train", "--source", photo, "--style", painting, "--steps", "10"]  # each tenth of them is told
    return Command(["-m", "stylezoo", *words], folder, until="step 1/10")


def drawn_file(quick):
    """From Enter to the picture, with the published generator of cyclegan."""
    folder, photo, painting = pictures()
    words = ["train", "cyclegan", "--source", photo, "--style", painting, "--steps", "1", "-o", folder / "model"]
    words += ["--set", "image_size=32", "--set", "pool=1"]
    words += ["--generator", "resnet:filters=8,blocks=2", "--discriminator", "patch:filters=8"] if quick else []
    Command(["-m", "stylezoo", *words], folder, first=False).turn()
    words = ["stylize", photo, "--model", folder / "model", "-o", folder / "drawn.jpg", "--overwrite"]
    return Command(["-m", "stylezoo", *words], folder)


def pictures():
    """A new folder with a photograph and a painting of 512 pixels: noise."""
    from PIL import Image

    folder = Path(tempfile.mkdtemp())
    files = folder / "photo.jpg", folder / "painting.jpg"
    for file in files:
        Image.effect_noise((512, 512), 80).convert("RGB").save(file)
    return folder, *files


SECTIONS = {each.__name__: each for each in (steps, stylize, pipeline, start, memory, growth)}
