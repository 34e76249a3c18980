"""What is published: one version, from one place, and the same files whichever way the wheel is built."""

import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel
from test_cli import stylezoo

from stylezoo import __version__
from stylezoo.catalogue import registry
from stylezoo.files.old_recipes import MOVED

ROOT = Path(__file__).parents[1]
FOLDERS = [ROOT, *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))]
CACHES = re.compile(r"(^|/)(__pycache__|\.git|\.pytest_cache|\.ruff_cache|dist)/|^(build|site|runs)/|\.pyc$")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:hatchling")


def test_there_is_one_version():
    assert stylezoo("--version").output == f"stylezoo {__version__}, plugin API {registry.API}\n"
    assert version("stylezoo") == __version__  # else: pip install -e .
    stated = [tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")) for folder in FOLDERS]
    assert "version" not in stated[0]["project"]
    assert "\nversion:" not in (ROOT / "docs" / "CITATION.cff").read_text(encoding="utf-8")


def test_upgrading_names_the_present_version_its_plugin_api_and_every_field_that_moved():
    page = (ROOT / "docs" / "UPGRADING.md").read_text(encoding="utf-8")
    *_, last = re.findall(r"^\| (\d\S+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert last == (__version__, str(registry.API), str(registry.OLDEST_API))
    assert f"\n## To {__version__}\n" in page
    for old, new in MOVED.items():
        assert f"\n| `{old}` | `{new}` |\n" in page


def contents(wheel):
    with zipfile.ZipFile(wheel) as opened:
        return {each.filename: each.CRC for each in opened.infolist()}


@pytest.mark.long
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_wheel_of_the_sdist_is_that_of_the_checkout(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    sdist = tmp_path / build_sdist(str(tmp_path))
    straight = contents(tmp_path / build_wheel(str(tmp_path)))
    with tarfile.open(sdist) as opened:
        opened.extractall(tmp_path, filter="data")
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    monkeypatch.chdir(unpacked)
    (tmp_path / "again").mkdir()
    assert contents(tmp_path / "again" / build_wheel(str(tmp_path / "again"))) == straight
    packed = {file.relative_to(unpacked).as_posix() for file in unpacked.rglob("*") if file.is_file()}
    assert {"pyproject.toml", "README.md", "PKG-INFO"} <= packed
    assert not [name for name in packed if CACHES.search(name)]
    assert any(name.startswith("tests/test_") for name in packed)
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        known = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split()
        assert packed - {"PKG-INFO", ".gitignore"} <= {*known}


@pytest.mark.long
def test_the_sdist_has_what_the_tests_read_and_no_other_pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / build_sdist(str(tmp_path))) as opened:
        names = {each.name.partition("/")[2]: each.size for each in opened.getmembers()}
    tests = {file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("*.py")}
    assert tests <= {*names}
    assert {"mkdocs.yml", "docs/results.csv", "docs/notebooks/stylezoo.ipynb", "CONTRIBUTING.md"} <= {*names}
    assert sum(size for name, size in names.items() if name.startswith("docs/")) < 2_500_000
