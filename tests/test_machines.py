"""What machines do to a program: closed streams, full disks, odd names, little memory, settings of other projects."""

import io
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from click import _termui_impl
from PIL import Image

from stylezoo.cli import terminal
from stylezoo.cli.types import PATH, Mask, WeightedStyle
from stylezoo.data.album import Album
from stylezoo.errors import BadData, StylezooError
from stylezoo.files import atomic
from stylezoo.pictures import files, targets
from stylezoo.recipe import Recipe
from stylezoo.runs.folder import RunFolder
from stylezoo.training.progress import Progress

# Names and links


def test_a_name_as_long_as_file_systems_allow_is_written(tmp_path):
    for name in ("x" * 251 + ".png", "é" * 125 + ".png"):
        files.save_picture(Image.new("RGB", (3, 2)), tmp_path / name)
    assert sorted(len(os.fsencode(each.name)) for each in tmp_path.iterdir()) == [254, 255]


def test_the_temporary_name_is_short(tmp_path):
    with atomic.written(tmp_path / ("x" * 251 + ".png")) as temporary:
        assert len(temporary.name) < 64
        assert temporary.suffix == ".png"


def test_a_result_beside_a_picture_of_a_long_name_has_a_name_that_fits(tmp_path):
    (target,) = targets.targets([tmp_path / ("é" * 125 + ".jpg")]).values()
    assert target.name == "é" * 121 + "-stylized.png"  # 255 bytes
    folder = tmp_path / ("x" * 250)
    folder.mkdir()
    Image.new("RGB", (3, 2)).save(folder / "a.png")
    (target,) = targets.targets([folder]).values()
    assert target.parent.name == "x" * 246 + "-stylized"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.png").symlink_to("there/a.png")  # to a file that is written now
    for colour in ((255, 0, 0), (0, 0, 255)):
        files.save_picture(Image.new("RGB", (3, 2), colour), tmp_path / "link.png")
        assert (tmp_path / "link.png").is_symlink()
        assert Image.open(tmp_path / "there/a.png").getpixel((0, 0)) == colour
    assert [each.name for each in (tmp_path / "there").iterdir()] == ["a.png"]


def test_a_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(OSError, match="no regular file"), atomic.written(tmp_path / "a.png"):
        pass
    assert not (tmp_path / "a.png").is_file()


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(NotADirectoryError, match="a' is no folder"), atomic.written(tmp_path / "a" / "b.png"):
        pass


def test_what_a_killed_process_left_is_found_by_the_name_of_its_target(tmp_path):
    target = tmp_path / ("x" * 60 + ".png")
    left = atomic.written(target).__enter__()
    assert atomic.leftovers(target) == [left]


def test_an_empty_path_is_not_the_current_folder():
    with pytest.raises(click.BadParameter, match="empty"):
        PATH.convert("", None, None)
    with pytest.raises(BadData, match="empty"):
        Album.of("")


# The home folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (3, 2), "red").save(tmp_path / "a.png")
    return tmp_path


def test_the_shell_may_leave_the_home_folder_to_the_command(home):
    assert PATH.convert("~/a.png", None, None) == home / "a.png"
    assert WeightedStyle().convert("~/a.png=0.5", None, None) == (f"{home}/a.png", 0.5)
    assert WeightedStyle().convert("~/a.png", None, None) == (f"{home}/a.png", None)
    assert Mask().convert("~/a.png=monet", None, None) == ("monet", f"{home}/a.png")


def test_every_path_that_python_is_given_may_begin_with_the_home_folder(home):
    assert files.open_picture("~/a.png").size == (3, 2)
    files.save_picture(Image.new("RGB", (3, 2)), "~/b.png")
    (home / "recipe.json").write_text(Recipe(about="mine").to_json())
    assert Recipe.read("~/recipe.json").about == "mine"
    assert RunFolder("~/run").path == home / "run"
    assert not (home / "~").exists()


# Standard streams


def command(words, **streams):
    return subprocess.run(
        [sys.executable, "-m", "stylezoo", *words.split()], text=True, check=False, timeout=60, **streams
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("words", ["list", "show lsgan", "--help", "list --json"])
def test_output_that_cannot_be_written_is_one_line(words):
    with open("/dev/full", "w") as full:
        done = command(words, stdout=full, stderr=subprocess.PIPE)
    said = "Error: The output cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_messages_that_cannot_be_written_end_quietly():
    with open("/dev/full", "w") as full:
        done = command("list nonsense", stdout=subprocess.PIPE, stderr=full)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_closed_streams_are_opened_so_that_no_file_gets_their_numbers(closed, tmp_path):
    script = (
        "import os, sys\n"
        "from stylezoo.cli import terminal\n"
        "terminal.open_streams()\n"
        f"file = open({str(tmp_path / 'number')!r}, 'w')\n"
        "print('out'), print('err', file=sys.stderr)\n"
        "file.write(f'{file.fileno()} {sys.stdin is None}')\n"
    )
    words = [sys.executable, "-c", script]
    subprocess.run(["sh", "-c", '"$@" ' + " ".join(f"{n}>&-" for n in closed), "sh", *words], check=True)
    number, is_closed = (tmp_path / "number").read_text().split()
    assert int(number) > 2
    assert is_closed == "False"


def test_an_error_of_the_system_is_one_line_with_its_file(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "_drop_output", lambda: None)
    with pytest.raises(SystemExit) as ended, terminal.one_line_system_errors():
        open("/gone/away")  # noqa: SIM115
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Error: '/gone/away': No such file or directory.\n"


# Memory, temporary files, settings


@pytest.mark.parametrize("limit", [500_000_000, 2_900_000_000])
def test_too_little_memory_for_tensorflow_is_one_line(limit, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limit, limit))
    with pytest.raises(StylezooError, match=rf"limited to {limit / 1e9:.1f} GB, and TensorFlow needs 3 GB"):
        terminal.import_keras()


def test_without_a_temporary_folder_messages_go_nowhere(monkeypatch):
    import tempfile

    def nowhere():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", nowhere)
    with terminal._temporary_file() as file:
        assert file.name == os.devnull
        file.write(b"x")


@pytest.mark.long
def test_settings_of_another_project_change_nothing(tmp_path, python):
    (tmp_path / "keras.json").write_text(
        '{"backend": "jax", "floatx": "float16", "epsilon": 0.1, "image_data_format": "channels_first"}'
    )
    script = (
        "import stylezoo; gan = stylezoo.create_model('single-pair', generator='brush:filters=2,blocks=1')\n"
        "import keras; c = keras.config\n"
        "print(gan.generator.weights[0].dtype, c.backend(), c.floatx(), c.epsilon(), c.image_data_format())"
    )
    done = python("-W", "ignore", "-c", script, KERAS_HOME=str(tmp_path))
    assert done.stdout == "float32 tensorflow float32 1e-07 channels_last\n", done.stderr


def test_settings_that_keras_refuses_are_named(tmp_path, python):
    (tmp_path / "keras.json").write_text("[]")
    script = "from stylezoo.cli import terminal\nwith terminal.one_line_errors(): terminal.import_keras()"
    done = python("-c", script, KERAS_HOME=str(tmp_path))
    assert f"Keras refuses its settings in '{tmp_path}/keras.json'" in done.stderr.splitlines()[-1]


# Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def shown(monkeypatch, seconds, steps=6, first=0):
    """What a terminal shows of a training whose steps take these seconds, without the characters that move the bar."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(_termui_impl, "time", SimpleNamespace(time=lambda: clock.now))
    run = SimpleNamespace(step=first, steps=steps, news=[])
    stream = Terminal()
    with Progress(run, stream) as progress:
        progress.on_train_begin()
        for taken in seconds:
            clock.now += taken
            run.step += 1
            if run.step == 3:
                run.news.append("Look at runs/a/\x1b[31msheet.png")
            progress.on_train_batch_end(run.step, {"generator": 1.0})
    return re.split(r"[\r\n]+", click.unstyle(stream.getvalue()))


def test_the_first_step_is_no_measure_of_the_time_left(monkeypatch):
    lines = shown(monkeypatch, [100, 2, 2, 2, 2, 2])
    assert lines[0] == "Compiling the training step, which can take a minute."
    left = [found[0] for line in lines if (found := re.findall(r"\d\d:\d\d:\d\d", line))]
    assert left[:2] == ["00:00:08", "00:00:06"]  # 4 and 3 steps of 2 s, not some of 17 s
    assert any("step 4/6" in line for line in lines)


def test_a_training_of_one_step_has_no_bar(monkeypatch):
    assert "step 1/1" in shown(monkeypatch, [1], steps=1)[1]


def test_news_is_told_once_and_is_plain(monkeypatch):
    told = [line for line in shown(monkeypatch, [1] * 6) if "runs/a" in line]
    assert told == ["Look at runs/a/sheet.png"]


def test_a_terminal_that_was_closed_ends_no_training():
    class Closed(Terminal):
        def write(self, text):
            raise OSError(5, "Input/output error")

    run = SimpleNamespace(step=1, steps=3, news=["new"])
    with Progress(run, Closed()) as progress:
        progress.on_train_begin()
        for _ in range(2):
            progress.on_train_batch_end(0, {"generator": 1.0})
