"""The pages in Chinese say what the English ones say: the same headings, code, pictures, links and names."""

import io
import re
import tokenize
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(page.name for page in (DOCS / "zh").glob("*.md"))
FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\]\(([^)]*)\)|\]\[([\w.]+)\]")


def both(name):
    """The English and the Chinese text of a page, without the line that leads to the other."""
    pair = []
    for folder, line in ((DOCS, f"[中文](zh/{name})"), (DOCS / "zh", f"[English](../{name})")):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.split("\n\n")[1] == line
        pair.append(text.replace(f"{line}\n\n", "", 1))
    return pair


def code_of(text):
    """The blocks of code of a page: what is written behind the first quotes, and the code without its comments."""
    return [(info, without_comments(info, code)) for _, info, code in FENCE.findall(text)]


def without_comments(info, code):
    if not info.startswith("python"):
        return re.sub(r"(?m)(^|\s)#.*$", "", code)
    lines = code.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(line.rstrip() for line in lines)


def prose(text):
    return FENCE.sub("", text)


def slug(heading):
    """The anchor that a heading gets by itself."""
    words = re.sub(r"[^\w\s-]", "", re.sub(r"`([^`]*)`", r"\1", heading)).strip().lower()
    return re.sub(r"[-\s]+", "-", words)


def from_there(target):
    """Where a link of an English page leads, written for a page in the folder below."""
    if target.startswith(("#", "http")) or target.partition("#")[0] in PAGES:
        return target
    return f"../{target}"


def test_the_pages_that_a_newcomer_reads_first_are_there():
    assert PAGES == ["index.md", "tutorial.md", "write-a-plugin.md"]


@pytest.mark.parametrize("name", PAGES)
def test_headings_have_the_same_levels_and_the_anchors_of_the_english_ones(name):
    english, chinese = (re.findall(r"^(#+) (.*)$", prose(text), re.MULTILINE) for text in both(name))
    anchors = [(level, re.search(r" \{#([\w-]+)\}$", words)) for level, words in chinese]
    assert [(level, found and found[1]) for level, found in anchors] == [
        (level, slug(words)) for level, words in english
    ]


@pytest.mark.parametrize("name", PAGES)
def test_code_and_commands_are_the_same(name):
    english, chinese = map(code_of, both(name))
    assert chinese == english


@pytest.mark.parametrize("name", PAGES)
def test_pictures_links_tables_and_names_in_code_are_the_same(name):
    english, chinese = map(prose, both(name))
    pictures = [re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text) for text in (english, chinese)]
    assert pictures[1] == [from_there(each) for each in pictures[0]]
    links = [[page or f"[{entry}" for page, entry in LINK.findall(text)] for text in (english, chinese)]
    assert sorted(links[1]) == sorted(each if each.startswith("[") else from_there(each) for each in links[0])
    rows = [re.findall(r"^\|.*", text, re.MULTILINE) for text in (english, chinese)]
    assert [row.count("|") for row in rows[1]] == [row.count("|") for row in rows[0]]
    names = [sorted(re.findall(r"(?<!`)`([^`]+)`(?!`)", " ".join(text.split()))) for text in (english, chinese)]
    assert names[1] == names[0]
