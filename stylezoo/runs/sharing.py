"""Publish a run or a model file on a hub, with its card and without private folders."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from stylezoo.errors import BadRun
from stylezoo.files import archive, plain
from stylezoo.runs import card, hub, loading
from stylezoo.runs.folder import RunFolder


def push(run, repository, license=None, private=False, revision=None, message=None, sheet=True) -> str:
    """Publish a model; see `stylezoo.push_to_hub`."""
    repository, stray = hub.address(repository)
    if stray:
        raise BadRun(f"'{repository}@{stray}' has a revision: name it by itself (--revision {stray}).")
    library = hub.library()
    with tempfile.TemporaryDirectory() as folder:
        files = _files(run, Path(folder), repository, revision, license, sheet)
        where = hub.spelled(repository)
        api = library.HfApi(library_name="stylezoo")
        with hub.one_line_errors(where):
            address = str(api.create_repo(repository, private=private or None, exist_ok=True))
            if private and not api.model_info(repository).private:
                raise BadRun(f"'{where}' exists already and is public: make it private on its page first.")
            if revision:
                api.create_branch(repository, branch=revision, exist_ok=True)
            api.create_commit(
                repository,
                [library.CommitOperationAdd(name, content) for name, content in files.items()],
                commit_message=message or "Upload a model of stylezoo",
                revision=revision,
            )
    return f"{address}/tree/{revision}" if revision else address


def _files(run, folder, repository, revision, license, with_sheet):
    """The files to upload: names, and contents or paths."""
    file = loading.model_file(run)
    public = card.read(file)
    if license is not None:
        public = replace(public, license=card.licensed(license))
    picture = card.sheet(file) if with_sheet else b""
    address = hub.spelled(repository, revision)
    return {
        RunFolder.MODEL: _public(file, folder / RunFolder.MODEL, public, picture),
        "README.md": public.to_markdown(repository.partition("/")[2], address, bool(picture)).encode(),
        **({archive.SHEET: picture} if picture else {}),
        RunFolder.RECIPE: _json(public.recipe),
        RunFolder.PLUGINS: _json(public.plugins),
    }


def _public(file, copy, public, picture):
    """The model file itself; a changed copy if it names folders, or has another card or sheet."""
    members = card.members(public, picture)
    with archive.opened(file) as opened:
        config = json.loads(opened.read(archive.CONFIG))
        cleaned = plain.without_folders(config)
        has = {name: opened.read(name) for name in (archive.CARD, archive.SHEET) if name in opened.namelist()}
    if cleaned == config and has == members:
        return str(file)
    changed = {archive.CONFIG: json.dumps(cleaned).encode(), archive.CARD: None, archive.SHEET: None, **members}
    archive.copied(file, copy, changed)
    return str(copy)


def _json(found):
    return (json.dumps(found, indent=2) + "\n").encode()
