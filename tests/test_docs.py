"""The documentation says what is true: generated pages are complete, examples run, command lines parse."""

import ast
import inspect
import json
import pydoc
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import fields
from pathlib import Path

import click
import numpy as np
import pytest
import tifffile
import vgg_file
from click.testing import CliRunner
from test_cli import noise
from test_film import clip, photo

import stylezoo
from stylezoo import checks, contract, errors
from stylezoo.catalogue import registry, scaffolding
from stylezoo.catalogue.kinds import KINDS
from stylezoo.catalogue.sources import describe
from stylezoo.cli import main
from stylezoo.docs import pages
from stylezoo.docs.pages import filled, third_party
from stylezoo.pictures import films
from stylezoo.pictures.scans import Scan

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
TEXTS = [page for page in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md") if page.exists()]
FENCE = re.compile(r"^ *```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


PAGE = (ROOT / "docs" / "write-a-plugin.md").read_text(encoding="utf-8")


def write(folder, title, language, code):
    """A file of the page "Write a plugin"; of `pyproject.toml` it shows the tables that are new or others."""
    file = folder / title
    file.parent.mkdir(exist_ok=True)
    if language != "toml":
        file.write_text(code, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    for table in re.split(r"(?m)^(?=\[)", code)[1:]:
        head = re.escape(table.partition("\n")[0])
        text, count = re.subn(rf"(?ms)^{head}\n.*?(?=^\[|\Z)", lambda _, new=table: f"{new}\n", text)
        text += "" if count else f"\n{table}"
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def tone(tmp_path, monkeypatch):
    """The distribution that the page "Write a plugin" builds, on `sys.path` as an install puts it there."""
    scaffolding.new("loss", "tone", tmp_path / "new")
    folder = tmp_path / "new"
    for language, title, code in FENCE.findall(PAGE):
        if title:
            write(folder, title, language, code)
        elif "mv stylezoo_tone.py" in code:
            (folder / "stylezoo_tone").mkdir()
            (folder / "stylezoo_tone.py").rename(folder / "stylezoo_tone" / "__init__.py")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    tables = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in table.items())
        for group, table in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(tables))
    monkeypatch.syspath_prepend(folder)
    yield [p for p in registry.plugins() if p.distribution == project["name"]]
    for name in [name for name in sys.modules if name.partition(".")[0] == "stylezoo_tone"]:
        del sys.modules[name]


def command_lines():
    """Every `stylezoo ...` line of the pages, in blocks of code and within sentences: (page, line)."""
    for page in TEXTS:
        text = page.read_text(encoding="utf-8")
        blocks = [line for language, _, code in FENCE.findall(text) if language != "python" for line in _joined(code)]
        spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", text))
        options = [f"stylezoo train {span}" for span in spans if re.match(r"--[a-z]+ ", span)]
        for line in [*blocks, *spans, *options]:
            for part in re.split(r"&&|\|", line):
                if re.match(r"(\$ )?stylezoo [a-z]", part.strip()):
                    yield page.name, part.strip().removeprefix("$ ")


def _joined(code):
    return code.replace("\\\n", " ").splitlines()


LINES = sorted(set(command_lines()))


def test_site_navigation_names_every_page():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    named = re.findall(r": (\S+\.md)$", text, re.MULTILINE)
    docs = ROOT / "docs"
    assert sorted(named) == sorted(page.relative_to(docs).as_posix() for page in docs.rglob("*.md"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_has_its_section(kind):
    pages = [page for page in PAGES if f"{{{{ zoo {kind} }}}}" in page.read_text(encoding="utf-8")]
    assert len(pages) == 1
    text = filled(pages[0].read_text(encoding="utf-8"), ROOT / "docs")
    assert "{{" not in text
    sections = dict(zip(*[iter(re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for plugin in registry.plugins(kind):
        said = describe(plugin)
        section = sections[plugin.name]
        assert plugin.owner in section
        assert " ".join(said.summary.split()) in " ".join(section.split())
        for option in said.options:
            assert f"| `{option.name}` |" in section
        for name in (name for name, _ in said.fields if name != "about" and kind != "style"):
            assert f"| `{name}` |" in section


def test_gallery_shows_picture_card_and_command_of_each_style():
    sections = re.split(r"^## ", filled("{{ zoo style }}", ROOT / "docs"), flags=re.MULTILINE)
    for plugin in registry.plugins("style"):
        card = dict(describe(plugin).fields)
        (section,) = [each for each in sections if each.startswith(f"{plugin.name}\n")]
        if plugin.distribution == "stylezoo":
            assert f"](images/styles/{plugin.name}.jpg)\n" in section
            assert f"| measured | {card['figures']} |" in section
        assert f"```text\nstylezoo stylize photo.jpg --style {plugin.name}\n```" in section
        assert section.count("| learned from | ") == len(card["sources"])
        assert f"| licence | {card['license']} |" in section
        assert f"| size | {plugin.file.stat().st_size / 1e6:.1f} MB |" in section


def test_a_model_is_shown_with_its_picture_if_there_is_one():
    sections = re.split(r"^## ", filled("{{ zoo model }}", ROOT / "docs"), flags=re.MULTILINE)
    shown = {path.stem for path in (ROOT / "docs/images/models").iterdir()}
    assert "single-pair" in shown
    for plugin in registry.plugins("model"):
        (section,) = [each for each in sections if each.startswith(f"{plugin.name}\n")]
        assert (f"](images/models/{plugin.name}.jpg)\n" in section) is (plugin.name in shown)


def test_gallery_leads_to_the_sections():
    shown = filled("{{ gallery styles.md }}", ROOT / "docs")
    names = re.findall(
        r"^\[!\[.+\]\(images/styles/(.+)\.jpg\) \1\]\(styles\.md#\1\)\{ \.style \}$", shown, re.MULTILINE
    )
    assert names == [plugin.name for plugin in registry.plugins("style") if plugin.distribution == "stylezoo"]
    assert filled("{{ gallery styles.md }}") == ""  # a page that has no such pictures beside it


def ship(folder, name, card):
    """A distribution "ours" of one style, as far as its page needs it: the card in its file."""
    (folder / "ours-1.0.dist-info").mkdir()
    table = f"[stylezoo.styles]\n{name} = stylezoo_ours:ours\n"
    (folder / "ours-1.0.dist-info" / "entry_points.txt").write_text(table)
    (folder / "stylezoo_ours").mkdir()
    (folder / "stylezoo_ours" / "__init__.py").write_text("")
    with zipfile.ZipFile(folder / "stylezoo_ours" / "ours.keras", "w") as archive:
        archive.writestr("card.json", card if isinstance(card, str) else json.dumps(card))


def test_strangers_style_has_a_page_without_a_picture(tmp_path, monkeypatch):
    ship(tmp_path, "ours", {"about": "Dunes.", "license": "CC0-1.0", "sources": ["A, Dunes", "B, Sea"]})
    monkeypatch.syspath_prepend(str(tmp_path))
    page = third_party()["ours"]
    assert "## ours\n\nStyle of ours 1.0, `stylezoo_ours:ours`\n\nDunes.\n" in page
    assert "| learned from | A, Dunes |\n| learned from | B, Sea |\n| licence | CC0-1.0 |\n| size | 0.0 MB |" in page
    assert "![" not in page
    assert "made by" not in page


def test_style_of_two_owners_is_named_with_its_distribution(tmp_path, monkeypatch):
    ship(tmp_path, "great-wave", {"about": "Dunes.", "license": "CC0-1.0", "sources": ["A, Dunes"]})
    monkeypatch.syspath_prepend(str(tmp_path))
    text = filled("{{ zoo style }}", ROOT / "docs")
    for owner in ("stylezoo", "ours"):
        assert f"stylezoo stylize photo.jpg --style {owner}/great-wave\n" in text


@pytest.mark.parametrize("card", ["", "[1]", '{"sources": {"a": 1}}', '{"license": 1, "sources": 2, "command": 3}'])
def test_style_with_an_odd_card_breaks_no_page(card, tmp_path, monkeypatch):
    ship(tmp_path, "ours", card)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "## ours\n" in filled("{{ zoo style }}", ROOT / "docs")


def test_strangers_plugin_documents_itself(tone):
    text = filled("{{ zoo loss }}")
    assert "stylezoo-tone 0.1.0, `stylezoo_tone:Tone`" in text
    assert "| `spread` | `float` | `1.0` | Weight of the standard deviation, relative to the mean. |" in text
    assert "stylezoo train --loss tone:spread=1.0" in text


def test_strangers_distribution_has_a_page_of_its_own(tone):
    page = third_party()["stylezoo-tone"]
    assert page.startswith("# stylezoo-tone 0.1.0\n\n```text\npip install stylezoo-tone\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["recolour", "tint", "swatch", "gist", "tone"]
    assert "stylezoo" not in third_party()
    assert filled("{{ zoo Stylezoo_Tone }}\n").rstrip("\n") in page


def test_command_line_page_is_complete():
    text = filled((ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    sections = dict(zip(*[iter(re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert set(sections) == {"Completion", "stylezoo", *(f"stylezoo {name}" for name in main.commands)}
    for name, command in main.commands.items():
        section = sections[f"stylezoo {name}"]
        assert " ".join(command.help.partition("\n\n")[0].split()) in section
        for param in command.params:
            spelled = param.opts if isinstance(param, click.Option) else [param.name.upper()]
            wanted = re.compile(rf"\| `[^|]*{re.escape(spelled[-1])}\b")  # --worker, not --workers
            row = next(line for line in section.splitlines() if wanted.match(line))
            assert all(each in row for each in spelled)
            assert param.help in row


def test_pages_import_nothing_heavy():
    code = (
        "import sys; from stylezoo.docs.pages import filled; "
        "[filled(f'{{{{ zoo {kind} }}}}') for kind in ('style', 'model', 'generator', 'discriminator', 'loss')]; "
        "filled('{{ cli }}'); filled('{{ gallery styles.md }}', 'docs'); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"keras", "tensorflow", "numpy", "PIL", "mkdocs", "stylezoo_builtins"}


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {line}" for page, line in LINES])
def test_command_line_parses(page, line, tone):
    words = shlex.split(line, comments=True)[1:]
    assert words[0] in main.commands, f"{page}: there is no command '{words[0]}'"
    command = main.commands[words[0]]
    if "--help" in words:
        return
    # A sentence may name a command, or one of its options, without what must follow.
    whole = words[1:] and not (words[-1].startswith("--") and _takes_value(command, words[-1]))
    above = click.Context(main, **main.context_settings)  # click keeps the names of --help that a command sees first
    given = words[1:] if whole else words[1:-1]
    context = command.make_context(words[0], given, above, resilient_parsing=not whole)
    _check_names(context.params)


def _takes_value(command, word):
    return any(word in param.opts and not param.is_flag for param in command.params if isinstance(param, click.Option))


def _check_names(params):
    """Settings are fields of recipes, parts are installed and take their options; nothing is imported for it."""
    known = {field.name for field in fields(stylezoo.Recipe)}
    for name, _ in params.get("settings") or ():
        assert name.partition(".")[0] in known
    parts = [("model", params["model"])] if params.get("losses") is not None and params.get("model") else []
    parts += [("loss", text) for text in params.get("losses") or ()]
    parts += [("discriminator", text) for text in params.get("discriminators") or ()]
    parts += [("generator", text) for text in [params.get("generator")] if text]
    beside = _offered_beside()
    for kind, text in parts:
        spec = stylezoo.Spec.parse(text)
        if (kind, spec.name) in beside:  # installed by the line before
            continue
        options = {option.name for option in describe(registry.find(kind, spec.name)).options}
        assert set(spec.options) <= options, text


def _offered_beside():
    """Kind and name of what the distributions in `plugins` offer."""
    projects = [tomllib.loads(file.read_text(encoding="utf-8")) for file in ROOT.glob("plugins/*/pyproject.toml")]
    tables = [(kind, project["project"]["entry-points"]) for project in projects for kind in KINDS.values()]
    return {(kind.name, name) for kind, entries in tables for name in entries.get(kind.group, {})}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_python_blocks_name_what_is_there(page):
    for language, _, code in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            for node in ast.walk(ast.parse(code)):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "stylezoo":
                    assert hasattr(stylezoo, node.attr)


def entries_of_the_api_page():
    """Every name that the page of the API documents, with its module: "stylezoo.layers.luminance"."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name, options in re.findall(r"^::: ([\w.]+)\n((?:    .*\n)*)", text, re.MULTILINE):
        members = re.findall(r"^        - (\w+)$", options, re.MULTILINE)
        members += re.findall(r"\w+", "".join(re.findall(r"[^_]members: \[(.*)\]", options)))
        if "show_root_heading: false" not in options:
            yield name
        yield from (f"{name}.{member}" for member in members)


def test_api_page_has_every_public_name():
    shown = {*entries_of_the_api_page()}
    raised = [f"stylezoo.errors.{name}" for name, each in vars(errors).items() if isinstance(each, type)]
    public = [f"stylezoo.{name}" for name in stylezoo.__all__ if name != "StylezooError"]
    assert {*public, *raised} <= shown
    for module in (contract, checks):
        alone = {name for name in module.__all__ if callable(getattr(module, name)) and name not in stylezoo.__all__}
        assert {f"{module.__name__}.{name}" for name in alone - {"answer"}} <= shown


def test_api_page_has_what_the_docs_import():
    shown = {*entries_of_the_api_page()}
    for page in TEXTS:
        code = "\n".join(code for _, _, code in FENCE.findall(page.read_text(encoding="utf-8")))
        for module, names in re.findall(r"^from (stylezoo(?:\.[\w.]+)?) import (.+)$", code, re.MULTILINE):
            for name in names.split(", "):
                assert any(each.startswith(f"{module}.{name}") for each in shown), f"{page.name}: {module}.{name}"


@pytest.mark.parametrize("name", sorted(entries_of_the_api_page()))
def test_entry_of_the_api_page_is_there_and_says_something(name):
    assert pydoc.locate(name) is not None, name
    assert (pydoc.locate(name).__doc__ or "").strip()


def test_api_page_has_something_to_say_of_every_name():
    """As the page is made: from the source alone."""
    griffe = pytest.importorskip("griffe", reason="the page needs the extra 'docs'")
    loader = griffe.GriffeLoader(search_paths=[ROOT], docstring_parser="google")
    loader.load("stylezoo")
    loader.resolve_aliases(implicit=True)
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    names = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    assert len(names) > 50
    for name in names:
        shown = loader.modules_collection[name]
        assert shown.docstring is not None, name
        assert not shown.is_module or name.partition(".")[2] not in stylezoo.__all__, name  # one that hides a function
    (parameters,) = (
        s.value for s in loader.modules_collection["stylezoo.train"].docstring.parsed if s.kind == "parameters"
    )
    expected = [*inspect.signature(stylezoo.train).parameters]
    assert [parameter.name.lstrip("*") for parameter in parameters] == expected


@pytest.mark.long
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "style"])
def test_commands_of_the_catalogue_work_as_they_are_typed(kind, tmp_path, monkeypatch):
    """As dry runs, which prepare a training; the file stands for weights that Keras downloads or an extra brings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vgg_file, "CHANNELS", (64, 128, 256, 512, 512))
    file = vgg_file.write(tmp_path)
    commands = re.findall(r"^```text\n(stylezoo train .*)\n```$", pages.zoo(kind), re.MULTILINE)
    assert len(commands) == len(registry.plugins(kind))
    weights = ["--features", str(file)] if kind == "metric" else ["--set", f"vgg={file}"]
    for command in commands:
        done = CliRunner().invoke(main, [*shlex.split(command)[1:], "--dry-run", *weights])
        assert (done.exit_code, done.stderr) == (0, ""), command
        assert isinstance(stylezoo.Recipe.from_dict(json.loads(done.stdout)), stylezoo.Recipe)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@pytest.mark.long
def test_commands_of_the_gallery_work_as_they_are_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noise("photo.jpg", 40, 32)
    commands = re.findall(r"^```text\n(stylezoo stylize .*)\n```$", pages.zoo("style"), re.MULTILINE)
    assert len(commands) == len(registry.plugins("style"))
    for command in commands:
        done = CliRunner().invoke(main, [*shlex.split(command)[1:], "-o", f"{len([*tmp_path.iterdir()])}.png"])
        assert (done.exit_code, done.stderr) == (0, ""), command
    assert len([*tmp_path.iterdir()]) == 1 + len(commands)


@pytest.mark.long
def test_page_your_own_style_is_followed_command_by_command(environment, tmp_path):
    """Installs are real and the kit is run; the training has two steps, and small crops."""
    (tmp_path / "photos").mkdir()
    for name in ("photos/one.jpg", "photos/two.jpg", "mine.jpg", "holiday.jpg"):
        noise(tmp_path / name, 88, 80)
    text = (ROOT / "docs" / "your-own-style.md").read_text(encoding="utf-8")
    ran = []
    try:
        for line in [line for language, _, code in FENCE.findall(text) if language == "sh" for line in _joined(code)]:
            program, *words = shlex.split(line)
            ran.append(" ".join([program, *words[:1]]))
            if program == "pip":
                environment.pip("install", "-e", tmp_path / "stylezoo-dunes")
                continue
            if words[0] == "train":
                words += ["--steps", "2", "--set", "image_size=72"]
            _run(environment, tmp_path, program, words)
        drawn = {name for name in ("mine", "both", "dunes") if (tmp_path / f"holiday-{name}.jpg").exists()}
    finally:
        environment.pip("uninstall", "stylezoo-dunes")
    assert drawn == {"mine", "both", "dunes"}
    assert {"stylezoo train", "stylezoo new", "stylezoo show", "pip install", "pytest stylezoo-dunes"} <= {*ran}
    assert "dunes" not in environment.stylezoo("list", "styles").stdout


@pytest.mark.long
def test_page_of_films_is_followed_command_by_command(tmp_path, monkeypatch):
    """With a small clip; the example in Python runs as well."""
    clip(tmp_path / "clip.mp4", [photo(64, 48)] * 4, audio="aac")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "film.md").read_text(encoding="utf-8")
    for language, _, code in FENCE.findall(page):
        if language == "python":
            exec(code, {})
        for line in code.splitlines() if language == "sh" else ():
            done = CliRunner().invoke(main, shlex.split(line)[1:])
            assert done.exit_code == 0, f"{line}\n{done.output}"
    made = {"clip-stylized.mp4": (64, 48), "small.mp4": (64, 48), "clip.webm": (64, 48), "clip.gif": (43, 32)}
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "drawn.mp4", *made}
    for name, size in made.items():
        assert (films.opened(name).size, len(films.opened(name))) == (size, 4)


@pytest.mark.long
def test_page_of_scientific_pictures_is_followed_command_by_command(tmp_path, monkeypatch):
    """With small pictures and crops, and trainings of two steps; the examples in Python run as well."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for folder, shape in (("scans", (80, 88)), ("etchings", (80, 88)), ("bands", (80, 88, 4)), ("others", (80, 88, 4))):
        Path(folder).mkdir()
        picture, planes = random.integers(0, 65536, shape, dtype="uint16"), {"planarconfig": "contig"}
        tifffile.imwrite(f"{folder}/0.tif", picture, photometric="minisblack", **(planes if len(shape) > 2 else {}))
    tifffile.imwrite("scan12.tif", random.integers(0, 4096, (8, 9), dtype="uint16"))
    Scan(random.integers(0, 65536, (64, 48, 3), dtype="uint16")).save("deep.png")
    for language, _, code in FENCE.findall((ROOT / "docs" / "scientific-pictures.md").read_text(encoding="utf-8")):
        if language == "python":
            exec(code, {})
        for line in _joined(code) if language == "sh" else ():
            small = ["--steps", "2", "--set", "image_size=72", "--set", "load_size=80"] if " train " in line else []
            done = CliRunner().invoke(main, [*shlex.split(line)[1:], *small])
            assert done.exit_code == 0, f"{line}\n{done.output}"
    assert {"deep-stylized.png", "deep-wave.tif", "drawn.png", "drawn.tif"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert tifffile.imread("drawn.tif").shape == (80, 88, 4)


@pytest.mark.long
def test_page_write_a_plugin_is_followed_command_by_command(environment, tmp_path):
    """Installs are real and tests are run; of trainings two steps of the small model, of others the dry run."""
    noise(tmp_path / "photo.jpg", 88, 80)
    noise(tmp_path / "painting.jpg", 80, 84)
    folder, ran = tmp_path, []
    try:
        for language, title, code in FENCE.findall(PAGE):
            if title:
                write(folder, title, language, code)
            for line in _joined(code) if language == "sh" else ():
                program, *words = shlex.split(line)
                ran.append(line)
                if program == "cd":
                    folder = folder / words[0]
                    for picture in ("photo.jpg", "painting.jpg"):
                        (tmp_path / picture).rename(folder / picture)
                elif program == "pip":
                    environment.pip("install", "-e", folder)
                elif program == "mkdir":
                    (folder / words[0]).mkdir()
                elif program == "mv":
                    (folder / words[0]).rename(folder / words[1])
                else:
                    _follow(environment, folder, program, words)
    finally:
        environment.pip("uninstall", "stylezoo-tone")
    assert {line.split()[0] for line in ran} == {"stylezoo", "cd", "pip", "pytest", "mkdir", "mv"}


def _follow(environment, folder, program, words):
    if words[:1] == ["train"]:
        words += ["--steps", "2"] if "recolour" in words else ["--dry-run"]
    if program == "pytest" and (folder / "stylezoo_tone.py").exists():  # the kit is for the end: it takes its time
        words += ["-k", "numpy or values or documented"]
    _run(environment, folder, program, words)


def _run(environment, folder, program, words):
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"] if program == "pytest" else []
    done = environment.python("-m", program, *options, *words, cwd=folder)
    assert done.returncode == 0, f"{program} {shlex.join(words)}\n{done.stdout}\n{done.stderr}"


def test_page_names_every_check_and_says_of_what():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", PAGE, re.MULTILINE))
    groups = {"parts": {"generator", "discriminator", "loss"}, "networks": {"generator", "discriminator"}}
    groups |= {"all": set(checks.CHECKS), **{f"{kind}s": {kind} for kind in checks.CHECKS}, "losses": {"loss"}}
    for name in {name for kind in checks.CHECKS for name in checks.CHECKS[kind]}:
        kinds = set().union(*(groups[word] for word in rows[name].split(", ")))
        assert kinds == {kind for kind in checks.CHECKS if name in checks.CHECKS[kind]}, name
    assert set(rows) == {name for kind in checks.CHECKS for name in checks.CHECKS[kind]}


def test_page_write_a_plugin_runs(tone):
    import numpy as np

    assert {(p.kind, p.name) for p in tone} == {
        ("loss", "tone"),
        ("loss", "gist"),
        ("generator", "tint"),
        ("discriminator", "swatch"),
        ("model", "recolour"),
    }
    assert not any(describe(plugin).problem for plugin in tone)
    losses = ["tone:spread=0.5,weight=2", "gist:weight=10"]
    gan = stylezoo.create_model("recolour", losses=losses, image_size=16, batch_size=2)
    source, style = np.random.default_rng(0).uniform(-1, 1, (2, 2, 16, 16, 3)).astype("float32")
    logs = gan.train_on_batch(source, style, return_dict=True)
    assert {"generator/tone", "generator/gist", "generator/lsgan", "discriminator/lsgan"} <= set(logs)
    assert np.isfinite(list(logs.values())).all()
    fake = np.asarray(gan.stylize(source))
    assert fake.shape == source.shape
    assert np.isfinite(fake).all()


def test_page_write_a_plugin_measures_tones(tone):
    import numpy as np

    loss = stylezoo.Spec.parse("tone:spread=0.5").part("loss").build()
    fake, style = np.random.default_rng(0).uniform(-1, 1, (2, 2, 8, 8, 3)).astype("float32")
    means = abs(fake.mean((0, 1, 2)) - style.mean((0, 1, 2))).mean()
    spreads = abs(fake.std((0, 1, 2)) - style.std((0, 1, 2))).mean()
    np.testing.assert_allclose(loss.measure(fake, style, fake), means + 0.5 * spreads, rtol=1e-4)
    with pytest.raises(stylezoo.StylezooError, match="0 or more is needed"):
        stylezoo.Spec.parse("tone:spread=-1").part("loss").build()


def test_page_write_a_plugin_looks_inside(tone):
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    loss = stylezoo.Spec.parse("gist").part("loss").build()
    swatch = stylezoo.Spec.parse("swatch:filters=4").part("discriminator").build(shape=(8, 8, 3))
    source, style, fake = np.random.default_rng(0).uniform(-1, 1, (3, 2, 8, 8, 3)).astype("float32")
    translation = stylezoo.Translation(source, style, None, [swatch, swatch])
    translation.fake = fake
    expected = 0.0
    for name in ("feature_0", "feature_1"):
        layer = keras.Model(swatch.inputs, swatch.get_layer(name).output)
        fakes, reals = (layer.predict(pictures, verbose=0).mean((0, 1, 2)) for pictures in (fake, style))
        expected += 2 * ((fakes - reals) ** 2).mean()  # of two discriminators
    np.testing.assert_allclose(loss.generator_loss(translation), expected, rtol=1e-4)


MARKUP = [
    "<script>x</script>", "<img src=x onerror=y>", "[x](javascript:y)", "![x](https://e.org/x.png)", "# Heading",
    "::: os", "{{ cli }}", '!!! danger "x"', "| a | b |", "text { onclick=y }", "*[HTML]: x", "1. one", "- one",
    "---", "~~~", "a|b", "--8<-- '/etc/passwd'", "&lt;b&gt;", "`a` <b>", "``", "\\`<i>`", "`<b>", "==x==",
    "www.evil.org", "x@evil.org", "<!--",
]  # fmt: skip


@pytest.mark.parametrize("text", MARKUP)
def test_nothing_that_a_plugin_says_is_markup(text, tmp_path, monkeypatch):
    """What is left of Markdown once code and addresses are taken away is nothing; entities stand for all signs."""
    (tmp_path / "odd-1.0.dist-info").mkdir()
    (tmp_path / "odd-1.0.dist-info" / "entry_points.txt").write_text("[stylezoo.losses]\nodd = odd_mod:Odd\n")
    doc = f"Odd.\n\n{text}\n\nAnd {text} more.\n\nArgs:\n    opt: {text}\n"
    (tmp_path / "odd_mod.py").write_text(
        f"class Odd:\n    {doc!r}\n    def __init__(self, opt={text!r}, other: {text!r} = 1): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    page = filled("{{ zoo odd }}")
    assert "stylezoo doctor" not in page  # as on the page of the command line
    page = re.sub(r"^```text\n.*\n```$", "", page, flags=re.MULTILINE)
    page = re.sub(r"<code>[A-Za-z0-9&#;]*</code>|(?<!`)`[^`\n]+`(?!`)|https?://[\w./]+", "", page)
    heading, line, *paragraphs = [each for each in page.split("\n\n") if each.strip()]
    assert (heading, line) == ("## odd", "Loss of odd 1.0, ")
    for each in [part for part in paragraphs if not part.startswith("| ")]:
        assert not re.search(r"[<>\[\]{}*_#`|!+=@~$^]", re.sub(r"&#\d+;", "", each))
        assert not re.match(r"[-:=.\d]|    ", each)
    rows = [row for part in paragraphs if part.startswith("| ") for row in part.splitlines()]
    assert all(row.count("|") == 5 for row in rows)


@pytest.mark.parametrize("text", MARKUP)
def test_nothing_that_the_card_of_a_style_says_is_markup(text, tmp_path, monkeypatch):
    ship(tmp_path, "ours", {"about": text, "license": text, "sources": [text, f"And {text} more."], "command": text})
    monkeypatch.syspath_prepend(str(tmp_path))
    page = filled("{{ zoo ours }}", ROOT / "docs")
    page = re.sub(r"^```text\nstylezoo stylize photo.jpg --style ours\n```$", "", page, flags=re.MULTILINE)
    page = re.sub(r"<code>[A-Za-z0-9&#;]*</code>|(?<!`)`[^`\n]+`(?!`)|https?://[\w./]+", "", page)
    heading, line, *about, table = [each for each in page.split("\n\n") if each.strip()]
    assert (heading, line) == ("## ours", "Style of ours 1.0, ")
    for each in (*about, *(cell for row in table.splitlines()[2:] for cell in row.split("|")[1:-1])):
        assert not re.search(r"[<>\[\]{}*_#`|!+=@~$^]", re.sub(r"&#\d+;", "", each))
        assert not re.match(r"[-:=.\d]|    ", each)
    assert all(row.count("|") == 3 for row in table.splitlines())


def test_the_page_of_plugins_has_a_line_for_each_distribution_here():
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    projects = [
        tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        for path in sorted((ROOT / "plugins").glob("*/pyproject.toml"))
    ]
    assert re.findall(r"^\| `(.+?)` \| (.+?) \|$", page, re.MULTILINE) == [
        (each["name"], each["description"]) for each in projects
    ]
