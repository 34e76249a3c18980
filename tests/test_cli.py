import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from stylezoo import Recipe, features
from stylezoo.catalogue import registry
from stylezoo.catalogue.kinds import KINDS
from stylezoo.catalogue.sources import describe
from stylezoo.cli import main, terminal
from stylezoo.recipe import PRECISIONS

pytestmark = pytest.mark.usefixtures("read_once")

TINY = [
    "image_size=32",
    "load_size=40",
    "batch_size=1",
    "generator.filters=2",
    "generator.blocks=1",
    "generator.length=1",
]
TINY = [word for setting in TINY for word in ("--set", setting)] + ["--discriminator", "patch:filters=2,layers=1"]


def stylezoo(*arguments, **options):
    return CliRunner().invoke(main, list(map(str, arguments)), prog_name="stylezoo", **options)


def noise(path, width, height, seed=()):
    pixels = np.random.default_rng([width, height, *seed]).integers(0, 256, (height, width, 3), dtype="uint8")
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training of two steps by the command line: its folder and what it said."""
    folder = tmp_path_factory.mktemp("trained")
    source, style = noise(folder / "source.png", 60, 44), noise(folder / "style.jpg", 50, 50)
    run = folder / "run"
    return run, stylezoo("train", "--source", source, "--style", style, "--steps", 2, *TINY, "-o", run)


# Listing


def test_list_shows_every_plugin_under_its_kind_and_the_owner_of_others(third_party):
    third_party("acme")
    kind, shown = None, []
    for line in stylezoo("list", env={"COLUMNS": "120"}).stdout.splitlines():
        if line.startswith("  "):
            shown.append((kind, line.split()[0], line.rpartition("  ")[2] if line.endswith(" 1.0") else ""))
        else:
            kind = line
    owners = [
        (KINDS[p.kind].plural, p.name, "" if p.distribution == "stylezoo" else p.owner) for p in registry.plugins()
    ]
    assert shown == owners
    assert {owner for _, _, owner in owners} == {"", "acme-style 1.0"}


def test_list_tells_models_apart_in_80_columns():
    lines = stylezoo("list", "models", env={"COLUMNS": "80"}).stdout.splitlines()[1:]
    beginnings = [line[14:40] for line in lines]
    assert len(set(beginnings)) == len(lines) == len(registry.plugins("model"))
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("kind", ["generator", "discriminator", "model", "loss"])
def test_list_takes_a_kind_in_the_plural_or_the_singular(kind):
    plural = "losses" if kind == "loss" else f"{kind}s"
    one, other = stylezoo("list", kind), stylezoo("list", plural)
    assert (one.exit_code, one.stdout) == (0, other.stdout)
    assert len(one.stdout.splitlines()) == 1 + len(registry.plugins(kind))


def test_list_takes_a_pattern_as_in_a_shell():
    rows = json.loads(stylezoo("list", "losses", "*an", "--json").stdout)["plugins"]
    assert [row["name"] for row in rows] == [p.name for p in registry.plugins("loss") if p.name.endswith("an")] != []


def test_list_as_json_is_one_document_with_what_is_known():
    document = json.loads(stylezoo("list", "--json").stdout)
    assert document["schema"] == 1
    assert document["plugins"] == [
        {
            "kind": p.kind,
            "name": p.name,
            "distribution": p.distribution,
            "version": p.version,
            "target": p.target,
            "summary": describe(p).summary,
            "problem": "",
        }
        for p in registry.plugins()
    ]


def test_list_as_json_of_nothing_is_an_empty_list():
    assert json.loads(stylezoo("list", "losses", "zz*", "--json").stdout)["plugins"] == []


def test_list_fits_into_the_terminal():
    lines = stylezoo("list", env={"COLUMNS": "100"}).stdout.splitlines()
    assert max(map(len, lines)) <= 100


def test_list_shows_a_broken_plugin_with_its_reason_beside_the_others(third_party):
    third_party("malformed", "missing", "acme")
    done = stylezoo("list", "losses")
    assert done.exit_code == 0
    shown = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert "broken: its entry point 'my-module:Loss'" in shown["dashed"]
    assert "acme-malformed 1.0" in shown["dashed"]
    assert "broken: there is no module 'acme_missing.elsewhere'" in shown["gone"]
    assert "broken: the module 'acme_missing' has no 'Unwritten'" in shown["unwritten"]
    assert "broken" not in shown["charbonnier"]
    assert "broken" not in shown["lsgan"]


def test_list_tells_of_an_unreadable_table_on_stderr_and_goes_on(third_party):
    third_party("unreadable_ours", "unreadable")
    done = stylezoo("list", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["plugins"]
    assert [line.startswith("Skipped ") for line in done.stderr.splitlines()] == [True, True]


# Showing


def test_show_tells_owner_place_words_and_options():
    out = stylezoo("show", "lsgan").stdout
    plugin = registry.find("loss", "lsgan")
    said = describe(plugin)
    assert out.startswith(f"loss lsgan  {plugin.owner}\n{said.file}:{said.line}\n")
    assert said.doc in out
    assert out.endswith("Options\n  real=1.0  float\n  fake=0.0  float\n  half=True  bool\n")


def test_show_of_a_model_tells_its_recipe():
    out = stylezoo("show", "transfer").stdout
    assert "\n  losses: lsgan, content:weight=5, identity:weight=5\n" in out


def test_show_as_json_holds_options_and_fields():
    (row,) = json.loads(stylezoo("show", "lsgan", "--json").stdout)["plugins"]
    assert row["options"][0] == {"name": "real", "type": "float", "default": "1.0"}
    (row,) = json.loads(stylezoo("show", "transfer", "--json").stdout)["plugins"]
    assert ["generator", "resnet"] in row["fields"]


def test_show_of_a_name_with_two_owners_shows_both(third_party):
    third_party("rival")
    out = stylezoo("show", "lsgan").stdout
    assert "loss lsgan  Rival.Losses 1.1\n" in out
    assert "loss lsgan  stylezoo " in out
    assert "stylezoo" not in stylezoo("show", "Rival.Losses/lsgan").stdout.splitlines()[0]


@pytest.mark.parametrize("owner", ["rival-losses", "rival_losses"])
def test_show_takes_a_distribution_however_it_is_spelled(owner, third_party):
    third_party("rival")
    assert stylezoo("show", f"{owner}/lsgan").stdout.startswith("loss lsgan  Rival.Losses 1.1\n")


def test_show_of_a_broken_plugin_tells_why(third_party):
    third_party("missing")
    done = stylezoo("show", "gone")
    assert (done.exit_code, "Broken: there is no module 'acme_missing.elsewhere'." in done.stdout) == (0, True)


@pytest.mark.long
def test_show_of_a_folder_lists_the_runs_in_it(trained, tmp_path):
    run, _ = trained
    for name in ("b", "a"):
        shutil.copytree(run, tmp_path / "runs" / name)
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "runs" / "b" / "card.json").write_text("{")
    shown = stylezoo("show", tmp_path / "runs").stdout.splitlines()
    assert [line.split()[0] for line in shown] == [f"{tmp_path}/runs/a", f"{tmp_path}/runs/b"]
    assert "  2 of 2 steps  " in shown[0]
    assert "is damaged" in shown[1]
    cards = json.loads(stylezoo("show", tmp_path / "runs", "--json").stdout)["cards"]
    assert [(card["run"], card["steps"]) for card in cards] == [(f"{tmp_path}/runs/a", 2)]


# Cheapness: what only looks imports nothing heavy

ALLOWED = {"click", "stylezoo"}  # all that is imported to look, besides what comes with Python

LOOK = """
import atexit, sys
before = set(sys.modules)
packages = lambda: {{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names
atexit.register(lambda: print(sorted(packages() - {allowed!r}), file=sys.stderr))
from stylezoo.cli import main
main({arguments!r}, prog_name="stylezoo")
"""


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "--version",
        "list",
        "list losses --json",
        "show lsgan",
        "show acme-retouch --json",
        "show dreamy",
        "show nothing-like-that",
        "new loss Bad",
        "doctor --help",
        "train --help",
        "train --no-such-option",
        "train --resume run --seed 3",
        "stylize --help",
        "app --help",
    ],
)
def test_looking_imports_nothing_heavy(line, python):
    code = LOOK.format(allowed=ALLOWED, arguments=line.split())
    done = python("-c", code, installed=["acme", "missing", "rival"])
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("stylezoo tr", {"train"}),
        ("stylezoo train single", {"single-pair"}),
        ("stylezoo train acme", {"acme-retouch"}),
        ("stylezoo list lo", {"losses"}),
        ("stylezoo show charb", {"charbonnier"}),
        ("stylezoo train --loss ls", {"lsgan"}),
        ("stylezoo train --generator re", {"resnet", "retouch"}),
    ],
)
def test_completion_offers_names_and_imports_nothing_heavy(words, expected, python):
    completion = {"_STYLEZOO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = python("-c", LOOK.format(allowed=ALLOWED, arguments=[]), installed=["acme"], **completion)
    offered = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert expected <= offered
    assert all(name.startswith(words.split()[-1]) for name in offered)
    assert done.stderr == "[]\n"


# Refusing


@pytest.mark.parametrize(
    "line",
    [
        "show lsgna",
        "show nobody/lsgan",
        "list losses zz*",
        "train transfr --dry-run",
        "train nobody/transfer --dry-run",
        "train --loss lsgna --dry-run",
        "train --loss lsgan:reel=1 --dry-run",
        "train --loss lsgan:real --dry-run",
        "train --loss lsgan:weight=much --dry-run",
        "train --generator resnett --dry-run",
        "train --discriminator lsgan --dry-run",
        "train --set imagesize=32 --dry-run",
        "train --set image_size=big --dry-run",
        "train --set image_size={{}} --dry-run",
        "train --set generator=5 --dry-run",
        "train --set discriminators=5 --dry-run",
        "train --set losses=5 --dry-run",
        "train --set generator.filter=2 --dry-run",
        "train --recipe gone.json --dry-run",
        "train --source gone.png --style gone.png -o run",
    ],
)
def test_a_request_that_cannot_be_met_ends_with_2_and_one_line(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = stylezoo(*line.split())
    assert isinstance(done.exception, SystemExit)  # anything else would be shown as a traceback
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("trian", "No such command 'trian'"),
        ("list loses", "'loses' is no kind of plugin. Did you mean 'losses'? There are: "),
        ("train --set image_size", "'image_size' is not of the form name=value"),
        ("train --set =3", "'=3' is not of the form name=value"),
        ("train --steps 0", "0 is not in the range"),
        ("train --seed -1", "-1 is not in the range"),
        ("stylize a.png -m run --style a=1 --style b", "Give each --style a weight, or none"),
        ("stylize a.png -m run --mask m.png", "is not of the form FILE=STYLE"),
        ("stylize a.png -m run --strength 2", "2.0 is not in the range"),
        ("stylize a.png -m run --sweep 3 --style a=1", "--sweep sets the weights itself"),
        ("stylize", "Missing argument"),
        ("import x.pth", "Missing option"),
        ("stylize a.png b.png -m run -o c.png", "'c.png' is one file and there are 2 pictures"),
        ("stylize one/a.png two/a.png -m run -o results", "would be the same file"),
        ("stylize a.png -m run -o a.png", "a.png"),
        ("stylize a.png a-stylized.png -m run", "a-stylized.png"),
    ],
)
def test_a_line_that_makes_no_sense_ends_with_2_and_says_why(line, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = stylezoo(*line.split())
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 2
    assert said in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "more",
    [
        "--source a.png",
        "--style a.png",
        "-o other",
        "--recipe recipe.json",
        "--loss hinge",
        "--generator resnet",
        "--discriminator patch",
        "--set image_size=64",
        "--set steps=64",
        "--seed 3",
        "--dry-run",
        "transfer",
    ],
)
def test_resuming_takes_no_other_word_than_steps(more):
    done = stylezoo("train", "--resume", "run", *more.split())
    assert done.exit_code == 2
    assert "--resume continues a run" in done.stderr


@pytest.mark.parametrize("line", ["train --resume gone", "train --resume gone --steps 5", "stylize a.png -m gone"])
def test_a_run_that_is_not_there_ends_with_1_and_one_line(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = stylezoo(*line.split())
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: 'gone' is no ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dreamy", "of acme-missing 0.3 (acme_missing:Dreamy) cannot be used: ModuleNotFoundError: No module named"),
        ("leaving", "of acme-exits 2.0 (acme_exits:Leaving) cannot be used: SystemExit: 7."),
        ("dashed", "of acme-malformed 1.0 (my-module:Loss) cannot be used: its entry point"),
    ],
)
def test_a_broken_plugin_ends_with_1_and_one_line_when_it_is_asked_for(name, said, third_party):
    third_party("missing", "exits", "malformed")
    done = stylezoo("train", "--loss", name, "--dry-run")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: The loss '{name}' {said}")
    assert len(done.stderr.splitlines()) == 1


def test_as_a_process_an_unknown_name_ends_with_2_and_one_line(python):
    done = python("-m", "stylezoo", "show", "lsgna")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "Error: No plugin is named 'lsgna', and there is no run folder or model file of that name. Did "
        "you mean 'lsgan'?"
    )
    assert len(done.stderr.splitlines()) == 1


# Before TensorFlow starts

ANSWER = """
import contextlib, io, json, sys
missing, lines = json.load(sys.stdin)
sys.modules.update(dict.fromkeys(missing))  # as if they were not installed
from stylezoo.cli import main
for line in lines:
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr), contextlib.suppress(SystemExit):
        main(line.split(), prog_name="stylezoo")
    print(json.dumps([stderr.getvalue(), [name for name in ("tensorflow", "keras") if name in sys.modules]]))
"""


def answers(lines, missing=(), **options):
    """What a process without some packages answers to command lines, one after the other, and what it imported."""
    words = json.dumps([list(missing), list(lines)])
    done = subprocess.run([sys.executable, "-c", ANSWER], input=words, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return dict(zip(lines, map(json.loads, done.stdout.splitlines()), strict=True))


def test_what_needs_no_tensorflow_is_answered_before_it_is_imported(trained, tmp_path):
    noise(tmp_path / "a.png", 40, 40)
    (tmp_path / "words.txt").write_text("no picture")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "imported").mkdir()
    for name in ("recipe.json", "model.keras"):
        (tmp_path / "imported" / name).write_text("{}")
    (tmp_path / "recipe.json").write_text('{"losses": ["gone"]}')
    run = trained[0]
    expected = {
        "train --source gone": "There is no file or folder 'gone'.",
        "train --source a.png --style gone": "There is no file or folder 'gone'.",
        f"train --source a.png --from {run} --add-style gone": "There is no file or folder 'gone'.",
        "train --from gone": "'gone' is no model: there is no such file or folder.",
        "train --from full": "'full' is no model: it holds no model.keras.",
        "train --from words.txt": "'words.txt' is a text that begins 'no picture', no model of stylezoo",
        "train --resume gone": "'gone' is no run folder: there is no recipe.json in it.",
        "train --resume imported": "'imported' was imported, not trained",
        "train --recipe gone.json": "Cannot read the recipe 'gone.json'",
        "train --recipe words.txt": "Cannot read the recipe 'words.txt'",
        "train --recipe recipe.json": "No loss is named 'gone'.",
        "train transfr": "No model is named 'transfr'. Did you mean 'transfer'?",
        "train --loss lsgna": "No loss is named 'lsgna'.",
        "train --set losses=lsgna --dry-run": "No loss is named 'lsgna'.",
        "train --generator nobody/resnet": "'nobody' is not installed or offers no generator 'resnet'.",
        "train --discriminator lsgan:layers=2": "No discriminator is named 'lsgan'.",
        f"train --source a.png -o {run}": f"'{run}' is not empty. Go on with 'stylezoo train --resume {run}'",
        "train --source a.png -o full": "'full' is not empty. Name another folder with -o.",
        f"train --add-style a.png --style a.png --from {run}": "--add-style or --style, not both",
        "train transfer --recipe recipe.json": "Name the model 'transfer' or the recipe 'recipe.json', not both.",
        "import gone.pth -m cut": "'gone.pth' cannot be read",
        "import words.txt -m cut": "'words.txt' is a text that begins 'no picture', no file of PyTorch weights",
        "import gone.pth -m cot": "No model is named 'cot'.",
        f"stylize gone.png words.txt -m {run}": "2 of 2 failed: gone.png, words.txt",
        f"stylize gone.png -m {run}": "There is no file 'gone.png'.",
        f"stylize full -m {run}": "The folder 'full' holds no picture files.",
        "stylize a.png -m gone": "'gone' is no model: there is no such file or folder.",
        f"stylize a.png -m {run} --mask gone.png=monet": "There is no file 'gone.png'.",
        f"stylize a.png --style {run}=1 --style gone=1": "'gone' is no model",
        f"push {run} mine": "'mine' is no address of a model",
        "push gone me/mine": "'gone' is no model",
    }
    found = answers(expected, cwd=tmp_path)
    assert {line: imported for line, (_, imported) in found.items() if imported} == {}
    assert {line: stderr for line, (stderr, _) in found.items() if expected[line] not in stderr} == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "full", "imported", "recipe.json", "words.txt"]


def test_a_missing_extra_is_told_before_tensorflow_is_imported(tmp_path):
    samples, hub = "pip install scikit-image", "pip install huggingface_hub"
    expected = {
        "train": samples,
        "train cyclegan --seed 3": samples,
        "train --source . --from hf://me/mine": hub,
        "stylize a.png -m hf://me/mine": hub,
        "stylize a.png --style hf://me/mine": hub,
        "show hf://me/mine": hub,
    }
    found = answers(expected, missing=["skimage", "huggingface_hub"], cwd=tmp_path)
    assert {line: imported for line, (_, imported) in found.items() if imported} == {}
    assert {line: stderr for line, (stderr, _) in found.items() if expected[line] not in stderr} == {}
    assert list(tmp_path.iterdir()) == []


# Help


def test_help_shows_every_command_once_under_the_heading_of_its_family():
    lines = stylezoo("--help").stdout.partition("Options:\n")[2].splitlines()
    shown = {line.rstrip(":"): [] for line in lines if line.endswith(":")}
    for line in lines:
        if line.endswith(":"):
            heading = line.rstrip(":")
        elif line.startswith("  ") and line.split()[0] in main.commands:
            shown[heading].append(line.split()[0])
    assert shown == {
        "Pictures": ["stylize", "compare", "app"],
        "Training": ["train", "evaluate", "import"],
        "Plugins": ["list", "show", "install", "uninstall", "doctor", "new"],
        "Sharing": ["export", "push"],
    }
    assert sorted(name for names in shown.values() for name in names) == sorted(main.commands)


def test_help_of_train_has_every_option_once():
    lines = stylezoo("train", "--help").stdout.partition("Options:\n")[2].splitlines()
    shown = [line.split()[0].rstrip(",") for line in lines if line.startswith("  -")]
    options = [param for param in main.commands["train"].params if isinstance(param, click.Option)]
    assert sorted(shown) == sorted(["-h", *(option.opts[0] for option in options)])


def test_precision_has_the_values_that_a_recipe_can_have():
    option = next(param for param in main.commands["train"].params if param.name == "precision")
    assert tuple(option.type.choices) == PRECISIONS


# Colour


def test_a_terminal_gets_colours_unless_no_color_is_set(third_party):
    third_party("missing")
    assert "\x1b[" in stylezoo("list", color=True).stdout
    for line in ("list", "show lsgan", "show gone"):
        done = stylezoo(*line.split(), color=True, env={"NO_COLOR": "1"})
        assert "\x1b" not in done.output


# Training


def test_a_dry_run_prints_a_recipe_that_can_be_read_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "--loss hinge --loss tv:weight=0.1 --discriminator patch:layers=2 --steps 7 --seed 3"
    settings = {"generator.filters": 8, "optimizer.beta_1": 0, "schedule.epochs": 50}
    done = stylezoo("train", "transfer", *words.split(), *small_part(**settings), "--dry-run")
    assert (done.exit_code, done.stderr, list(tmp_path.iterdir())) == (0, "", [])
    file = tmp_path / "recipe.json"
    file.write_text(done.stdout)
    losses, discriminators = ["hinge", "tv:weight=0.1"], ["patch:layers=2"]
    expected = Recipe.named("transfer", losses=losses, discriminators=discriminators, steps=7, seed=3, **settings)
    assert Recipe.read(file) == expected.resolve().recipe
    assert stylezoo("train", "--recipe", file, "--dry-run").stdout == done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--loss autoencoder", "needs a generator with the input styles"),
        ("--loss feature-matching", "needs a discriminator that has layers called feature_"),
        ("--set image_size=60", "need crops of at least 68 pixels"),
        ("--source gone.png", "There is no file or folder 'gone.png'."),
        ("--source broken.png", "is not a picture that Pillow can read"),
        ("-o full", "'full' is not empty."),
        ("pix2pix --style a.png", "This model learns from pairs"),
    ],
)
def test_a_dry_run_refuses_what_a_training_would(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    noise(tmp_path / "a.png", 80, 80)
    before = sorted(tmp_path.rglob("*"))
    done, trained = (stylezoo("train", *words.split(), *more) for more in (["--dry-run"], []))
    assert (done.exit_code, done.stderr) == (trained.exit_code, trained.stderr)
    assert done.exit_code in (1, 2)
    assert said in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_without_a_network_says_what_is_not_checked(monkeypatch):
    def download(**given):
        raise OSError("no network")

    features._downloaded.cache_clear()
    monkeypatch.setattr(keras.applications, "VGG19", download)
    done = stylezoo("train", "adain", "--dry-run", "--set", "generator.depth=1")
    assert done.exit_code == 0
    assert done.stderr.startswith("The networks are not checked. The VGG-19 weights of Keras cannot be downloaded")
    assert json.loads(done.stdout)["generator"] == "stylezoo/adain:depth=1"


@pytest.mark.long
def test_a_dry_run_prints_nothing_but_json_as_a_process(python):
    done = python("-m", "stylezoo", "train", "--dry-run", "--precision", "float32")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == Recipe.named("single-pair", precision="float32").to_dict()


def test_a_training_leaves_every_file_that_its_help_names(trained):
    run, done = trained
    assert (done.exit_code, done.exception) == (0, None)
    lines = stylezoo("train", "--help").stdout.partition("The run folder holds:\n")[2].partition("\n\n")[0].splitlines()
    named = [line.split()[0] for line in lines if not line.endswith("if any")]
    assert {"result.png", "log.csv", "model.keras"} < set(named)
    assert [name for name in named if not (run / name).exists()] == []
    assert [path.name for path in run.rglob(".*")] == []  # no temporary file is left


def test_a_training_keeps_what_was_asked_for(trained):
    recipe = Recipe.read(trained[0] / "recipe.json")
    assert (recipe.steps, recipe.image_size, recipe.generator.options["filters"]) == (2, 32, 2)
    assert [spec.options["filters"] for spec in recipe.discriminators] == [2]
    with open(trained[0] / "log.csv", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2"]


def test_a_training_says_what_it_does_and_what_to_do_next(trained):
    run, done = trained
    assert "1 picture\n" in done.stdout
    assert f"{run}, 2 steps" in done.stdout
    assert f"stylezoo stylize PICTURE.jpg --model {run}\n" in done.stdout
    page, look, *steps = done.stderr.splitlines()
    assert page == f"Open {run}/report.html in a browser: it follows the training."
    assert look == f"Look at {run}/samples/latest.png, always the newest sheet."
    assert [line.partition("  ")[0] for line in steps] == ["step 1/2", "step 2/2"]
    sheets = run / "samples"
    assert (sheets / "latest.png").read_bytes() == (sheets / "step-000002.png").read_bytes()


def test_a_result_has_the_size_of_its_source(trained):
    with Image.open(trained[0] / "result.png") as image:
        assert image.size == (60, 44)


def test_a_folder_that_holds_a_run_is_not_overwritten(trained):
    done = stylezoo("train", *TINY, "--steps", 1, "-o", trained[0])
    assert done.exit_code == 1
    assert f"'{trained[0]}' is not empty" in done.stderr
    assert Recipe.read(trained[0] / "recipe.json").steps == 2


def test_a_complete_training_is_not_resumed_without_more_steps(trained):
    done = stylezoo("train", "--resume", trained[0])
    assert done.exit_code == 1
    assert f"'{trained[0]}' is complete" in done.stderr
    assert "Train it longer with --steps N." in done.stderr


# Stylising


def test_a_picture_is_redrawn_beside_itself_in_its_own_size(trained, tmp_path):
    picture = noise(tmp_path / "holiday.jpg", 37, 53)
    done = stylezoo("stylize", picture, "--model", trained[0])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'holiday-stylized.png'}\n"
    with Image.open(tmp_path / "holiday-stylized.png") as image:
        assert (image.size, image.mode) == ((37, 53), "RGB")


def test_a_model_file_draws_what_its_run_folder_draws(trained, tmp_path):
    picture = noise(tmp_path / "a.png", 32, 32)
    stylezoo("stylize", picture, "-m", trained[0], "-o", tmp_path / "one.png")
    stylezoo("stylize", picture, "-m", trained[0] / "model.keras", "-o", tmp_path / "new" / "two.png")
    with Image.open(tmp_path / "one.png") as one, Image.open(tmp_path / "new" / "two.png") as two:
        assert one.tobytes() == two.tobytes()


def test_one_bad_picture_does_not_stop_the_others(trained, tmp_path):
    good, also_good = noise(tmp_path / "a.png", 32, 32), noise(tmp_path / "c.png", 32, 32)
    bad = tmp_path / "b.png"
    bad.write_text("not a picture")
    done = stylezoo("stylize", good, bad, also_good, "-m", trained[0], "-o", tmp_path / "results")
    assert done.exit_code == 1
    assert done.stderr == f"Error: '{bad}' is not a picture that Pillow can read.\n1 of 3 failed: {bad}\n"
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["a-stylized.png", "c-stylized.png"]


# Several styles, styles from pictures, and weights of others


def small_part(**options):
    return [word for name, value in options.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def gated(tmp_path_factory):
    """A training of one generator on two folders of styles, and what it said."""
    folder = tmp_path_factory.mktemp("gated")
    styles = []
    for name in ("monet", "song"):
        (folder / name).mkdir()
        noise(folder / name / "a.png", 40, 40)
        styles += ["--style", folder / name]
    source = noise(folder / "source.png", 44, 40)
    small = small_part(**{"generator.filters": 2, "generator.blocks": 1, "discriminators.filters": 2, "pool": 2})
    words = ["--source", source, *styles, "--steps", 2, "--set", "image_size=32", "--set", "load_size=36", *small]
    return folder, stylezoo("train", "gated", *words, "-o", folder / "run")


@pytest.mark.long
def test_every_style_folder_is_a_style_by_name(gated):
    folder, done = gated
    assert done.exit_code == 0, done.output
    assert "Style   1 picture of monet" in done.stdout
    assert Recipe.read(folder / "run/recipe.json").resolve().styles == ("monet", "song")
    with Image.open(folder / "run/samples/step-000002.png") as sheet:
        assert sheet.width > 4 * sheet.height / 2  # source, style and a result in each of the two styles
    drawn = []
    for number, style in enumerate(("monet", "song", None)):
        words = ["--style", style] if style else []
        out = folder / f"{number}.png"
        assert stylezoo("stylize", folder / "source.png", "-m", folder / "run", "-o", out, *words).exit_code == 0
        with Image.open(out) as image:
            drawn.append(image.tobytes())
    assert drawn[0] == drawn[2] != drawn[1]  # without a name the first
    resumed = stylezoo("train", "--resume", folder / "run", "--steps", 3)
    assert resumed.exit_code == 0, resumed.output


def test_an_unknown_style_is_one_line(gated):
    folder, _ = gated
    done = stylezoo("stylize", folder / "source.png", folder / "source.png", "-m", folder / "run", "--style", "manet")
    assert done.exit_code == 2
    done = stylezoo("stylize", folder / "source.png", "-m", folder / "run", "--style", "manet")
    assert done.exit_code == 2
    assert done.stderr == "Error: This model has no style 'manet'. Did you mean 'monet'? It has: monet, song.\n"


@pytest.mark.long
def test_a_style_may_be_told_by_a_picture(tmp_path):
    source, style = noise(tmp_path / "source.png", 40, 44), noise(tmp_path / "style.png", 52, 40)
    words = ["--source", source, "--style", style, "--steps", 1, "--set", "image_size=32", "--set", "load_size=36"]
    small = small_part(
        **{"generator.filters": 2, "generator.blocks": 1, "generator.mlp": 4, "discriminators.filters": 2}
    )
    run = tmp_path / "run"
    done = stylezoo("train", "munit", *words, *small, "--discriminator", "patch:layers=1", "-o", run)
    assert done.exit_code == 0, done.output
    drawn = {}
    for name, look in {"guided": ["--style", style], "one": ["--seed", 1], "two": ["--seed", 2]}.items():
        assert stylezoo("stylize", source, "-m", run, "-o", tmp_path / f"{name}.png", *look).exit_code == 0
        drawn[name] = (tmp_path / f"{name}.png").read_bytes()
    assert len(set(drawn.values())) == 3
    done = stylezoo("stylize", source, "-m", run, "--style", tmp_path / "gone.png")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)


def test_a_data_set_of_pairs_is_trained_as_it_is(tmp_path):
    (tmp_path / "train").mkdir()
    noise(tmp_path / "train" / "1.jpg", 88, 44)
    words = ["--source", tmp_path, "--steps", 1, "--set", "image_size=32", "--set", "load_size=36"]
    small = small_part(**{"generator.filters": 2, "generator.downs": 3, "discriminators.filters": 2})
    done = stylezoo("train", "pix2pix", *words, *small, "-o", tmp_path / "run")
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "run/result.png") as result:
        assert result.size == (44, 44)
    done = stylezoo("train", "pix2pix", "--style", tmp_path / "train", "-o", tmp_path / "other")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: This model learns from pairs")


# What strangers call things


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A distribution whose words hold control characters, and one whose source cannot be read."""
    (tmp_path / "odd-1.0.dist-info").mkdir()
    tables = "[stylezoo.losses]\nodd = odd_words:Odd\nlarge = odd_large:Large\ngone = odd_gone:Gone\n"
    (tmp_path / "odd-1.0.dist-info" / "entry_points.txt").write_text(tables)
    doc = "'Red \\x1b[31m \\u202e.\\n\\n    More \\x9b2J.'"
    source = f"class Odd:\n    {doc}\n    def __init__(self, a='\x1b[5m\\x07'): pass\n"
    (tmp_path / "odd_words.py").write_text(source)
    (tmp_path / "odd_large.py").write_text("#" * 300_000)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("words", ["list losses odd", "show odd", "list --json losses", "show --json odd"])
def test_words_of_a_plugin_have_no_control_characters(words, odd):
    said = stylezoo(*words.split(), color=True).stdout
    assert "Red" in said
    for letter in ("\x1b[31m", "\x1b[5m", "\u202e", "\x9b", "\x07"):
        assert letter not in said


def test_a_source_that_is_not_readable_is_not_called_broken(odd):
    lines = stylezoo("list", "losses").stdout.splitlines()
    (large,) = [line for line in lines if line.startswith("  large")]
    assert "source not readable: it has more" in large
    assert "broken" not in large
    assert "broken: there is no module 'odd_gone'" in next(line for line in lines if line.startswith("  gone"))
    assert "Its source is not readable: it has more than" in stylezoo("show", "large").stdout


def test_every_line_of_a_command_is_printed_by_one_function():
    files = (Path(terminal.__file__).parent).glob("*.py")
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert [name for name, text in texts.items() if re.search(r"click\.s?echo|\bprint\(", text)] == ["terminal.py"]


def test_a_line_keeps_its_indentation_and_nothing_that_moves_the_cursor(capsys):
    terminal.say("  a\nb\x1b[2J\u2066c\t")
    assert capsys.readouterr().out == "  a b[2Jc\n"


def test_names_of_files_have_no_control_characters(tmp_path):
    result = stylezoo("stylize", tmp_path / "a\x1b[31m\nb.png", "--model", tmp_path)
    assert result.exit_code != 0
    assert result.output.count("\n") == 1
    assert "\x1b" not in result.output
