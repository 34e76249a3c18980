"""A hub on this machine: the few calls of Hugging Face's that huggingface_hub makes to publish and to fetch a model."""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_owner"  # what may write, and read what is private
LARGE = 10_000  # bytes from which a file is kept as a large one, by its SHA-256


@dataclass
class Repository:
    private: bool = False
    branches: dict = field(default_factory=lambda: {"main": "0" * 40})  # names and commits
    commits: dict = field(default_factory=lambda: {"0" * 40: {}})  # what each holds: paths and contents
    messages: list = field(default_factory=list)


class Hub(ThreadingHTTPServer):
    """The server; what it has, what it was asked, and how it shall misbehave.

    Attributes:
        repositories: By their names, "owner/name".
        asked: Method and path of every request.
        spoil: What is done to the content of files on their way out.
        gated: Repositories that nobody is let into.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Call)
        self.repositories, self.large, self.asked = {}, {}, []
        self.spoil = lambda content: content
        self.gated = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, method, part):
        return sum(each == method and part in path for each, path in self.asked)


@contextmanager
def running():
    """A hub that answers as long as this lasts."""
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join(10)


class Call(BaseHTTPRequestHandler):
    """One request. A route is a method, a pattern and what answers it."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        self.server.asked.append((self.command, path))
        for method, pattern, reply in ROUTES:
            if self.command in method and (match := re.fullmatch(pattern, path)):
                return reply(self, *match.groups())
        return self.refuse(404, "NotImplemented")

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815 - as http.server wants them

    def log_message(self, *words):
        pass

    @property
    def is_owner(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def send(self, content, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(content), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_json(self, plain, status=200):
        self.send(json.dumps(plain).encode(), status, Content_Type="application/json")

    def refuse(self, status, code):
        self.send(b"", status, X_Error_Code=code, X_Error_Message=code)

    def repository(self, name):
        """A repository that may be seen; refuses and gives None otherwise, as the hub does."""
        found = self.server.repositories.get(name)
        if found is None or (found.private and not self.is_owner):
            self.refuse(404 if self.is_owner else 401, "RepoNotFound")
            return None
        if name in self.server.gated:
            self.refuse(403, "GatedRepo")
            return None
        return found

    # Publishing

    def create(self):
        if not self.is_owner:
            return self.refuse(401, "")
        asked = json.loads(self.body)
        name = f"{asked['organization']}/{asked['name']}"
        if name.startswith("stranger/"):
            return self.refuse(403, "")
        status = 409 if name in self.server.repositories else 200
        self.server.repositories.setdefault(
            name, Repository(asked.get("private") or asked.get("visibility") == "private")
        )
        return self.send_json({"url": f"{self.server.url}/{name}", "name": name}, status)

    def info(self, name):
        if found := self.repository(name):
            sha = found.branches["main"]
            self.send_json({"id": name, "sha": sha, "private": found.private, "tags": [], "siblings": []})

    def branch(self, name, revision):
        found = self.repository(name)
        status = 409 if revision in found.branches else 200
        found.branches.setdefault(revision, found.branches["main"])
        self.send_json({}, status)

    def modes(self, name, revision):
        files = json.loads(self.body)["files"]
        rows = [
            {"path": f["path"], "uploadMode": "lfs" if f["size"] >= LARGE else "regular", "shouldIgnore": False}
            for f in files
        ]
        self.send_json({"files": rows})

    def batch(self, name):
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.server.url}/large/{each['oid']}"}}}
            for each in json.loads(self.body)["objects"]
        ]
        self.send_json({"transfer": "basic", "objects": objects})

    def keep(self, oid):
        assert hashlib.sha256(self.body).hexdigest() == oid
        self.server.large[oid] = self.body
        self.send(b"")

    def commit(self, name, revision):
        found = self.repository(name)
        lines = [json.loads(line) for line in self.body.splitlines()]
        files = dict(found.commits[found.branches[revision]])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            else:
                found.messages.append(value["summary"])
        sha = hashlib.sha1(self.body + str(len(found.commits)).encode()).hexdigest()
        found.commits[sha], found.branches[revision] = files, sha
        self.send_json({"commitUrl": f"{self.server.url}/{name}/commit/{sha}", "commitOid": sha, "success": True})

    # Fetching

    def resolve(self, name, revision, path):
        found = self.repository(name)
        if found is None:
            return None
        commit = found.branches.get(revision, revision)
        if commit not in found.commits:
            return self.refuse(404, "RevisionNotFound")
        if path not in found.commits[commit]:
            return self.send(b"", 404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        content = found.commits[commit][path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{name_of(content)}"'}
        if len(content) >= LARGE:
            headers |= {"X-Linked-Etag": f'"{name_of(content)}"', "X-Linked-Size": len(content)}
        return self.send(self.server.spoil(content), **headers)


def name_of(content):
    """The etag of a file: of a large one its SHA-256, else what git calls it."""
    if len(content) >= LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


ROUTES = [
    ("POST", "/api/repos/create", Call.create),
    ("POST", "/api/validate-yaml", lambda call: call.send_json({"errors": [], "warnings": []})),
    ("POST", "/api/models/([^/]+/[^/]+)/branch/(.+)", Call.branch),
    ("POST", "/api/models/([^/]+/[^/]+)/preupload/(.+)", Call.modes),
    ("POST", "/api/models/([^/]+/[^/]+)/commit/(.+)", Call.commit),
    ("GET", "/api/models/([^/]+/[^/]+)(?:/revision/main)?", Call.info),
    ("POST", "/([^/]+/[^/]+)\\.git/info/lfs/objects/batch", Call.batch),
    ("PUT", "/large/([0-9a-f]+)", Call.keep),
    ("GET HEAD", "/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", Call.resolve),
]
