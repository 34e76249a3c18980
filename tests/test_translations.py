"""The Chinese pages are whole: they have the sections, the code, the pictures and the links of the English ones."""

import re
from collections import Counter
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(page.name for page in (DOCS / "zh").glob("*.md"))
FENCE = re.compile(r"^ *```(.*)\n((?:.*\n)*?) *```$", re.MULTILINE)
COMMENT = re.compile(r"(?:^|(?<=  ))# .*$", re.MULTILINE)  # not the # within a text
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
HAN, MARK = r"\u4e00-\u9fff", r"\u3000-\u303f\uff00-\uffef"


def english(page):
    return (DOCS / page).read_text(encoding="utf-8")


def chinese(page):
    return (DOCS / "zh" / page).read_text(encoding="utf-8")


def headings(text):
    """Level and anchor of each heading; the anchor is given, or made of the words as the site makes it."""
    for marks, words in re.findall(r"^(#+) (.+)$", FENCE.sub("", text), re.MULTILINE):
        given = re.search(r"\{#(.+)\}$", words)
        plain = re.sub(r"[^\w\s-]", "", words).strip().lower()
        yield len(marks), given[1] if given else re.sub(r"[-\s]+", "-", plain)


def code(text):
    """Language, title and lines of each block, without comments."""
    return [
        (head, [line.rstrip() for line in COMMENT.sub("", lines).splitlines()]) for head, lines in FENCE.findall(text)
    ]


def named(text):
    return Counter(" ".join(each.split()) for each in CODE.findall(text))


def sections(text):
    return re.split(r"^#+ .+$", FENCE.sub("", text), flags=re.MULTILINE)


def targets(text):
    """Where links and pictures of a page lead, seen from the folder of English pages; but for the other language."""
    found = re.findall(r"\]\(([^)\s]+)\)|\]\[([^\]]+)\]", FENCE.sub("", text))
    return [re.sub(r"^\.\./", "", address or name) for address, name in found]


def test_there_are_pages():
    assert PAGES == ["index.md", "tutorial.md", "write-a-plugin.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_sections_are_those_of_the_english_page(page):
    assert [*headings(chinese(page))] == [*headings(english(page))]
    assert all("{#" in line for line in re.findall(r"^#+ .+$", FENCE.sub("", chinese(page)), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_the_code_is_that_of_the_english_page(page):
    assert code(chinese(page)) == code(english(page))


@pytest.mark.parametrize("page", PAGES)
def test_each_section_names_the_same_things(page):
    for (_, anchor), here, there in zip(
        [(0, "top"), *headings(english(page))], sections(chinese(page)), sections(english(page)), strict=True
    ):
        assert named(here) == named(there), anchor
        assert here.count("\n| ") == there.count("\n| "), anchor


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_lead_where_those_of_the_english_page_lead(page):
    here, there = Counter(targets(chinese(page))), Counter(targets(english(page)))
    assert there.pop(f"zh/{page}") == 1
    here[page] -= 1  # the link back
    assert +here == there


@pytest.mark.parametrize("page", PAGES)
def test_a_paragraph_is_one_line(page):
    """A browser shows a break between two Chinese characters as a space."""
    text = FENCE.sub("", chinese(page))
    assert not re.search(rf"[{HAN}{MARK}]\n *[{HAN}{MARK}`\[]", text)
    assert not re.search(rf"[{HAN}][,:;?!]|[,;?!][{HAN}]", CODE.sub("", text))
