"""Reads changed files and texts until something raises another error than one in words, or takes seconds.

Run it as ``python tests/benchmarks/fuzz.py [TARGET ...] [--count 20000] [--seed 0]``. Each target begins with right
examples and changes their bytes or their plain data at random, always in the same way for the same seed. It works in
child processes, so that a crash of a library is told with the number of its example: ``--seed 0 --only 1234`` runs
that one again.
"""

import argparse
import io
import json
import os
import random
import sys
import tempfile
import time
import traceback
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

SLOW = 2  # seconds
BATCH = 500  # examples in one child
ODD = [
    None, True, False, 0, -1, 2**31, 10**19, 10**400, 1e308, float("nan"), float("inf"), "", "x" * 300, ":", "a:b=[[",
    "\x1b[31m\n\u202e", "\ud800", [], {}, [[]], [1, "a"], {"": 0}, {"class_name": "Lambda", "module": "os"}, "../../x",
]  # fmt: skip
SIGNS = "'\"\\,:=()[]{}0.9e-_ ab\x1b\n\u202e\u00df/"


def changed_bytes(r, content):
    """Some bytes changed, doubled, removed or cut off."""
    content = bytearray(content)
    for _ in range(r.choice([1, 1, 2, 5, 20])):
        at, length = r.randrange(len(content) + 1), r.choice([1, 1, 2, 4, 8, 64])
        match r.randrange(7):
            case 0:
                content[at : at + 1] = bytes([r.randrange(256)])
            case 1:
                content[at : at + length] = r.choice([b"\xff", b"\0", b"\x7f", b"\x80"]) * length
            case 2:
                content[at:at] = r.randbytes(length)
            case 3:
                del content[at : at + length]
            case 4:
                content[at:at] = content[at : at + length * 8]
            case 5:
                there = r.randrange(len(content) + 1)
                content[at : at + length] = content[there : there + length]
            case 6 if r.random() < 0.2:
                del content[at:]
    return bytes(content)


def changed_text(r, text):
    """Some characters changed, added, removed or doubled."""
    for _ in range(r.choice([1, 2, 5, 20])):
        at, length = r.randrange(len(text) + 1), r.choice([1, 1, 3, 10])
        new = r.choice([r.choice(SIGNS) * r.choice([1, 1, 1, 500]), "", text[at : at + 20]])
        text = text[:at] + new + text[at + r.choice([0, length]) :]
    return text


def changed_plain(r, plain):
    """Plain data with some values replaced, removed, renamed or nested."""
    for _ in range(r.choice([1, 1, 2, 4])):
        plain = json.loads(json.dumps(plain))  # a copy, in which nothing stands twice
        places = [plain]
        for each in places:
            places += [
                one for one in (each.values() if isinstance(each, dict) else each) if isinstance(one, dict | list)
            ]
        inside = r.choice(places)
        if not inside:
            continue
        key = r.choice(list(inside)) if isinstance(inside, dict) else r.randrange(len(inside))
        old = inside[key]
        match r.randrange(6):
            case 0 if isinstance(inside, dict):
                inside[r.choice(["", "x\x1b", "class_name", "losses", key + " "])] = inside.pop(key)
            case 1:
                del inside[key]
            case 2 if isinstance(old, str):
                inside[key] = changed_text(r, old)
            case 3:
                inside[key] = [old] * r.choice([1, 60])
            case 4:
                for _ in range(r.choice([1, 40])):
                    inside[key] = {"a": inside[key]}
            case _:
                inside[key] = r.choice(ODD)
    return plain


class Targets:
    """The readers: each is a method that makes a function of a random generator, which reads one changed example."""

    def __init__(self, folder):
        import stylezoo.gan  # noqa: F401 - its seconds are not those of an example

        self.folder = folder

    def spec(self):
        from stylezoo.spec import Spec

        texts = [
            "lsgan:real=0.9,weight=2", "resnet:filters=8,blocks=3,norm='a,b'", "stylezoo/patch:layers=2",
            'named-styles:names=["a, b","c\\\'d"],added=1', "patch-nce:patches=(1,[2,{3:4}]),identity=True",
        ]  # fmt: skip

        def read(r):
            spec = Spec.parse(changed_text(r, r.choice(texts)))
            str(spec)
            spec.part(r.choice(["loss", "generator", "discriminator"]))

        return read

    def recipe(self):
        from stylezoo.catalogue import registry
        from stylezoo.recipe import Recipe

        plains = [Recipe.named(plugin.qualified).to_dict() for plugin in registry.plugins("model")]
        plains.append(json.loads((Path(__file__).parent.parent / "reference/old_run/recipe.json").read_text()))
        file = self.folder / "recipe.json"

        def read(r):
            text = json.dumps(changed_plain(r, r.choice(plains)))
            file.write_bytes(changed_bytes(r, text.encode()) if r.random() < 0.3 else text.encode())
            recipe = Recipe.read(file)
            recipe.to_json()
            recipe.resolve()

        return read

    def card(self):
        from stylezoo.runs import card

        found = card.read(self._model()).to_dict()
        found |= {"losses": {"a/b": 1.5, "c": None}, "versions": {"keras": "3.15"}, "machine": {"cores": "2"}}
        found |= {
            "data": [{"role": "source", "kind": "folder", "name": "x", "pictures": 3}],
            "license": "MIT",
            "lineage": ["0" * 16],
        }
        plugins, recipe, log = found["plugins"], found["recipe"], "step,seconds,a\n1,0.5,2\n2,1,nan\n"
        run = self.folder / "run"
        run.mkdir()

        def read(r):
            for name, plain in (("card", found), ("plugins", plugins), ("recipe", recipe)):
                text = json.dumps(changed_plain(r, plain) if r.random() < 0.6 else plain).encode()
                (run / f"{name}.json").write_bytes(changed_bytes(r, text) if r.random() < 0.1 else text)
            if r.random() < 0.3:
                (run / "card.json").unlink()
            (run / "log.csv").write_bytes(changed_bytes(r, log.encode()))
            known = card.read(run)
            list(known.sections())
            known.needs()
            known.to_markdown("x", "hf://a/b")
            known.to_json()

        return read

    def archive(self):
        from stylezoo.runs import card, loading

        content = self._model().read_bytes()
        members, file = self._members(), self.folder / "x.keras"

        def read(r):
            if r.random() < 0.4:
                file.write_bytes(changed_bytes(r, content))
            else:
                config = json.dumps(changed_plain(r, json.loads(members["config.json"]))).encode()
                self._write(r, file, {**members, "config.json": config})
            card.read(file)
            loading.checked_recipe(file)

        return read

    def hdf5(self):
        from stylezoo.files import hdf5

        content = self._members()["model.weights.h5"]

        def read(r):
            try:
                hdf5.check(io.BytesIO(changed_bytes(r, content)))
            except (OSError, ValueError) as error:  # which `archive.check_weights` puts into words
                raise told(str(error)) from None

        return read

    def model(self):
        """The whole of loading, which takes a second: take a smaller --count."""
        import stylezoo

        members, file = self._members(), self.folder / "x.keras"

        def read(r):
            config, weights = json.loads(members["config.json"]), members["model.weights.h5"]
            if r.random() < 0.5:
                config["compile_config"] = changed_plain(r, config["compile_config"])
            else:
                weights = changed_bytes(r, weights)
            self._write(r, file, {**members, "config.json": json.dumps(config).encode(), "model.weights.h5": weights})
            stylezoo.load_model(file)

        return read

    def torch(self):
        import numpy as np
        import torch_writer

        from stylezoo.files import torch_files

        rng = np.random.default_rng(0)
        arrays = {f"model.{i}.weight": rng.normal(size=(2, 3, 3, 3)).astype("float32") for i in range(3)}
        file, contents = self.folder / "x.pth", []
        for write in (torch_writer.zip_file, torch_writer.old_file):
            write(file, torch_writer.state_dict(arrays))
            contents.append(file.read_bytes())

        def read(r):
            file.write_bytes(changed_bytes(r, r.choice(contents)))
            torch_files.read(file)

        return read

    def picture(self):
        import numpy as np
        from PIL import Image

        from stylezoo.pictures import files

        contents, image = [], Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype="uint8"))
        for mode in ("RGB", "RGBA", "L", "P", "1", "I;16", "F", "CMYK", "LA"):
            for form in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "TGA", "PPM", "ICO"):
                made = io.BytesIO()
                try:
                    (image.convert("L").convert("I") if mode == "I;16" else image).convert(mode).save(made, form)
                except (OSError, ValueError, KeyError):
                    continue
                contents.append((form.lower(), made.getvalue()))

        def read(r):
            form, content = r.choice(contents)
            file = self.folder / f"x.{form}"
            file.write_bytes(changed_bytes(r, content))
            files.open_picture(file, alpha=r.random() < 0.5)

        return read

    def samples(self):
        """Pictures of 16 bits and of several channels, with all their bits."""
        import numpy as np

        from stylezoo.pictures import files, opening, scans

        contents, r = [], np.random.default_rng(0)
        for channels in (1, 3, 4):
            for form in ("png", "tif") if channels < 4 else ("tif",):
                file = self.folder / f"right.{form}"
                files.save_picture(scans.Scan(r.integers(0, 65536, (9, 7, channels), dtype="uint16")), file)
                contents.append((channels, form, file.read_bytes()))

        def read(r):
            channels, form, content = r.choice(contents)
            file = self.folder / f"x.{form}"
            file.write_bytes(changed_bytes(r, content))
            opening.open_picture(file, r.choice([channels, 1, 3, 4]))

        return read

    def _model(self):
        file = self.folder / "model.keras"
        if not file.exists():
            from stylezoo.gan import GAN
            from stylezoo.recipe import Recipe

            small = {"generator": "resnet:filters=2,blocks=1", "discriminators": ["patch:filters=2,layers=1"]}
            GAN(Recipe(**small, image_size=16)).save(file)
        return file

    def _members(self):
        with zipfile.ZipFile(self._model()) as opened:
            return {name: opened.read(name) for name in opened.namelist()}

    def _write(self, r, file, members):
        with zipfile.ZipFile(file, "w", r.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
            for name, content in members.items():
                archive.writestr(name, content)


def told(message):
    from stylezoo.errors import StylezooError

    return StylezooError(message)


def fault(read, r):
    """What is wrong with the reading of one example, in a line; "" if nothing."""
    from stylezoo.errors import StylezooError

    began, where = time.monotonic(), ""
    try:
        read(r)
    except StylezooError as error:
        if len(str(error)) > 2000 or not str(error).replace("\u200c", "").replace("\u200d", "").isprintable():
            where = f"message {str(error)!a}"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__}: {str(error)[:100]!a} in {frame.filename}:{frame.lineno}"
    took = time.monotonic() - began
    return where or (f"{took:.1f} s" if took > SLOW else "")


def run(name, count, seed, only):
    """Run a target; returns the number of its faults."""
    with tempfile.TemporaryDirectory() as folder:
        read, faults, seen = getattr(Targets(Path(folder)), name)(), 0, set()
        began = time.monotonic()
        numbers = [only] if only is not None else range(count)
        for first in range(0, len(numbers), BATCH):
            reader, writer = os.pipe()
            if not (child := os.fork()):
                for i in numbers[first : first + BATCH]:
                    os.write(writer, f"{i} {fault(read, random.Random(f'{name} {seed} {i}'))}\n".encode())
                os._exit(0)
            os.close(writer)
            with os.fdopen(reader, encoding="utf-8") as lines:
                results = [line.rstrip("\n").partition(" ")[::2] for line in lines]
            _, status = os.waitpid(child, 0)
            if status:
                results.append((str(int(results[-1][0]) + 1 if results else numbers[first]), f"crash, status {status}"))
            for i, what in results:
                faults += bool(what)
                if what and what[:60] not in seen:
                    seen.add(what[:60])
                    print(f"  {name} {i}: {what}", flush=True)
        print(f"{name}: {len(numbers)} examples, {faults} faults, {time.monotonic() - began:.0f} s", flush=True)
    return faults


def main():
    names = [name for name in vars(Targets) if not name.startswith("_")]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", choices=[[], *names], default=[name for name in names if name != "model"])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    given = parser.parse_args()
    sys.exit(sum(run(name, given.count, given.seed, given.only) for name in given.targets) > 0)


if __name__ == "__main__":
    main()
