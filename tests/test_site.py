"""The built site in a browser: every page is whole, on a phone as well, asks no other server, and can be searched."""

import json
import re
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).parents[1]
PHONE, DESK = 400, 1300  # pixels wide
SEEN = """({
    ids: [...document.querySelectorAll("[id]")].map(each => each.id),
    links: [...document.links].map(each => each.href),
    broken: [...document.images].filter(each => !each.complete || !each.naturalWidth).map(each => each.src),
    unnamed: [...document.images].filter(each => !each.alt).map(each => each.src),
})"""
EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WORKER = """(async () => {
    const config = JSON.parse(document.getElementById("__config").textContent);
    const index = await (await fetch(`${config.base}/search/search_index.json`)).json();
    const worker = new Worker(config.search);
    window.ask = message => new Promise(done => {
        worker.onmessage = event => done(event.data.data);
        worker.postMessage(message);
    });
    await ask({type: 0, data: {...index, options: {suggest: true}}});
})()"""
FIRST = "ask({type: 2, data: %s}).then(found => found.items.slice(0, 3).map(each => each[0].location))"
WANTED = {  # what people type, and the pages of which one must be among the first three
    "export": "export", "multi gpu": "machines", "resume": "tutorial|reliability", "own loss": "own-loss",
    "colab": "notebooks", "out of memory": "faq", "tensorboard": "callbacks",
    "onnx": "export|faq",
    "video": "film",
    "mask": "fusion", "keep colour": "fusion", "learning rate": "faq", "cyclegan": "models",
    "16 bit": "precision|scientific-pictures",
    "hugging face": "tutorial|faq", "early stopping": "callbacks", "windows": "faq|machines|windows",
    "fine-tune": "faq|your-own-style",
    "finetune": "faq|your-own-style", "color": "faq|fusion",
    "seed": "seeds", "mixed precision": "precision", "slurm": "machines",
    "checkerboard": "which|tutorial", "mode collapse": "faq|which", "pytorch": "tutorial", "jupyter": "notebooks",
    "tf.data": "data", "heic": "tutorial", "browser": "export|app",
    "phone": "export", "custom layer": "faq|write-a-plugin",
    "docker": "faq", "webcam": "faq", "nan": "reliability|faq", "mlflow": "callbacks", "gif": "film|fusion|faq",
    "plugin": "write-a-plugin", "stylezoo.train": "api", "sliced-wasserstein": "losses",
    "风格迁移": "zh", "插件": "zh/write-a-plugin", "损失": "zh", "判别器": "zh", "模式崩溃": "zh",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site and its address."""
    pytest.importorskip("mkdocs", reason="the site needs the extra 'docs'")
    pytest.importorskip("mkdocstrings", reason="the site needs the extra 'docs'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def quiet(browser, site):
    """The browser, if it complains of nothing in a test and asks no server but that of the site."""
    browser.requests.clear()
    browser.complaints.clear()
    yield browser
    assert browser.complaints == []
    assert [each for each in browser.requests if not each.startswith((site[1], "data:", "blob:"))] == []
    browser.send("Emulation.clearDeviceMetricsOverride")


@pytest.mark.long
def test_every_page_is_whole(quiet, site):
    folder, address = site
    pages, wide = {}, {}
    for file in sorted(folder.rglob("index.html")):
        page = f"{address}{file.parent.relative_to(folder).as_posix()}/".replace("/./", "/")
        quiet.look(PHONE, 800)
        quiet.visit(page)
        pages[page] = quiet.value(SEEN)
        for width in (PHONE, DESK):
            quiet.look(width, 800)
            if excess := excess_of(quiet):
                wide[page, width] = excess
    assert len(pages) > 30
    assert wide == {}
    assert {page: seen["broken"] for page, seen in pages.items() if seen["broken"]} == {}
    assert {page: seen["unnamed"] for page, seen in pages.items() if seen["unnamed"]} == {}
    links = {(page, link) for page, seen in pages.items() for link in seen["links"]}
    assert {(page, link) for page, link in links if not arrives(link, pages, folder, address)} == set()


def excess_of(browser):
    """By how many pixels the page is wider than the window, once it has settled in its new size."""
    for _ in range(20):
        if (excess := browser.value(EXCESS)) <= 0:
            return 0
        time.sleep(0.1)
    return excess


def arrives(link, pages, folder, address):
    """Whether a link leads to another site, to a file of this one, or to a page and a place on it."""
    place, anchor = urldefrag(link)
    if not link.startswith(address):
        return bool(re.match("https?://|mailto:", link))
    if place in pages:
        return not anchor or unquote(anchor) in pages[place]["ids"]
    return (folder / unquote(place.removeprefix(address))).is_file()


@pytest.mark.long
def test_search_finds_what_people_type(quiet, site):
    quiet.visit(site[1])
    quiet.value(WORKER)
    found = {words: quiet.value(FIRST % json.dumps(words)) for words in WANTED}
    missed = {
        words: found[words]
        for words, pages in WANTED.items()
        if not any(re.match(f"({pages})/", place) for place in found[words])
    }
    assert missed == {}


@pytest.mark.long
def test_the_field_for_searches_works(quiet, site):
    quiet.look(DESK, 800)
    quiet.visit(site[1])
    quiet.value("""(() => {
        const field = document.querySelector(".md-search__input");
        field.focus();
        field.value = "tensorboard";
        field.dispatchEvent(new KeyboardEvent("keyup", {bubbles: true}));
    })()""")
    until = time.monotonic() + 30
    while not quiet.value("document.querySelectorAll('.md-search-result__item').length") and time.monotonic() < until:
        time.sleep(0.1)
    assert "callbacks" in quiet.value("document.querySelector('.md-search-result__link').href")


@pytest.mark.long
def test_every_entry_of_the_api_shows_its_source(site):
    text = (site[0] / "api" / "index.html").read_text(encoding="utf-8")
    parts = re.split(r'<h\d id="(stylezoo\.[\w.]+)" class="doc', text)[1:]
    entries = dict(zip(parts[::2], parts[1::2], strict=True))
    assert len(entries) > 200
    # A property is in the source of its class.
    without = [
        name for name, part in entries.items() if "mkdocstrings-source" not in part and "doc-label-property" not in part
    ]
    assert without == []


@pytest.mark.long
def test_names_in_guides_lead_to_their_entries(site):
    read = lambda page: (site[0] / page / "index.html").read_text(encoding="utf-8")  # noqa: E731
    assert '<a href="../api/#stylezoo.Spec"><code>Spec</code></a>' in read("design")
    assert '<a href="../losses/#lsgan"><code>lsgan</code></a>' in read("design")
    assert '<a href="../cli/#stylezoo-doctor"><code>stylezoo doctor</code></a>' in read("write-a-plugin")
    assert '<a href="#stylezoo.gan.GAN.painter"><code>GAN.painter</code></a>' in read("api")
    assert '<a href="../models/#cyclegan"><code>cyclegan</code></a>' in read("tutorial")
