"""What a Keras user expects of a model: `compile`, `summary`, callbacks, progress."""

import io
import re

import keras
import numpy as np
import pytest
from PIL import Image

import stylezoo
from stylezoo.errors import BadOptions
from stylezoo.gan import GAN
from stylezoo.recipe import Recipe
from stylezoo.training.progress import Progress

SMALL = {"generator": "resnet:filters=2,blocks=1", "discriminators": "patch:filters=2,layers=1", "image_size": 16}


@pytest.fixture(scope="module")
def gan():
    return GAN(Recipe(**SMALL, two_way=True, pool=3, average=0.9))


# compile


@pytest.mark.parametrize("name", ["loss", "loss_weights", "metrics", "weighted_metrics"])
def test_losses_and_metrics_are_refused_in_words(name, gan):
    said = rf"^compile got {name}; the losses of a GAN are those of its recipe, and each is a metric: create_model"
    with pytest.raises(BadOptions, match=said):
        gan.compile(**{name: ["mae"]})


@pytest.mark.parametrize("given", [keras.optimizers.SGD(), "adam", {"painter": keras.optimizers.SGD()}])
def test_an_optimizer_that_is_for_no_player_is_refused_in_words(given, gan):
    with pytest.raises(
        BadOptions, match=r"^The optimizer is .*; a GAN has two players, each with its own: {'generator'"
    ):
        gan.compile(given)


def test_an_optimizer_of_one_player_leaves_that_of_the_other():
    gan = GAN(Recipe(**SMALL, optimizer="adam:learning_rate=3e-4"))
    gan.compile({"discriminator": keras.optimizers.SGD(0.1)})
    players = gan.optimizer.players
    assert {player: type(each).__name__ for player, each in players.items()} == {
        "discriminator": "SGD",
        "generator": "Adam",
    }
    assert float(players["generator"].learning_rate) == pytest.approx(3e-4)
    gan.compile()
    assert type(gan.optimizer.players["discriminator"]).__name__ == "Adam"


def test_learning_rates_are_logged_by_player():
    gan = GAN(Recipe(**SMALL, discriminator_optimizer="adam:learning_rate=4e-4"))
    pair = np.zeros((2, 1, 16, 16, 3), "float32")
    callback = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = gan.fit(*pair, verbose=0, callbacks=[callback]).history
    assert history["learning_rate_generator"] == pytest.approx([1e-4])
    assert history["learning_rate_discriminator"] == pytest.approx([2e-4])


# summary


def test_summary_has_a_row_for_each_role_and_counts_no_pools(gan):
    lines = []
    gan.summary(print_fn=lines.append)
    rows = {
        line.split("  ")[0]: re.findall(r"[\d,]+$|[\d,]+(?=  )", line)[-2:] for line in lines[2:] if "-" not in line[:2]
    }
    assert [*rows] == ["generator", "inverse", "average", "discriminator", "inverse discriminator", "total"]
    networks = [gan.generator, gan.inverse, gan.average, *gan.discriminators, *gan.inverse_discriminators]
    counts = [[f"{n.count_params():,}", f"{sum(v.numpy().size for v in n.trainable_weights):,}"] for n in networks]
    assert [*rows.values()][:-1] == counts
    assert rows["total"][0] == f"{sum(network.count_params() for network in networks):,}"
    assert "resnet" in lines[2]
    assert "(None, None, None, 3)" in lines[2]


def test_summary_is_printed_and_numbers_several_discriminators(capsys):
    GAN(Recipe(**SMALL, losses="diverse")).summary(expand_nested=True)
    shown = capsys.readouterr().out
    assert re.search(r"^discriminator  +patch", shown, re.MULTILINE)
    assert re.search(r"^discriminator 2  +patch", shown, re.MULTILINE)
    assert shown.count('Model: "') == 3


# train(callbacks=, verbose=)


@pytest.mark.parametrize("verbose", [0, 1])
def test_train_shows_its_progress_and_takes_callbacks(verbose, tmp_path, capsys):
    picture = Image.new("RGB", (24, 24), "teal")
    steps = []
    callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    gan = stylezoo.train(
        Recipe(**SMALL, steps=2), picture, picture, tmp_path / "run", callbacks=[callback], verbose=verbose
    )
    assert int(gan.step) == len(steps) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    losses = r"  generator [\d.]+  discriminator [\d.]+\n"
    look = r"Open .*/run/report.html in a browser: .*\nLook at .*/run/samples/latest.png, always the newest sheet.\n"
    form = f"{look}step 1/2{losses}step 2/2{losses}"
    assert re.fullmatch(form if verbose else "", shown.err)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class ShortRun:
    step, steps, news = 1, 3, ()


def test_a_bar_ends_with_the_training_also_after_an_error():
    cursor_on = "\x1b[?25h"
    for fails in (False, True):
        terminal = Terminal()
        with Progress(ShortRun(), terminal) as progress:
            progress.on_train_begin()
            progress.on_train_batch_end(0, {"generator": 0.5, "discriminator": 0.25, "generator/l1": 0.1})
            if not fails:
                progress.on_train_end()
        assert "Compiling the training step" in terminal.getvalue()
        assert "1/3" in terminal.getvalue()
        assert "generator 0.500  discriminator 0.250" in terminal.getvalue()
        assert terminal.getvalue().count(cursor_on) == 1
