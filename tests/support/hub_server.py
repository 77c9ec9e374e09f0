"""A hub: the part of its protocol that downloads need, with repositories that are folders.

    python tests/support/hub_server.py FOLDER [PORT]

`FOLDER/models/OWNER/NAME` and `FOLDER/datasets/OWNER/NAME` hold files, and `.card.json` what their
description begins with. The commit of a repository is the digest of what is in it, so that a
changed file is a new commit. `FOLDER/gated` lists ids that are given to nobody, `FOLDER/breaks`
files (by their names) in whose middle the whole server ends, and `FOLDER/held` files of which the
rest comes when that list is gone. Every request is a line in
`FOLDER/asked`. Without a port it says on stdout which one it has.
"""

import hashlib
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "X-Repo-Commit"


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    top = Path()

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def log_message(self, *_):
        pass

    def _answer(self, *, body):
        with (self.top / "asked").open("a") as asked:
            asked.write(f"{self.command} {self.path}\n")
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api":
            kind, owner, name, *rest = parts[1:]
        else:
            kind = "datasets" if parts[0] == "datasets" else "models"
            owner, name, *rest = parts[kind == "datasets" :]
        repository = self.top / kind / owner / name
        if not repository.is_dir():
            return self._refuse(404, "RepoNotFound")
        if parts[0] == "api":
            return self._about(repository, f"{owner}/{name}", rest)
        if f"{owner}/{name}" in self._listed("gated"):
            return self._refuse(403, "GatedRepo")
        # resolve/REVISION/FILE
        return self._file(repository, "/".join(rest[2:]), body=body)

    def _listed(self, name):
        file = self.top / name
        return file.read_text().split() if file.is_file() else []

    def _refuse(self, status, code):
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _about(self, repository, name, rest):
        files = sorted(p for p in repository.rglob("*") if p.is_file())
        if rest[:1] == ["tree"]:
            return self._json(
                [
                    {
                        "type": "file",
                        "path": p.relative_to(repository).as_posix(),
                        "size": p.stat().st_size,
                        "oid": digest(p, "sha1"),
                    }
                    for p in files
                ]
            )
        siblings = [
            {"rfilename": p.relative_to(repository).as_posix(), "size": p.stat().st_size}
            for p in files
        ]
        about = {"id": name, "sha": commit(repository), "siblings": siblings}
        card = repository / ".card.json"
        if card.is_file():
            about["cardData"] = json.loads(card.read_text())
        return self._json(about)

    def _json(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _file(self, repository, name, *, body):
        file = repository / name
        if not file.is_file():
            return self._refuse(404, "EntryNotFound")
        data = file.read_bytes()
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{digest(file, "sha1")}"')
        self.send_header(COMMIT, commit(repository))
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        if not body:
            return None
        if file.name in self._listed("breaks"):
            self.wfile.write(data[first : len(data) // 2])
            self.wfile.flush()
            os._exit(0)
        while file.name in self._listed("held"):
            time.sleep(0.02)
        self.wfile.write(data[first:])
        return None


def digest(file, kind):
    return hashlib.new(kind, file.read_bytes()).hexdigest()


def commit(repository):
    files = sorted(p for p in repository.rglob("*") if p.is_file())
    told = "".join(f"{p.relative_to(repository)} {digest(p, 'sha1')}\n" for p in files)
    return hashlib.sha1(told.encode()).hexdigest()


if __name__ == "__main__":
    Hub.top = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if sys.argv[2:] else 0), Hub)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
