"""An mkdocs hook: on the page of the API, names in the docstrings link to their entries."""

import re

SKIPPED = re.compile(r"(<a\b.*?</a>|<h\d.*?</h\d>|<pre.*?</pre>|<details.*?</details>)", re.DOTALL)
PLAIN_WORDS = ("train", "painter", "interpolate", "stylize")  # names that may look like words


def on_page_content(html, page, **_):
    """Link ``<code>Recipe</code>`` to the heading with the id "stylezoo.Recipe", unless several ids end so."""
    if page.file.src_uri != "api.md":
        return html
    entries = {}
    for entry in dict.fromkeys(re.findall(r'<h\d id="(stylezoo\.[\w.]+)"', html)):
        parts = entry.split(".")
        for i in range(len(parts)):
            entries.setdefault(".".join(parts[i:]), []).append(entry)

    def linked(code):
        found = entries.get(code[1], [])
        is_name = re.search(r"[A-Z_.]", code[1]) or code[1] in PLAIN_WORDS
        return f'<a href="#{found[0]}">{code[0]}</a>' if len(found) == 1 and is_name else code[0]

    pieces = SKIPPED.split(html)
    pieces[::2] = [re.sub(r"<code>([\w.]+)</code>", linked, piece) for piece in pieces[::2]]
    return "".join(pieces)
