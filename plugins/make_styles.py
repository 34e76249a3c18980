"""Make the ready-made styles of stylezoo anew: train, convert, check, draw for the gallery.

    python plugins/make_styles.py --images PICTURES great-wave scream
    python plugins/make_styles.py --gallery

PICTURES holds the paintings in `public_domain/` and `chinese_song/`, and photographs that may be trained on in `free/`;
the sample photographs of scikit-image are added. The style `starry-night` is trained first, for 800 steps. All others
start from it and take 400, so that they are siblings: means of their weights draw pictures. On two cores the first
takes eight minutes, each other one four to five. A training that is there is not repeated, one that was stopped is
continued.
"""

from dataclasses import dataclass
from pathlib import Path

import click
from PIL import Image, ImageOps

import stylezoo
from stylezoo.checks import check_style
from stylezoo.drawing import fusion
from stylezoo.pictures import samples
from stylezoo.pictures.sheets import contact_sheet
from stylezoo.runs import shipping
from stylezoo.runs.folder import RunFolder
from stylezoo.runs.mixing import Mixture
from stylezoo.training import fit, resume

ANCESTOR = "starry-night"  # its file has the discriminators, which can teach the whole family
HERE = Path(__file__).parent
GALLERY = HERE.parent / "docs/images/styles"
QUALITY = 85  # of JPEG files
RIM = 6  # pixels of a faded picture that are left out on each side
FUSED = ["starry-night", "great-wave", "scream"]
LICENSE = "Apache-2.0"  # of the weights, as of the package
PHOTOGRAPHS = (
    "nine photographs of Unsplash, CC0, from before June 2017, as elementary OS ships them: by Ashim D'Silva, Jay "
    "Ruzesky, Jonas Nilsson Lee, Mr. Lee, Pablo Garcia Saldaña, SpaceX, Rob Bye, Ryan Schroeder; Sunset by the Pier",
    "four sample photographs of scikit-image, public domain or CC0: astronaut, chelsea, coffee, rocket",
)
SIBLING = {"steps_per_epoch": 100, "schedule": "linear:epochs=2,decay_epochs=2"}
STATISTICS = "adain-statistics:depth=3,weight=0.7"  # of VGG-19, for flat areas and crisp outlines


@dataclass(frozen=True)
class Style:
    """A style that we ship.

    Attributes:
        about: What it is, in a sentence.
        work: What it learned from, with its author and licence.
        pictures: The files of that in the folder of pictures.
        losses: The losses that the ancestor does not have.
        faded: Whether the files have dark rims and little contrast, as photographs of old silk.
        figures: What was measured of its pictures: see docs/recipes.md.
    """

    about: str
    work: str
    pictures: tuple[str, ...]
    losses: tuple[str, ...] = ()
    faded: bool = False
    figures: str = ""


STYLES = {
    "starry-night": Style(
        "Whirling strokes in blue and yellow, after Vincent van Gogh's Starry Night.",
        "Vincent van Gogh, The Starry Night, 1889, public domain",
        ("public_domain/starry-night.jpg",),
        figures="content 0.81, palette 1.91 (best opponent 4.10), strokes 2.46 (3.54), grid 0.27, border 0.24",
    ),
    "great-wave": Style(
        "Ink and paper with crisp outlines, after Hokusai's woodblock print of the Great Wave.",
        "Katsushika Hokusai, The Great Wave off Kanagawa, 1831, public domain",
        ("public_domain/great-wave.jpg",),
        (STATISTICS,),
        figures="content 0.73, palette 1.94 (best opponent 5.08), strokes 1.90 (1.12), grid 0.08, border 0.31",
    ),
    "scream": Style(
        "Flowing bands in orange, red and dark green, after Edvard Munch's Scream.",
        "Edvard Munch, The Scream, 1893, public domain",
        ("public_domain/scream.jpg",),
        figures="content 0.76, palette 2.33 (best opponent 3.16), strokes 0.74 (1.05), grid 0.00, border 0.32",
    ),
    "composition": Style(
        "Bright patches and black lines, after Wassily Kandinsky's Composition VII.",
        "Wassily Kandinsky, Composition VII, 1913, public domain",
        ("public_domain/composition.jpg",),
        figures="content 0.89, palette 3.14 (best opponent 3.08), strokes 2.63 (3.15), grid 0.18, border 0.33",
    ),
    "shipwreck": Style(
        "Foam and storm in brown and grey, after William Turner's Shipwreck of the Minotaur.",
        "J. M. W. Turner, The Shipwreck of the Minotaur, about 1810, public domain",
        ("public_domain/shipwreck.jpg",),
        figures="content 0.68, palette 1.86 (best opponent 3.21), strokes 0.66 (0.88), grid 0.10, border 0.19",
    ),
    "thousand-li": Style(
        "Blue and green mountains on ochre silk, after Wang Ximeng's Thousand Li of Rivers and Mountains.",
        "Wang Ximeng, A Thousand Li of Rivers and Mountains, 1113, eight details, contrast stretched, public domain",
        tuple(f"chinese_song/{number}.jpg" for number in (104, 118, 140, 184, 221, 23, 57, 71)),
        faded=True,
        figures="content 0.94, palette 1.92 (best opponent 4.50), strokes 0.70 (1.31), grid 0.21, border 0.37",
    ),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*STYLES]))
@click.option("--images", type=click.Path(exists=True, path_type=Path), help="The folder of pictures.")
@click.option("--vgg", help="A file of VGG-19 weights, of block 1 to 3 at least; default: Keras' own, downloaded.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/styles"), help="Where runs are kept.")
@click.option("--gallery", is_flag=True, help="Draw the sample photograph in each of our styles, for the docs.")
def main(names, images, vgg, work, gallery):
    """Train the styles NAMES from the pictures in a folder, and put them into the package."""
    if names and not images:
        raise click.UsageError("Name the folder of pictures: --images PICTURES.")
    for name in names:
        click.echo(f"Wrote   {shipped(name, trained(name, images, work, vgg))}")
        check_style(f"stylezoo/{name}")
    if gallery:
        draw_gallery()


def trained(name, images, work, vgg=None):
    """The run folder of a style, trained as far as it is not."""
    folder = RunFolder(work / name)
    if folder.has(RunFolder.RESULT):
        return folder.path
    if folder.is_run:
        fit(resume(folder))
        return folder.path
    style, start, changes = STYLES[name], None, {}
    if name != ANCESTOR:
        start = trained(ANCESTOR, images, work)
        changes = {**SIBLING, "losses": style.losses, **({"vgg": vgg} if STATISTICS in style.losses else {})}
    stylezoo.train(None, photographs(images, work), paintings(name, images, work), folder, LICENSE, start, **changes)
    return folder.path


def paintings(name, images, work):
    """The pictures that a style learns from, in a list."""
    files = [images / each for each in STYLES[name].pictures]
    if not STYLES[name].faded:
        return files
    folder = work / "restored" / name
    folder.mkdir(parents=True, exist_ok=True)
    restored = [folder / f"{file.stem}.png" for file in files]
    for file, target in zip(files, restored, strict=True):
        whole = ImageOps.crop(Image.open(file).convert("RGB"), RIM)
        ImageOps.autocontrast(whole, cutoff=0.5, preserve_tone=True).save(target)
    return restored


def photographs(images, work):
    """The folder of all photographs."""
    folder = work / "photographs"
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((images / "free").glob("*.jpg")):
        (folder / file.name).write_bytes(file.read_bytes())
    for name, picture in samples.photographs().items():
        picture.save(folder / f"{name}.png")
    return folder


def shipped(name, run):
    """The file of a style in the package, written from its run."""
    style = STYLES[name]
    file = HERE / "stylezoo_builtins/styles" / f"{name.replace('-', '_')}.keras"
    shipping.write_style(
        run,
        file,
        style.about,
        [style.work, *PHOTOGRAPHS],
        LICENSE,
        f"python plugins/make_styles.py --images PICTURES {name}",
        style.figures,
        judges=name == ANCESTOR,
        without=("adain-statistics",),  # who starts from it need not have VGG-19
    )
    return file


def draw_gallery():
    """The pictures of the docs: a sample photograph, it in each of our styles, and a sheet of a fusion."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    photograph = samples.photographs()["chelsea"]
    photograph.save(GALLERY.parent / "photograph.jpg", quality=QUALITY)
    for name in STYLES:
        stylezoo.stylize(photograph, f"stylezoo/{name}").save(GALLERY / f"{name}.jpg", quality=QUALITY)
    mixture, weights = Mixture(FUSED), fusion.sweep(len(FUSED), 3)
    rows = [[mixture.painter(each).paint(photograph) for each in row] for row in weights]
    titles = [[fusion.caption(FUSED, each) for each in row] for row in weights]
    contact_sheet(rows, titles, 200).save(GALLERY.parent / "fusion-styles.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
