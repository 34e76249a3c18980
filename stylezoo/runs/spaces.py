"""A folder for a Space of Hugging Face: the local page, with a model of the hub among its styles."""

import json
from pathlib import Path

from stylezoo.catalogue import needs
from stylezoo.errors import BadRun
from stylezoo.runs.card import Card

PORT = 7860  # where a Space is looked for
EMOJI = "\U0001f3a8"  # the palette of a painter: a Space must have one

DOCKERFILE = """\
FROM python:3.11-slim
RUN useradd --create-home --uid 1000 user
USER user
WORKDIR /home/user
ENV PATH=/home/user/.local/bin:$PATH
RUN pip install --user --no-cache-dir {packages}
CMD {command}
"""
README = """\
---
title: {title}
emoji: {emoji}
colorFrom: indigo
colorTo: blue
sdk: docker
app_port: {port}
models:
- {repository}
---

Redraws photographs with [{repository}](https://huggingface.co/{repository}): the page of `stylezoo app`, which draws
only. Nothing can be trained here, and pictures are removed when the page is closed.

If the model is private or gated, give this Space a secret `HF_TOKEN` that may read it.
"""


def check_new(folder: Path) -> None:
    """Check that a folder can be made for a Space.

    Raises:
        BadRun: It holds something, or it is a file.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise BadRun(f"'{folder}' exists already: name a new folder for the Space.")


def write(folder: Path, repository: str, address: str, card: Card) -> list[Path]:
    """Write the files of a Space.

    Args:
        folder: A folder from `check_new`.
        repository: The model's repository, "owner/name".
        address: Its address, ``hf://owner/name@revision``.
        card: Its card, whose plugins the Space installs.

    Returns:
        The files.

    Raises:
        BadRun: It cannot be written.
    """
    wanted = [f"stylezoo[app,hub]=={needs.version_of('stylezoo')}", *needs.requirements(card.plugins)]
    serve = ["stylezoo", "app", "--host", "0.0.0.0", "--port", str(PORT), "--draw-only", "--model", address]
    files = {
        "Dockerfile": DOCKERFILE.format(packages=" ".join(map(json.dumps, wanted)), command=json.dumps(serve)),
        "README.md": README.format(
            title=json.dumps(repository.partition("/")[2]), emoji=EMOJI, port=PORT, repository=repository
        ),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadRun(f"'{folder}' cannot be written: {error.strerror or error}.") from None
    return [folder / name for name in files]
