"""The local page: a real server and a real browser, what they draw and train, and what they refuse."""

import asyncio
import http.client
import io
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from stylezoo.cli import main
from stylezoo.errors import StylezooError, UsageError

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
from stylezoo.app import trainings, visits
from stylezoo.app.child import Child
from stylezoo.app.wanted import Wanted

PATIENCE = 240  # seconds: other work may share the processor
STYLE, OTHER = 0, 2  # starry-night, which the page begins with, and great-wave
READY = "document.body?.dataset.ready"
HOSTILE = '<img src=x onerror="document.title=1">.png'


@contextmanager
def serving(folder, *words, **environment):
    """A server started by the command, in a folder, with its address and port."""
    command = [sys.executable, "-m", "stylezoo", "app", *words]
    places = {**os.environ, "TMPDIR": str(folder), **environment}
    with open(folder / "said", "wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=places, stdout=subprocess.PIPE, stderr=said, text=True)
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"Page    http://([\d.]+):(\d+)/   Ctrl-C ends it\n", line)
        assert found, (line, (folder / "said").read_text())
        yield SimpleNamespace(process=process, host=found[1], port=int(found[2]), folder=folder)
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server"), "--max-upload", "1") as found:
        yield found
        assert (found.folder / "said").read_text() == ""  # no traceback, no word of a library


def ask(server, method, path, body=None, /, **headers):
    """The status and the body of an answer; JSON is read."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    try:
        body = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    is_json = answer.headers.get("content-type") == "application/json"
    return answer.status, json.loads(content) if is_json else content


def begin(server, picture=None, name="photo.png"):
    """The address of a new visit, which may have a photograph."""
    visit = f"/visits/{ask(server, 'POST', '/visits')[1]['visit']}"
    if picture:
        assert ask(server, "PUT", f"{visit}/photo?name={name}", picture)[0] == 201
    return visit


def photograph(seed=0, width=96, height=72, form="PNG"):
    """The file of a small picture."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), "uint8")
    file = io.BytesIO()
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(file, form)
    return file.getvalue()


def weights(**by_number):
    return {"weights": [by_number.get(f"s{i}", 0) for i in range(6)]}


# The browser


def until(page, expression):
    """Wait until an expression is true on a page."""
    end = time.monotonic() + PATIENCE
    while not page.value(expression):
        assert time.monotonic() < end, (expression, page.value("document.body.innerText"))
        time.sleep(0.05)


def element(name):
    return f"document.getElementById('{name}')"


def choose(page, selector, *paths):
    """Choose files with an input."""
    root = page.send("DOM.getDocument")["root"]["nodeId"]
    node = page.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
    page.send("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])


def move(page, name, value):
    """Move a slider, as its user does."""
    page.value(f"{element(name)}.value = {value}, {element(name)}.dispatchEvent(new Event('input')), 1")


@pytest.fixture
def page(browser, server):
    """The page in a browser, which complains of nothing and asks nobody else."""
    browser.requests.clear()
    browser.complaints.clear()
    browser.look()
    browser.send("Page.navigate", url=f"http://{server.host}:{server.port}/")
    until(browser, f"location.port == {server.port} && {READY}")
    yield browser
    browser.send("Page.navigate", url="about:blank")
    refused = [each for each in browser.complaints if "status of 400" in str(each)]  # a console notes every refusal
    assert browser.complaints == refused
    hosts = {each.split("/")[2] for each in browser.requests if not each.startswith(("about:", "data:", "blob:"))}
    assert hosts == {f"{server.host}:{server.port}"}


@pytest.mark.long
def test_page_draws_the_bytes_of_the_command_that_it_shows(page, server, tmp_path, monkeypatch, read_once):
    (tmp_path / "photo.png").write_bytes(photograph())
    move(page, f"style-{OTHER}", 0.6)
    choose(page, "#file", tmp_path / "photo.png")
    until(page, f"!{element('shown')}.hidden")
    move(page, "strength", 0.8)
    until(page, "document.body.dataset.drawn == 'full'")  # so small a picture is its own preview
    command = page.value(f"{element('command')}.textContent")
    assert command == (
        "stylezoo stylize photo.png --style starry-night=1 --style great-wave=0.6 --strength 0.8 -o photo-stylized.png"
    )
    drawn = ask(server, "GET", page.value(f"new URL({element('download')}.href).pathname"))[1]
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, shlex.split(command)[1:])
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "photo-stylized.png").read_bytes() == drawn
    assert page.value(f"{element('download')}.download") == "photo-stylized.png"


@pytest.mark.long
def test_brush_paints_the_mask_of_the_command(page, server, tmp_path, monkeypatch, read_once):
    (tmp_path / "photo.png").write_bytes(photograph(1))
    choose(page, "#file", tmp_path / "photo.png")
    until(page, "document.body.dataset.drawn")
    page.value("document.querySelector('.style button').click()")
    box = json.loads(page.value(f"JSON.stringify({element('canvas')}.getBoundingClientRect())"))
    for kind, share in (("mousePressed", 0.1), ("mouseMoved", 0.4), ("mouseReleased", 0.4)):
        x, y = box["x"] + share * box["width"], box["y"] + 0.5 * box["height"]
        page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
    page.value(f"{element('painted')}.click()")
    until(page, f"!{element('files')}.hidden && document.body.dataset.drawn == 'full'")
    for link in json.loads(page.value("JSON.stringify([...document.querySelectorAll('#files a')].map(a => a.href))")):
        name = "photo.png" if link.endswith("photo") else "mask-starry-night.png"
        (tmp_path / name).write_bytes(ask(server, "GET", link.partition(f":{server.port}")[2])[1])
    mask = np.asarray(Image.open(tmp_path / "mask-starry-night.png").convert("RGBA"))
    assert mask[36, 24].tolist() == [255, 255, 255, 255]
    assert mask[36, 80, 3] == 0
    monkeypatch.chdir(tmp_path)
    drawn = ask(server, "GET", page.value(f"new URL({element('download')}.href).pathname"))[1]
    words = shlex.split(page.value(f"{element('command')}.textContent"))
    assert CliRunner().invoke(main, words[1:]).exit_code == 0
    assert Path("photo-stylized.png").read_bytes() == drawn
    Path("photo-stylized.png").unlink()
    exec(page.value(f"{element('python')}.textContent"), {})
    assert Path("photo-stylized.png").read_bytes() == drawn


def test_page_tells_of_a_hostile_file_in_one_line_and_goes_on(page, tmp_path):
    bad = tmp_path / HOSTILE.replace("/", "")
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    choose(page, "#file", bad)
    until(page, f"!{element('trouble')}.hidden")
    said = page.value(f"{element('trouble')}.textContent")
    assert said.startswith(f"'{bad.name}'")
    assert str(tmp_path) not in said
    assert page.value("document.querySelectorAll('#trouble *').length") == 0
    assert page.value("document.title") == "stylezoo"
    good = tmp_path / "<b>good.png"
    good.write_bytes(photograph())
    choose(page, "#file", good)
    until(page, f"{element('trouble')}.hidden && !{element('shown')}.hidden")
    until(page, f"{element('command')}.textContent.includes('<b>good.png')")
    until(page, "document.body.dataset.drawn")


def test_page_fits_a_telephone_and_has_a_label_for_everything(page):
    for tab in ("draw", "train"):
        page.value(f"{element(f'tab-{tab}')}.click()")
        page.look(400, 800, "dark")
        assert page.value("document.documentElement.scrollWidth <= innerWidth")
        nameless = (
            "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length && !e.ariaLabel).length"
        )
        assert page.value(nameless) == 0
    page.value(f"{element('tab-train')}.focus()")
    page.press("ArrowLeft")
    assert page.value(f"!{element('draw')}.hidden && document.activeElement.id == 'tab-draw'")


# Users


@pytest.mark.long
def test_two_users_draw_at_once_and_see_their_own_pictures_only(server):
    users = [begin(server, photograph(seed, 64, 48 + 16 * seed)) for seed in (0, 1)]
    drawn = {}

    def draw(user):
        status, told = ask(server, "POST", f"{user}/results", weights(s0=1))
        assert status == 201, told
        drawn[user] = told, ask(server, "GET", f"{user}/results/{told['number']}")[1]

    threads = [threading.Thread(target=draw, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [drawn[user][0]["height"] for user in users] == [48, 64]
    for user in users:
        told, content = drawn[user]
        assert Image.open(io.BytesIO(content)).size == (told["width"], told["height"])
        assert ask(server, "GET", f"{user}/results/{told['number'] + 1}")[0] == 404
    assert ask(server, "GET", f"{users[0][:-1]}x/view")[0] == 400


def test_pictures_are_removed_when_their_user_leaves(monkeypatch):
    monkeypatch.setattr(visits, "LEAVING", 0.1)
    present = visits.Visits()
    left, here = present.begin(), present.begin()
    left.new_file(".png").write_bytes(b"x")
    left.leave()

    async def wait():
        tidying = asyncio.create_task(present.tidy())
        await asyncio.sleep(0.3)
        tidying.cancel()

    asyncio.run(wait())
    assert [each.exists() for each in (left.folder, here.folder)] == [False, True]
    with pytest.raises(UsageError, match="load it again"):
        present.find(left.id)
    assert present.find(here.id) is here
    present.end()
    assert not present.folder.exists()


def test_a_visit_without_pictures_ends_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(visits, "MOST", 2)
    present = visits.Visits()
    busy, idle = present.begin(), present.begin()
    busy.new_file(".png").write_bytes(b"x")
    present.begin().new_file(".png")
    assert [present.is_open(each) for each in (busy, idle)] == [True, False]
    assert not idle.folder.exists()
    with pytest.raises(StylezooError, match="Too many people"):
        present.begin()
    present.end()


def test_a_page_that_is_loaded_again_finds_its_visit(server):
    visit = begin(server, photograph())
    assert ask(server, "POST", f"{visit}/leave")[0] == 204
    assert ask(server, "GET", visit)[1]["photo"] == {"name": "photo.png", "width": 96, "height": 72}


def test_only_the_last_results_are_kept(server):
    visit = begin(server, photograph(2, 32, 32))
    numbers = [ask(server, "POST", f"{visit}/results", {**weights(s0=1), "strength": 0})[1]["number"] for _ in range(4)]
    assert [ask(server, "GET", f"{visit}/results/{number}")[0] for number in numbers] == [404, 200, 200, 200]


# Refusing


def bomb():
    """A PNG of 40,000 x 40,000 pixels in a few bytes."""
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def film():
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


BAD = {
    "no picture": (b"no picture\n", "photo.png"),
    "cut off": (photograph()[:300], "cannot be read"),
    "bomb": (bomb(), "pixels"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "vector"),
    "empty": (b"", "is empty"),
    "animation": (film(), "is an animation of 2 frames"),
    "large": (bytes(2**20 + 1), "too large"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_upload_that_is_no_picture_is_refused_in_one_line(case, server):
    content, said = BAD[case]
    visit = begin(server)
    for place in ("photo", "lessons/source"):
        status, told = ask(server, "PUT", f"{visit}/{place}?name=..%2F..%2Fetc%2Fphoto.png", content)
        assert status == 400
        assert said in told["error"]
        assert "\n" not in told["error"]
        assert str(server.folder) not in told["error"]
    assert ask(server, "GET", visit)[1]["photo"] is None
    assert not [path for path in server.folder.glob("stylezoo-app-*/*/*") if path.read_bytes() == content]


def test_an_upload_without_an_announced_size_is_cut_off(server):
    visit = begin(server)
    with socket.create_connection((server.host, server.port), PATIENCE) as connection:
        head = f"PUT {visit}/photo?name=a.png HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        for _ in range(5):
            connection.sendall(b"40000\r\n" + bytes(2**18) + b"\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert b"too large" in answer.read()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/../pyproject.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/page.html",
        "/site.py",
        "/docs",
        "/openapi.json",
        "/visits",
        "{visit}/photo/../../../etc/passwd",
        "{visit}/%2e%2e/{visit}/photo",
        "{visit}/results/1.png",
        "{visit}/results/..%2f1",
        "{visit}/results/" + 100 * "9",
        "{visit}/masks/-1",
        "{visit}/lessons/source",
        "{visit}/training/sheet",
    ],
)
def test_no_other_file_can_be_read(path, server):
    visit = begin(server)
    status, content = ask(server, "GET", path.format(visit=visit))
    assert status in (404, 405), content
    assert b"root:" not in (content if isinstance(content, bytes) else json.dumps(content).encode())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:7860"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "[bad"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost:1"}, 201),
        ({"Host": "[::1]:1"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_other_sites_are_refused(headers, status, server):
    assert ask(server, "POST", "/visits", None, **headers)[0] == status


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (weights(), "All styles are off"),
        ({}, "load it again"),
        ([], "load it again"),
        ({"weights": [1] * 99}, "load it again"),
        (weights(s0=2), "The weight is 2"),
        (weights(s0="1"), "no number"),
        (weights(s0=-0.1), "The weight is -0.1"),
        (weights(s0=10**400), "no number"),
        ({**weights(s0=1), "strength": 1.5}, "The strength is 1.5"),
        ({**weights(s0=1), "stroke": 9}, "The stroke is 9"),
        ({**weights(s0=1), "size": -1}, "The size is -1"),
        ({**weights(s0=1), "seed": float("nan")}, "The seed is no number"),
        (b'{"weights": [1], "size": ' + 5000 * b"9" + b"}", "no number"),
        (b"{", "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b" " * 2**17, "too long"),
    ],
)
def test_a_message_that_makes_no_sense_is_refused_in_one_line(message, said, server):
    visit = begin(server, photograph(3, 32, 32))
    for place in ("lines", "results"):
        status, told = ask(server, "POST", f"{visit}/{place}", message)
        assert (status, said in told["error"]) == (400, True), told


def test_an_address_of_any_length_is_refused(server):
    assert ask(server, "GET", f"{begin(server)}/results/{5000 * '9'}")[0] == 403


def test_what_is_missing_is_told(server):
    visit = begin(server)
    assert ask(server, "POST", f"{visit}/lines", weights(s0=1))[1]["error"] == "Choose a photograph first."
    assert "needs two pictures" in ask(server, "POST", f"{visit}/training", {"model": "single-pair"})[1]["error"]
    assert ask(server, "POST", f"{visit}/training", {"model": "../x"})[1]["error"] == "Choose one of the models."
    assert "another visitor" in ask(server, "DELETE", f"{visit}/training")[1]["error"]
    assert ask(server, "POST", f"{visit}/sample", "../x")[1]["error"] == "There is no such sample."
    assert ask(server, "PUT", f"{visit}/masks/0", photograph())[0] == 400


# What is shown


def wanted(name="photo.jpg", photo=(640, 480), masks=(), **plain):
    visit = SimpleNamespace(
        photo=visits.Upload(Path("1"), name, *photo),
        masks={number: visits.Upload(Path("2"), f"mask-{number}.png") for number in masks},
    )
    return Wanted.of(visit, ["one", "runs/a=b", "it's"], plain)


def test_command_and_python_have_every_setting():
    look = {"strength": 0.5, "stroke": 1.5, "size": 512, "seed": 3, "keep_colour": True}
    given = wanted(weights=[0.5, 0, 0.25], masks=[2], **look)
    assert given.command() == (
        "stylezoo stylize photo.jpg --style one=0.5 --style 'it'\"'\"'s=0.25' --mask 'mask-2.png=it'\"'\"'s' "
        "--size 512 --stroke 1.5 --strength 0.5 --seed 3 --keep-colour -o photo-stylized.png"
    )
    assert given.python() == (
        "import stylezoo\n\nstylezoo.stylize('photo.jpg', {'one': 0.5, \"it's\": 0.25}, "
        "masks={\"it's\": 'mask-2.png'}, size=512, stroke=1.5, strength=0.5, seed=3, keep_colour=True)"
        ".save('photo-stylized.png')"
    )
    assert wanted(weights=[0, 0.3]).command() == "stylezoo stylize photo.jpg --style runs/a=b -o photo-stylized.png"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\a b.jpg", "a b.jpg"),
        ("", "photo"),
        ("..", "photo"),
        ("\x1b[31mred\n.png", "red .png"),
        ("a" * 300 + ".jpeg", "a" * 95 + ".jpeg"),
    ],
)
def test_names_of_files_are_names_only(sent, name):
    assert visits.file_name(sent) == name


def test_a_name_is_no_option_of_the_shown_command():
    words = shlex.split(wanted("-o; rm -rf *.png", weights=[1]).command())
    assert words[2] == "./-o; rm -rf *.png"
    assert words[-1] == "./-o; rm -rf *-stylized.png"


def test_preview_is_small_and_the_size_counts():
    large = wanted(photo=(4000, 3000), weights=[1])
    assert (large.job(preview=True)["size"], large.job(preview=False)["size"]) == (320, None)
    assert wanted(photo=(4000, 3000), weights=[1], size=64).job(preview=True)["size"] == 64
    assert wanted(photo=(400, 300), weights=[1]).job(preview=True)["size"] is None


# Processes


def test_a_child_process_that_ends_is_told_and_started_again(tmp_path):
    (tmp_path / "a.png").write_bytes(photograph())
    job = {"job": "photograph", "picture": str(tmp_path / "a.png"), "view": str(tmp_path / "view.jpg")}

    async def work():
        child = Child(tmp_path / "none")
        first = asyncio.create_task(child.ask(**job))
        while child._process is None:
            await asyncio.sleep(0.01)
        child._process.kill()
        with pytest.raises(StylezooError, match="has ended, perhaps for want of memory"):
            await first
        assert await child.ask(**job) == {"width": 96, "height": 72}
        with pytest.raises(RuntimeError, match="KeyError"):
            await child.ask(job="nonsense")
        given_up = asyncio.create_task(child.ask(**job))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert child.queue == []
        child.close()
        with pytest.raises(StylezooError, match="The server has ended"):
            await child.ask(**job)

    asyncio.run(work())


def test_ctrl_c_ends_the_command_quietly_and_removes_all_pictures(server, tmp_path):
    with serving(tmp_path) as second:
        assert second.port > server.port
        visit = begin(second, photograph())
        threading.Thread(target=ask, args=[second, "POST", f"{visit}/results", weights(s0=1)], daemon=True).start()
        time.sleep(0.3)
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(20) == 0
        assert second.process.stdout.read() == ""
    assert [path.name for path in tmp_path.iterdir()] == ["said"]
    assert (tmp_path / "said").read_text() == ""


def test_processes_end_and_pictures_are_removed_when_the_server_was_killed(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").write_bytes(photograph())
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "stylezoo.app.artist", folder], stdin=pipe, stdout=pipe) as artist:
        job = {"job": "photograph", "picture": str(folder / "a.png"), "view": str(folder / "view.jpg")}
        artist.stdin.write(f"{json.dumps(job)}\n".encode())
        artist.stdout.close()  # as of a server that has gone while it waited
        artist.stdin.close()
        assert artist.wait(PATIENCE) == 0
    assert not folder.exists()
    stub = "import runpy, time; runpy.run_module = lambda *a, **k: time.sleep(600); from stylezoo.app import pupil; "
    code = f"{stub}\ntry: pupil.main()\nexcept KeyboardInterrupt: print('lost'); raise SystemExit(130)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as pupil:
        assert pupil.communicate(timeout=PATIENCE)[0] == b""
    assert pupil.returncode == 130


def test_a_port_that_is_taken_is_told_and_a_public_address_warned_of(tmp_path, server, monkeypatch):
    done = CliRunner().invoke(main, ["app", "--port", str(server.port)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: Port {server.port} of '127.0.0.1' cannot be used: ")
    assert "is no address of this machine" in CliRunner().invoke(main, ["app", "--host", "no.such.invalid"]).stderr
    assert "'gone' is no model" in CliRunner().invoke(main, ["app", "--model", "gone"]).stderr
    monkeypatch.setattr("stylezoo.app.server.serve", lambda site, sock, say: (site.visits.end(), sock.close()))
    for words, may in (([], "open the page, draw and train"), (["--draw-only"], "open the page and draw")):
        done = CliRunner().invoke(main, ["app", "--host", "0.0.0.0", *words])
        assert done.exit_code == 0
        assert done.stderr == f"Anybody who can reach this machine can {may}: it asks for no password.\n"


def test_the_files_of_all_visits_are_limited(monkeypatch):
    monkeypatch.setattr(visits, "MOST_BYTES", 10)
    open_visits = visits.Visits()
    try:
        one, other = open_visits.begin(), open_visits.begin()
        one.new_file(".png").write_bytes(bytes(6))
        other.new_file(".png").write_bytes(bytes(6))
        with pytest.raises(StylezooError, match=r"fill its folder; try again later\.$"):
            other.new_file(".png")
        one.left = -visits.LEAVING
        assert one.is_over
        open_visits._end(one)
        other.new_file(".png")
    finally:
        open_visits.end()


def test_without_the_extra_one_line_says_what_to_install(python):
    code = "import sys; sys.modules['uvicorn'] = None; from stylezoo.cli import main; main(['app'])"
    done = python("-c", code)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: The page needs a server that is not installed: pip install 'stylezoo[app]'.\n"


def test_a_server_imports_neither_keras_nor_tensorflow(python):
    code = "import sys; from stylezoo.app import server, site; print({'keras', 'tensorflow'} & {*sys.modules})"
    assert python("-c", code).stdout == "set()\n"


# Training


def test_training_is_the_command_with_copies_of_the_pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "up.png").write_bytes(photograph())
    up = visits.Upload(tmp_path / "up.png", "../evil.png")
    visit = visits.Visit(tmp_path, lessons={"source": [up], "style": [up, up]})
    training = trainings.Training.of(visit, ["single-pair"], {"model": "single-pair", "steps": 3})
    assert training.words == [
        "train", "single-pair", "--source", "runs/single-pair-pictures/source/1.png",
        "--style", "runs/single-pair-pictures/style", "--steps", "3", "-o", "runs/single-pair",
    ]  # fmt: skip
    assert sorted(path.name for path in Path("runs/single-pair-pictures/style").iterdir()) == ["1.png", "2.png"]
    for steps in (0, "3", 10**9):
        with pytest.raises(UsageError, match="number of steps"):
            trainings.Training.of(visit, ["single-pair"], {"model": "single-pair", "steps": steps})


@pytest.mark.long
def test_page_trains_a_style_from_two_pictures_and_draws_in_it(page, server, tmp_path):
    for seed, name in enumerate(["photo.png", "painting.png"]):
        (tmp_path / name).write_bytes(photograph(seed, 128, 128))
    page.value(f"{element('tab-train')}.click()")
    choose(page, "[data-role=source] input", tmp_path / "photo.png")
    choose(page, "[data-role=style] input", tmp_path / "painting.png")
    until(page, "document.querySelectorAll('.thumbs img').length == 2")
    page.value(f"{element('steps')}.value = 200, {element('start')}.click()")
    other = begin(server)
    until(page, f"!{element('sheet')}.hidden && {element('sheet')}.naturalWidth > 0")  # the first of the live preview
    told = ask(server, "GET", other)[1]
    assert told["training"]["running"]
    assert "command" not in told["training"]
    assert ask(server, "GET", f"{other}/training/sheet")[0] == 404
    assert "another visitor" in ask(server, "DELETE", f"{other}/training")[1]["error"]
    page.value(f"{element('stop')}.click()")
    until(page, f"document.body.dataset.training == 'ended' && !{element('use')}.hidden")
    assert "Stopped. What is learned is in 'runs/single-pair'" in page.value(f"{element('state')}.textContent")
    page.value(f"{element('use')}.click()")
    choose(page, "#file", tmp_path / "photo.png")
    # The page may still show what was drawn before.
    until(page, f"{element('command')}.textContent.includes('--style runs/single-pair ')")
    until(page, "document.body.dataset.drawn == 'full'")
    assert len(ask(server, "GET", other)[1]["styles"]) == 6


@pytest.mark.long
def test_a_training_keeps_what_it_has_learned_when_the_server_is_killed(tmp_path):
    with serving(tmp_path) as server:
        visit = begin(server)
        for seed, role in enumerate(("source", "style")):
            assert ask(server, "PUT", f"{visit}/lessons/{role}?name=a.png", photograph(seed, 64, 64))[0] == 200
        assert ask(server, "POST", f"{visit}/training", {"model": "single-pair", "steps": 10**6})[0] == 201
        end = time.monotonic() + PATIENCE
        while not ask(server, "GET", visit)[1]["training"]["step"]:
            assert time.monotonic() < end
            time.sleep(0.2)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        server.process.kill()
        server.process.wait()
        while any(is_alive(pid) for pid in children):
            assert time.monotonic() < end
            time.sleep(0.2)
    assert not [*tmp_path.glob("stylezoo-app-*")]
    card = json.loads((tmp_path / "runs" / "single-pair" / "card.json").read_text())
    assert 0 < card["steps"] < 10**6


def is_alive(pid):
    """Whether a process goes on; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
