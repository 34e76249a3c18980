"""Models go to a hub and come back whole; whatever can go wrong there is one line. The hub is one on this machine."""

import json
import os
import re
import sys
import zipfile

import hub_server
import numpy as np
import pytest
import test_app
from PIL import Image

import stylezoo
from stylezoo.errors import BadRun
from stylezoo.files import archive
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.runs import card, hub, spaces
from stylezoo.runs.folder import RunFolder

TINY = {
    "generator.filters": 2, "generator.blocks": 1, "discriminators": ("patch:filters=2,layers=1",), "image_size": 16,
    "load_size": 20, "batch_size": 1,
}  # fmt: skip


@pytest.fixture
def server():
    with hub_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("private")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 24, 32, 3), dtype="uint8")
    for name, each in zip(("photo", "painting"), pixels, strict=True):
        Image.fromarray(each).save(folder / f"{name}.png")
    pictures = {"source": folder / "photo.png", "style": folder / "painting.png"}
    stylezoo.train("transfer", out=folder / "run", steps=2, license="MIT", **pictures, **TINY)
    return folder / "run"


@pytest.fixture
def call(server, python, tmp_path):
    """Runs the command in a process of its own, which knows this hub and a cache of its own."""

    def run(*words, code=None, cwd=None, **environment):
        there = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "cache"), "HF_TOKEN": ""}
        quiet = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        start = ["-c", code] if code else ["-m", "stylezoo"]
        return python(*start, *map(str, words), **{**there, **quiet, **environment}, cwd=cwd)

    return run


@pytest.fixture
def push(call):
    return lambda *words, **environment: call("push", *words, **{"HF_TOKEN": hub_server.TOKEN, **environment})


def files_of(server, name="me/mine", branch="main"):
    found = server.repositories[name]
    return found.commits[found.branches[branch]]


def assert_one_line(done, *said):
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
    assert done.stderr.startswith("Error: ")
    for each in said:
        assert each in done.stderr


def keep(server, content, name="me/mine"):
    """A repository that somebody else filled."""
    found = server.repositories[name] = hub_server.Repository()
    found.commits["1" * 40], found.branches["main"] = {"model.keras": content}, "1" * 40


FETCH = "import sys; from stylezoo.runs import hub; print(hub.fetch(sys.argv[1]))"


# There and back


@pytest.mark.long
def test_a_model_that_was_pushed_is_fetched_with_the_same_bytes_and_draws_the_same(run, server, call, push, tmp_path):
    done = push(run, "me/mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"Wrote   {server.url}/me/mine"
    assert "stylezoo stylize PICTURE.jpg --style hf://me/mine" in done.stdout
    assert files_of(server)["model.keras"] == (run / RunFolder.MODEL).read_bytes()
    picture = run.parent / "photo.png"
    assert call("stylize", picture, "-m", "hf://me/mine", "-o", tmp_path / "there.png").returncode == 0
    stylezoo.load_model(run).stylize(picture).save(tmp_path / "here.png")
    with Image.open(tmp_path / "here.png") as here, Image.open(tmp_path / "there.png") as there:
        np.testing.assert_array_equal(here, there)


def test_what_is_published_is_the_model_its_card_and_nothing_private(run, server, push):
    assert push(run, "me/mine", "--message", "the first").returncode == 0
    files = files_of(server)
    assert set(files) == {"model.keras", "README.md", "card.png", "recipe.json", "plugins.json"}
    assert server.repositories["me/mine"].messages == ["the first"]
    assert server.count("POST", "/commit/") == 1
    assert files["README.md"].startswith(b"---\nlicense: mit\n")
    assert files["card.png"] == card.sheet(run)
    assert json.loads(files["recipe.json"]) == card.read(run).recipe
    assert json.loads(files["plugins.json"]) == card.read(run).plugins
    assert not any(str(run.parent).encode() in content for content in files.values())


def test_without_a_sheet_no_picture_is_published(run, server, push, tmp_path):
    assert push(run, "me/mine", "--no-sheet", "--license", "CC0-1.0").returncode == 0
    files = files_of(server)
    assert "card.png" not in files
    assert b"card.png" not in files["README.md"]
    assert not any(b"\x89PNG" in content for content in files.values())
    (tmp_path / "x.keras").write_bytes(files["model.keras"])
    assert card.read(tmp_path / "x.keras").license == "CC0-1.0"
    gan, picture = stylezoo.load_model(tmp_path / "x.keras"), np.zeros((16, 16, 3), "float32")
    np.testing.assert_array_equal(gan.stylize(picture), stylezoo.load_model(run).stylize(picture))


def test_folders_in_the_recipe_of_a_file_are_not_published(server, push, tmp_path):
    gan = GAN(Recipe.named("transfer", **TINY, vgg=str(tmp_path / "vgg.pth")))
    gan.save(tmp_path / "mine.keras")
    assert push(tmp_path / "mine.keras", "me/mine").returncode == 0
    files = files_of(server)
    assert not any(str(tmp_path).encode() in content for content in files.values())
    (tmp_path / "x.keras").write_bytes(files["model.keras"])
    assert stylezoo.load_model(tmp_path / "x.keras").recipe.vgg == "vgg.pth"
    with zipfile.ZipFile(tmp_path / "x.keras") as new, zipfile.ZipFile(tmp_path / "mine.keras") as old:
        assert new.read(archive.WEIGHTS) == old.read(archive.WEIGHTS)


@pytest.mark.long
def test_revisions_are_branches_and_commits(run, server, call, push):
    assert push(run, "me/mine").returncode == 0
    done = push(run, "me/mine", "--revision", "dark", "--license", "CC0-1.0")
    assert done.stdout.splitlines()[0] == f"Wrote   {server.url}/me/mine/tree/dark"
    assert "--style hf://me/mine@dark" in done.stdout
    assert b"--model hf://me/mine@dark" in files_of(server, branch="dark")["README.md"]
    commit = server.repositories["me/mine"].branches["dark"]
    for revision, license in (("", "MIT"), ("@main", "MIT"), ("@dark", "CC0-1.0"), (f"@{commit}", "CC0-1.0")):
        done = call("show", f"hf://me/mine{revision}", "--json")
        assert json.loads(done.stdout)["card"]["license"] == license


def test_a_private_repository_is_made_and_read_with_a_token(run, server, call, push):
    assert push(run, "me/mine", "--private").returncode == 0
    assert server.repositories["me/mine"].private
    assert_one_line(call("show", "hf://me/mine"), "'hf://me/mine' does not exist, is private", "HF_TOKEN")
    assert call("show", "hf://me/mine", HF_TOKEN=hub_server.TOKEN).returncode == 0


def test_what_everybody_can_see_is_not_taken_for_private(run, server, push):
    assert push(run, "me/mine").returncode == 0
    before = dict(files_of(server))
    done = push(run, "me/mine", "--private", "--license", "CC0-1.0")
    assert_one_line(done, "'hf://me/mine' exists already and is public")
    assert files_of(server) == before


def test_in_python_it_is_push_to_hub(run, server, call):
    code = "import sys, stylezoo; print(stylezoo.push_to_hub(sys.argv[1], 'me/mine', license='MIT', message='x'))"
    done = call(run, code=code, HF_TOKEN=hub_server.TOKEN)
    assert done.stdout == f"{server.url}/me/mine\n"
    assert server.repositories["me/mine"].messages == ["x"]


@pytest.mark.long
def test_what_its_page_says_to_type_works(run, server, call, push, tmp_path):
    assert push(run, "me/mine").returncode == 0
    page = files_of(server)["README.md"].decode()
    assert "\nlibrary_name: stylezoo\n" in page  # else the hub shows a snippet of another library
    shell, python = re.findall(r"```(?:sh|python)\n(.+?)```", page, re.DOTALL)
    install, command = shell.splitlines()
    assert install == 'pip install "stylezoo[hub]"'
    (tmp_path / "photo.jpg").write_bytes((run.parent / "photo.png").read_bytes())
    done = call(*command.split()[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    code = f"{python}\ngan.stylize('photo.jpg').save('again.png')"
    done = call(code=code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "photo-stylized.png").read_bytes()


@pytest.mark.long
def test_the_loader_of_keras_reads_the_file_once_it_knows_the_class(run, server, call, push):
    assert push(run, "me/mine").returncode == 0
    code = (
        "import sys, keras, numpy as np, stylezoo.gan\n"
        "from huggingface_hub import hf_hub_download\n"
        "gan = keras.saving.load_model(hf_hub_download('me/mine', 'model.keras'))\n"
        "picture = np.full((16, 16, 3), 0.25, 'float32')\n"
        "assert (gan.stylize(picture) == stylezoo.load_model(sys.argv[1]).stylize(picture)).all()"
    )
    done = call(run, code=code)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_styles_of_a_hub_are_weighed_masked_and_mixed_as_runs_are(run, server, call, push, tmp_path):
    assert push(run, "me/mine").returncode == 0
    picture, mask = run.parent / "photo.png", tmp_path / "mask.png"
    Image.linear_gradient("L").resize((32, 24)).save(mask)
    for name, style in (("there", "hf://me/mine@main"), ("here", run)):
        words = ("--style", f"{style}=0.3", "--mask", f"{mask}={style}", "--style", "great-wave=0.7")
        done = call("stylize", picture, *words, "-o", tmp_path / f"{name}.png")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "there.png").read_bytes() == (tmp_path / "here.png").read_bytes()
    done = call(
        "stylize", picture, "--style", "hf://me/gone=0.5", "--style", "great-wave=0.5", "-o", tmp_path / "x.png"
    )
    assert_one_line(done, "'hf://me/gone' does not exist")


# A Space


@pytest.mark.long
def test_a_space_serves_a_page_that_draws_with_the_model(run, server, push, tmp_path):
    space = tmp_path / "space"
    done = push(run, "me/mine", "--space", space)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in space.iterdir()} == {"Dockerfile", "README.md"}
    assert f"hf upload me/mine {space} . --repo-type space" in done.stdout
    front = (space / "README.md").read_text().split("---")[1]
    assert {"sdk: docker", f"app_port: {spaces.PORT}", "- me/mine"} <= set(front.splitlines())
    docker = dict(line.split(" ", 1) for line in (space / "Dockerfile").read_text().splitlines())
    assert docker["RUN"].endswith(f'"stylezoo[app,hub]=={stylezoo.__version__}"')
    words = json.loads(docker["CMD"])
    assert words[:6] == ["stylezoo", "app", "--host", "0.0.0.0", "--port", str(spaces.PORT)]
    with test_app.serving(tmp_path, *words[6:], HF_ENDPOINT=server.url, HF_HOME=str(tmp_path / "cache")) as page:
        visit = test_app.begin(page, (run.parent / "photo.png").read_bytes())
        known = test_app.ask(page, "GET", visit)[1]
        wanted = {"weights": [float(style["name"] == "hf://me/mine") for style in known["styles"]]}
        status, drawn = test_app.ask(page, "POST", f"{visit}/results", wanted)
        assert (status, drawn["width"], drawn["height"]) == (201, 32, 24)
        lines = test_app.ask(page, "POST", f"{visit}/lines", wanted)[1]
        assert "--style hf://me/mine" in lines["command"]
        assert test_app.ask(page, "GET", "/offers")[1]["models"] == []
        assert test_app.ask(page, "PUT", f"{visit}/lessons/style?name=a.png", b"")[0] == 404
        assert test_app.ask(page, "POST", f"{visit}/training", {}) == (400, {"error": "This page draws only."})


def test_a_space_installs_the_plugins_of_the_model_in_the_versions_that_it_had(tmp_path):
    owners = [("stylezoo-soft-glow", "1.2"), ("stylezoo", "0.1.0"), ("local", "")]
    rows = [{"kind": "loss", "name": f"l{i}", "distribution": o, "version": v} for i, (o, v) in enumerate(owners)]
    spaces.write(tmp_path / "s", "me/mine", "hf://me/mine", card.Card(plugins=rows))
    line = next(each for each in (tmp_path / "s" / "Dockerfile").read_text().splitlines() if "pip install" in each)
    assert line.endswith(f'"stylezoo[app,hub]=={stylezoo.__version__}" "stylezoo-soft-glow==1.2"')


def test_nothing_is_published_if_the_space_has_no_place(run, server, push, tmp_path):
    (tmp_path / "mine").write_text("")
    done = push(run, "me/mine", "--space", tmp_path / "mine")
    assert_one_line(done, f"'{tmp_path / 'mine'}' exists already: name a new folder for the Space.")
    assert server.repositories == {}


# The cache


def test_the_second_time_nothing_is_downloaded(run, server, call):
    keep(server, (run / RunFolder.MODEL).read_bytes())
    first, second = call("hf://me/mine", code=FETCH), call("hf://me/mine", code=FETCH)
    assert first.stdout == second.stdout != ""
    assert server.count("GET", "/resolve/") == 1
    assert {path.rpartition("/")[2] for _, path in server.asked} == {"model.keras"}  # which carries the card


def test_offline_the_cache_is_enough_and_nothing_is_asked(run, server, call):
    keep(server, (run / RunFolder.MODEL).read_bytes())
    assert_one_line(
        call("show", "hf://me/mine", HF_HUB_OFFLINE="1"),
        "'hf://me/mine' is not in the cache, and HF_HUB_OFFLINE is set",
    )
    assert call("show", "hf://me/mine").returncode == 0
    asked = len(server.asked)
    assert call("show", "hf://me/mine", HF_HUB_OFFLINE="1").returncode == 0
    assert len(server.asked) == asked


def test_show_from_a_hub_imports_nothing_heavy(run, server, call):
    keep(server, (run / RunFolder.MODEL).read_bytes())
    code = (
        "import atexit, sys\n"
        "heavy = ['keras', 'tensorflow', 'numpy', 'PIL', 'h5py', 'stylezoo_builtins']\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from stylezoo.cli import main; main(['show', 'hf://me/mine'], prog_name='stylezoo')"
    )
    done = call(code=code)
    assert (done.returncode, done.stderr) == (0, "[]\n")


@pytest.mark.parametrize("size", [hub_server.LARGE * 2, 100], ids=["large", "small"])
def test_a_download_that_was_spoiled_is_found_out_by_its_checksum(size, server, call, tmp_path):
    keep(server, os.urandom(size))
    server.spoil = lambda content: content[:-1] + bytes([content[-1] ^ 1])
    for environment in ({}, {"HF_HUB_OFFLINE": "1"}):  # it stays in the cache until it is deleted
        done = call("hf://me/mine", code=FETCH, **environment)
        assert done.returncode == 1
        message = done.stderr.splitlines()[-1]
        assert "'hf://me/mine' is damaged in the cache: its SHA-" in message
    server.spoil = lambda content: content
    guilty = message.partition("Delete '")[2].partition("'")[0]
    assert guilty.startswith(str(tmp_path / "cache"))
    os.remove(guilty)
    done = call("hf://me/mine", code=FETCH)
    with open(done.stdout.strip(), "rb") as file:
        assert file.read() == files_of(server)["model.keras"]


def test_a_download_that_was_cut_off_is_one_line(run, server, call):
    keep(server, (run / RunFolder.MODEL).read_bytes())
    server.spoil = lambda content: content[:-100]
    assert_one_line(call("show", "hf://me/mine"), "The transfer of 'hf://me/mine' failed", "should be of size")


# What goes wrong


@pytest.mark.long
def test_what_a_hub_does_not_have_is_one_line(run, server, call):
    keep(server, (run / RunFolder.MODEL).read_bytes())
    server.repositories["me/empty"] = hub_server.Repository()
    keep(server, b"", "me/gated")
    server.gated.add("me/gated")
    keep(server, b"no model", "me/other")
    for address, said in {
        "hf://me/none": "'hf://me/none' does not exist",
        "hf://me/mine@none": "'hf://me/mine@none': the repository has no such revision",
        "hf://me/empty": "'hf://me/empty' holds no model.keras",
        "hf://me/gated": "'hf://me/gated' is gated: ask for access on its page",
        "hf://me/other": "is no model of stylezoo or is damaged",
    }.items():
        assert_one_line(call("show", address), said)
    assert_one_line(call("stylize", run.parent / "photo.png", "-m", "hf://me/none"), "'hf://me/none' does not exist")


def test_what_a_hub_does_not_allow_is_one_line(run, server, push):
    for name, environment in (("me/x", {"HF_TOKEN": "hf_other"}), ("me/x", {"HF_TOKEN": ""}), ("stranger/x", {})):
        assert_one_line(
            push(run, name, **environment), f"'hf://{name}' does not exist, is private, or you may not write to it"
        )
    assert_one_line(push(run, "me/x", HF_HUB_OFFLINE="1"), "'hf://me/x' cannot be reached: HF_HUB_OFFLINE is set")
    assert not any(files_of(server, name) for name in server.repositories)


def test_what_cannot_be_pushed_is_told_before_anything_is_asked(run, server, push, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.keras").write_text("x")
    for words, said in (
        ((tmp_path / "empty", "me/x"), "it holds no model.keras"),
        ((tmp_path / "gone", "me/x"), "there is no such file or folder"),
        ((tmp_path / "x.keras", "me/x"), "no model of stylezoo"),
        ((run, "mine"), "'mine' is no address of a model"),
        ((run, "hf://me/x@dark"), "name it by itself (--revision dark)"),
    ):
        assert_one_line(push(*words), said)
    assert server.asked == []


@pytest.mark.long
def test_a_hub_that_is_down_is_one_line(run, server, call, push):
    """huggingface_hub tries again for half a minute before it gives up."""
    keep(server, (run / RunFolder.MODEL).read_bytes())
    assert call("show", "hf://me/mine").returncode == 0
    server.shutdown()
    server.server_close()
    assert call("show", "hf://me/mine").returncode == 0  # from the cache
    for done in (call("show", "hf://me/other"), push(run, "me/other")):
        assert_one_line(done, f"'hf://me/other' cannot be reached at {server.url}")


def test_a_full_disk_is_one_line(run, server, call):
    """A limit on the size of files stands for the full disk."""
    keep(server, (run / RunFolder.MODEL).read_bytes())
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "from stylezoo.cli import main; main(['show', 'hf://me/mine'], prog_name='stylezoo')"
    )
    assert_one_line(call(code=code), "The transfer of 'hf://me/mine' failed", "File too large")


def test_without_the_extra_one_line_says_what_to_install(run, server, call, tmp_path):
    code = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from stylezoo.cli import main; main(sys.argv[1:], prog_name='stylezoo')"
    )
    for words in (["show", "hf://me/mine"], ["push", run, "me/mine"], ["stylize", "x.jpg", "-m", "hf://me/mine"]):
        assert_one_line(call(*words, code=code), "pip install huggingface_hub'")
    assert server.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "hf://",
        "hf://me",
        "hf://me/mine/more",
        "hf://me/../mine",
        "hf://me/mine@",
        "hf://me/mine@a/../b",
        "hf://-me/mine",
        "hf://me/mi ne",
        "hf:///me/mine?x",
        "hf://me/mine#x",
        "hf://me/mine\x1b[2J",
    ],
)
def test_malformed_addresses_are_told(text):
    assert hub.is_address(text)
    with pytest.raises(BadRun) as caught:
        hub.fetch(text)
    assert "is no address of a model: write hf://owner/name" in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hf://me/mine", ("me/mine", None)),
        ("hf://me/mine@v1.0", ("me/mine", "v1.0")),
        ("hf://me-2/mine_3.x@refs/pr/1", ("me-2/mine_3.x", "refs/pr/1")),
        ("me/mine", ("me/mine", None)),
    ],
)
def test_addresses_are_taken_apart(text, parts):
    assert hub.address(text) == parts


def test_nothing_of_the_hub_is_imported_before_it_is_needed(python):
    code = "import sys, stylezoo.cli, stylezoo.runs.sharing; print('huggingface_hub' in sys.modules)"
    assert python("-c", code).stdout == "False\n"
    assert sys.modules.get("huggingface_hub") is None or "keras" in sys.modules  # Keras imports it where it is there
