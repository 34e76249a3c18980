"""What each model makes: trains it with a profile for a CPU, measures it, and writes its picture and its row.

    python -m tests.benchmarks.results --pictures FOLDER --vgg FILE [MODEL ...]

The folder of pictures has photo_train/ and monet/ (256 pixels, CycleGAN's monet2photo), chinese_song/, free/ (nine
photographs in CC0, on which every model is measured) and public_domain/ (paintings by name). A run that is there
already is measured, not trained again; one that was interrupted is resumed. For each model there are afterwards

* its run folder, ``--runs``/MODEL,
* its row in docs/results.csv, which replaces that of the same model, profile and device,
* docs/images/models/MODEL.jpg: the photograph, the style and the result.
"""

import argparse
import csv
import os
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

SMALL_UNET = "--generator unet:filters=32,downs=4,norm=instance,resize=true"
CROPS = "--set image_size=96 --set load_size=128"
FOLDERS = "--source {photo_train} --style {monet}"
# The command lines after `stylezoo train MODEL`, as docs/recipes.md explains them.
PROFILES = {
    "single-pair": "--source {free}/jonas-nilsson-lee.jpg --style {public_domain}/starry-night.jpg",
    "cut": f"{FOLDERS} --steps 2000 {CROPS} {SMALL_UNET} --discriminator texture --loss r1:patches=true "
    "--set average=0.998 --set optimizer.learning_rate=5e-4",
    "cyclegan": f"{FOLDERS} --steps 800 {CROPS} {SMALL_UNET} --discriminator texture --loss lsgan:weight=2 "
    "--loss r1:patches=true,weight=2 --loss cycle:weight=5 --loss identity:weight=2 --set average=0.998 "
    "--set optimizer.learning_rate=4e-4",
    "transfer": f"{FOLDERS} --steps 700 {CROPS} --generator resnet:filters=24,blocks=4,resize=true "
    "--discriminator texture --loss r1:patches=true --loss content:weight=3 --set average=0.998 "
    "--set optimizer.learning_rate=3e-4",
    "gated": f"--source {{photo_train}} --style {{monet}} --style {{chinese_song}} --steps 800 {CROPS} "
    "--generator gated:filters=16,blocks=2,resize=true,skips=true --discriminator gated:filters=24,layers=2 "
    "--discriminator texture --loss style-classification:weight=1 --loss autoencoder:weight=5 --loss content:weight=3 "
    "--loss r1:patches=true --set average=0.998 --set optimizer.learning_rate=5e-4",
    "pix2pix": "--source {pairs} --steps 1200 --set image_size=128 --set load_size=143 "
    "--generator unet:filters=32,downs=6,norm=instance,resize=true "
    "--discriminator patch:conditional=true,filters=32,layers=2,norm=instance --loss l1:weight=30 "
    "--set optimizer.learning_rate=4e-4 --set average=0.99",
    "sincut": "--source {free}/jonas-nilsson-lee.jpg --style {public_domain}/starry-night.jpg --steps 250 "
    "--set load_size=384 --set batch_size=4 --set generator.filters=4 --set discriminators.filters=4 "
    "--loss patch-nce:patches=16,whole_batch=true,identity=true,weight=4 --set average=0.995",
    "fastcut": f"{FOLDERS} --steps 600 {CROPS} {SMALL_UNET} --discriminator texture --loss r1:patches=true "
    "--loss patch-nce:flip=true,weight=2 --set average=0.998 --set optimizer.learning_rate=5e-4",
    "d2gan": f"{FOLDERS} --steps 600 {CROPS} {SMALL_UNET} --discriminator texture --discriminator texture "
    "--loss r1:patches=true --loss content:weight=3 --loss identity:weight=2 --set average=0.998 "
    "--set optimizer.learning_rate=4e-4",
    "adain-gan": f"{FOLDERS} --steps 600 --set vgg={{vgg}} --set image_size=64 --set load_size=96 --set batch_size=2 "
    "--generator adain:depth=3,smooth=true --discriminator texture --loss lsgan:weight=1 --loss r1:patches=true "
    "--loss adain-content:depth=3 --loss adain-statistics:depth=3,weight=10 --loss identity:weight=20 "
    "--set optimizer.learning_rate=3e-4 --set discriminator_optimizer.learning_rate=3e-4 --set average=0.99",
    "adain": f"{FOLDERS} --steps 600 --set vgg={{vgg}} --set image_size=64 --set load_size=96 --set batch_size=2 "
    "--generator adain:depth=3,smooth=true --loss adain-content:depth=3 --loss adain-statistics:depth=3,weight=10 "
    "--loss identity:weight=20 --set optimizer.learning_rate=3e-4 --set average=0.99",
    "animegan": f"{FOLDERS} --steps 500 --set vgg={{vgg}} --set image_size=64 --set load_size=80 --set batch_size=2 "
    "--generator animegan:filters=16,blocks=2 --discriminator animegan:filters=16 --loss lsgan:half=false "
    "--loss decoys --loss perceptual:layer=conv3_1 --loss gram:layer=conv3_1,grey=true,weight=5 "
    "--loss colour:weight=10 --loss tv:squared=true --set optimizer.learning_rate=2e-4 "
    "--set discriminator_optimizer.learning_rate=1e-4 --set warmup.learning_rate=1e-3 --set warmup.epochs=1 "
    "--set steps_per_epoch=300",
    "munit": f"{FOLDERS} --steps 250 {CROPS} --generator munit:filters=16,blocks=2,mlp=64 --discriminator texture",
}
TIMES = "times.txt"  # in a run folder: one line for each process that trained it
DOCS = Path(__file__).parents[2] / "docs"
FACTS = ("model", "profile", "steps", "seconds", "core_seconds", "device", "commit", "protocol")
SHOWN = "rob-bye.jpg"  # the photograph on the page of each model
SIDE = 320  # pixels there


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.results", description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all")
    parser.add_argument("--pictures", type=Path, required=True, help="the folder of pictures")
    parser.add_argument("--vgg", type=Path, required=True, help="VGG-19 weights up to relu3_1 or further")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the run folders are (default: runs)")
    parser.add_argument("--only-train", action="store_true", help="measure later, when all are trained")
    return parser.parse_args()


def places(given):
    """What stands for the names in the profiles."""
    inner = {each.name: each for each in given.pictures.iterdir()}
    return {**inner, "vgg": given.vgg, "pairs": given.runs / "pairs"}


def train(model, given):
    """Train a model, or resume its training, and note how long it took."""
    run = given.runs / model
    if (run / "result.png").exists():
        return
    line = PROFILES[model].format(**places(given))
    words = ["--resume", str(run)] if run.exists() else [model, *shlex.split(line), "-o", str(run)]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "stylezoo", "train", *words], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    with open(run / TIMES, "a", encoding="utf-8") as file:
        file.write(f"{time.monotonic() - began:.0f} {cores:.0f} {commit.stdout.strip()}\n")


def make_pairs(given):
    """Photographs beside the same in the ready-made style great-wave, as pix2pix reads them."""
    folder = given.runs / "pairs"
    if folder.exists():
        return
    from PIL import Image

    import stylezoo

    written = folder.with_name("pairs-unfinished") / "train"
    written.mkdir(parents=True, exist_ok=True)
    painter = stylezoo.load_model("great-wave")
    for photo in sorted((given.pictures / "photo_train").iterdir())[:200]:
        image = Image.open(photo).convert("RGB")
        pair = Image.new("RGB", (2 * image.width, image.height))
        pair.paste(image)
        pair.paste(painter.stylize(image), (image.width, 0))
        pair.save(written / f"{photo.stem}.png")
    os.rename(written.parent, folder)


def make_truths(given):
    """What pix2pix should make of the photographs that it has not seen."""
    import stylezoo

    folder, photos = given.runs / "truths", given.pictures / "free"
    if not folder.exists():
        folder.mkdir()
        painter = stylezoo.load_model("great-wave")
        for photo in sorted(photos.iterdir()):
            painter.stylize(photo).save(folder / photo.name)
    return folder


def style_of(model, given):
    """The pictures with which the results of a model are compared."""
    line = shlex.split(PROFILES[model].format(**places(given)))
    styles = [Path(line[i + 1]) for i, word in enumerate(line) if word == "--style"]
    if model == "pix2pix":
        return make_truths(given)
    return {each.name: each for each in styles} if len(styles) > 1 else styles[0]


def measure(model, given):
    """The row of a model."""
    import stylezoo
    from stylezoo.runs import card

    run = given.runs / model
    found = stylezoo.evaluate(run, source=given.pictures / "free", style=style_of(model, given))
    known, times = card.read(run), [line.split() for line in (run / TIMES).read_text().splitlines()]
    seconds, cores = (sum(int(line[i]) for line in times) for i in (0, 1))
    machine = known.machine
    profile = PROFILES[model].replace("{", "").replace("}", "")
    device = f"{machine['device']}, {machine['cores']} cores, {machine['processor']}"
    facts = [model, f"stylezoo train {model} {profile}", known.steps, seconds, cores, device, times[-1][2]]
    figures = {name: value for name, value in found.figures["last"].items() if value is not None}
    for way in ("source", "colours matched", "half and half"):
        figures |= {f"{name} of {way}": value for name, value in found.figures[way].items() if value is not None}
    shown = {name: f"{value:.4g}" for name, value in figures.items()}
    return {**dict(zip(FACTS, [*facts, found.protocol], strict=True)), **shown}


def write_row(row):
    """Put a row into the table, in the place of that of the same model, profile and device."""
    file, same = DOCS / "results.csv", ("model", "profile", "device")
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines())) if file.exists() else []
    rows = [each for each in rows if any(each[name] != row[name] for name in same)]
    rows = sorted([*rows, row], key=lambda each: [each[name] for name in same])
    names = list(dict.fromkeys(name for each in rows for name in each))
    with file.open("w", newline="", encoding="utf-8") as opened:
        table = csv.DictWriter(opened, names, restval="")
        table.writeheader()
        table.writerows(rows)


def draw(model, given):
    """Write the picture of a model: the photograph, then each style and the photograph in it."""
    from PIL import Image, ImageOps

    import stylezoo

    drawing = stylezoo.load_model(given.runs / model)
    photo = ImageOps.fit(Image.open(given.pictures / "free" / SHOWN).convert("RGB"), (SIDE, SIDE))
    styles, cells = style_of(model, given), [photo]
    for name, place in (styles if isinstance(styles, dict) else {None: styles}).items():
        painting = place / SHOWN if model == "pix2pix" else sorted(place.iterdir())[0] if place.is_dir() else place
        style = ImageOps.fit(Image.open(painting).convert("RGB"), (SIDE, SIDE))
        cells += [style, drawing.stylize(photo, style if drawing.takes_style_picture else name)]
    sheet = Image.new("RGB", ((SIDE + 6) * len(cells) - 6, SIDE), "white")
    for place, cell in enumerate(cells):
        sheet.paste(cell, ((SIDE + 6) * place, 0))
    sheet.save(DOCS / "images" / "models" / f"{model}.jpg", quality=88)


def main():
    given = arguments()
    for model in given.models or PROFILES:
        if model == "pix2pix":
            make_pairs(given)
        train(model, given)
        if not given.only_train:
            write_row(measure(model, given))
            draw(model, given)


if __name__ == "__main__":
    main()
