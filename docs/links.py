"""An mkdocs hook: names in code font link to their entries, in the page of the API and in all other pages."""

import re

SKIPPED = re.compile(r"(<a\b.*?</a>|<h\d.*?</h\d>|<pre.*?</pre>|<details.*?</details>)", re.DOTALL)
PLAIN_WORDS = ("train", "painter", "interpolate", "stylize")  # names that may look like words, linked in the API only
ZOO = (
    "models.md",
    "styles.md",
    "losses.md",
    "generators.md",
    "discriminators.md",
)  # a name of two kinds is the first's
# Names of the zoo that in code font are more often an option or a field.
AMBIGUOUS = ("content", "identity", "style", "colour", "cycle", "patch", "pixel", "grid")


def on_env(env, files, **_):
    """Link ``<code>Recipe</code>`` to "stylezoo.Recipe" in the API, and `lsgan` and `stylezoo train` to their sections.

    A short name is linked if only one entry of the API ends so.
    """
    pages = {file.src_uri: file for file in files.documentation_pages() if file.page}
    api, places = pages["api.md"], _zoo(pages)
    entries = {}
    for entry in dict.fromkeys(re.findall(r'<h\d id="(stylezoo\.[\w.]+)"', api.page.content)):
        parts = entry.split(".")
        for i in range(len(parts)):
            entries.setdefault(".".join(parts[i:]), []).append(entry)
    names = {name: (api, found[0]) for name, found in entries.items() if len(found) == 1}
    for file in pages.values():
        words = PLAIN_WORDS if file is api else ()
        known = {name: to for name, to in names.items() if re.search(r"[A-Z_.]", name) or name in words}
        file.page.content = _linked(file, known if file is api else {**places, **known})
    return env


def _zoo(pages):
    """The file and the anchor of every section of the zoo and of the command line, by what is written in code font."""
    found = {}
    for uri in (*ZOO, "cli.md"):
        for anchor, title in re.findall(r'<h2 id="([^"]+)">([a-z0-9 -]+)<', pages[uri].page.content):
            if title not in AMBIGUOUS and title != "stylezoo":
                found.setdefault(title, (pages[uri], anchor))
    return found


def _linked(file, names):
    def linked(code):
        to, anchor = names.get(code[1], (None, ""))
        if to is None or (to is file and to.src_uri != "api.md"):
            return code[0]
        page = "" if to is file else to.url_relative_to(file)
        return f'<a href="{page}#{anchor}">{code[0]}</a>'

    pieces = SKIPPED.split(file.page.content)
    pieces[::2] = [re.sub(r"<code>([\w. -]+)(?:\(\))?</code>", linked, piece) for piece in pieces[::2]]
    return "".join(pieces)
