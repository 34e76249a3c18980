"""The recipe is made of the two other distributions, and its profile is one that stylezoo takes."""

import shlex

import pytest
import stylezoo_fast_wgan
from click.testing import CliRunner
from PIL import Image

from stylezoo import Recipe
from stylezoo.cli import main


def profile():
    """The words of the command in the docstring, behind `stylezoo train`."""
    command = stylezoo_fast_wgan.__doc__.partition("stylezoo train ")[2].partition("\n\n")[0]
    return shlex.split(command.replace("\\\n", " "))


def test_parts_are_named_with_their_distributions():
    recipe = stylezoo_fast_wgan.recipe
    assert recipe.generator.name == "stylezoo-fast-style/fast-style"
    assert [spec.name for spec in recipe.discriminators] == ["stylezoo-fast-style/unet-sn"]
    assert "stylezoo-wgan-gp/wgan-gp" in [spec.name for spec in recipe.losses]
    assert all("/" in spec.name for spec in (recipe.generator, *recipe.discriminators, *recipe.losses))
    assert Recipe.named("fast-wgan").losses == recipe.losses


def test_the_critic_is_drawn_to_a_third_of_a_crops_side():
    (penalty,) = [spec for spec in stylezoo_fast_wgan.recipe.losses if spec.label == "wgan-gp"]
    assert penalty.options["target"] == pytest.approx(stylezoo_fast_wgan.recipe.image_size / 3, rel=0.1)


def test_the_profile_is_understood(tmp_path):
    for name in ("photos", "paintings"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (160, 120), "teal").save(tmp_path / name / "1.png")
    words = [str(tmp_path / word.rstrip("/")) if word.endswith("/") else word for word in profile()]
    done = CliRunner().invoke(main, ["train", *words, "--dry-run"])
    assert done.exit_code == 0, done.output
    assert '"stylezoo-fast-style/unet-sn:filters=16"' in done.output
    assert '"image_size": 64' in done.output
