"""A hub on this machine, for tests: the paths and headers of the real one, and its faults.

Large files are redirected to a second server, as the real hub redirects to its content network; small
ones to another path of the same server.
"""

import base64
import hashlib
import http.server
import json
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "tester/tiny-bert"


def git_blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def basic(credentials):
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def listed(name, content):
    """A file as the hub lists it for huggingface_hub."""
    return {"type": "file", "path": name, "oid": git_blob(content), "size": len(content)}


class Request:
    """What a server was asked."""

    def __init__(self, handler):
        self.time = time.time()
        self.method = handler.command
        self.path = handler.path
        self.file = handler.path.split(f"/{COMMIT}/")[-1]
        self.range = handler.headers.get("Range")
        self.if_range = handler.headers.get("If-Range")
        self.authorization = handler.headers.get("Authorization")
        self.program = handler.headers.get("User-Agent")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept open

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.server.requests.append(Request(self))
        hub = self.server.hub
        if self.server is hub.network and hub.network_failures:
            status, headers = hub.network_failures.pop(0)
            self.answer(status, **headers)
        elif self.server is hub.network:
            self.send_content(self.path.removeprefix("/content/"))
        elif self.path in hub.endless:
            self.send_endless(hub.endless[self.path])
        elif hub.failures:
            status, headers = hub.failures.pop(0)
            # A date is as many seconds after the answer only when it is made with the answer.
            headers = {name: value() if callable(value) else value for name, value in headers.items()}
            self.answer(status, b"a body that is no model", **headers)
        elif hub.moved and self.path.startswith(hub.moved[0]):
            self.answer(302, Location=hub.moved[1] + self.path.removeprefix(hub.moved[0]))
        elif hub.basic and self.headers.get("Authorization") != basic(hub.basic):
            self.answer(401)
        elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self.answer(401)
        elif self.path == f"/api/models/{REPOSITORY}/revision/{hub.revision}":
            names = [{"rfilename": name} for name in [*hub.files, *hub.listed]]
            self.answer(200, json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": names}).encode())
        elif self.path.startswith(f"/api/models/{REPOSITORY}/tree/{COMMIT}?"):
            self.answer(200, json.dumps([listed(*file) for file in hub.files.items()]).encode())
        elif self.path.startswith(f"/api/models/{REPOSITORY}/revision/"):
            self.answer(404, **{"X-Error-Code": "RevisionNotFound"})
        elif self.path.startswith("/api/models/"):
            self.answer(404, **{"X-Error-Code": "RepoNotFound"})
        elif self.path.startswith(f"/{REPOSITORY}/resolve/{COMMIT}/"):
            self.resolve(urllib.parse.unquote(self.path.split(f"/{COMMIT}/")[1]))
        elif self.path.startswith("/cached/"):
            self.send_content(self.path.removeprefix("/cached/"))
        else:
            self.answer(404)

    def resolve(self, name):
        hub = self.server.hub
        if name not in hub.files:
            return self.answer(404)
        content = hub.files[name]
        if name.endswith(".safetensors"):
            return self.answer(
                302,
                Location=f"{hub.network.address}/content/{name}",
                **{
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "X-Linked-Size": str(hub.sizes.get(name, len(content))),
                },
            )
        self.answer(307, Location=f"/cached/{name}", **{"X-Repo-Commit": COMMIT})

    def send_content(self, name):
        hub = self.server.hub
        content = hub.wrong.get(name, hub.files[name])
        announced = content if self.server is hub.network else hub.files[name]
        headers = {"ETag": f'"{git_blob(announced)}"', "X-Repo-Commit": COMMIT}
        status, first = 200, 0
        same = self.headers.get("If-Range") in [None, headers["ETag"]]
        if self.headers.get("Range") and same and not hub.ignores_range:
            first = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if first >= len(content):
                return self.answer(416)
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            status = 206
        if name in hub.trickle and self.command == "GET":
            return self.send_slowly(status, content[first:], headers)
        cut = hub.cuts.get(name) if self.command == "GET" else None
        if not cut:
            return self.answer(status, content[first:], **headers)
        # Announces everything, sends a part, then breaks off, or sends nothing more.
        count = cut.pop(0)
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        if not hub.hides_length:
            self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self.wfile.write(content[first : first + count])
        self.wfile.flush()
        hub.after_cut()
        hub.cut_sent.set()
        if hub.hangs:
            hub.closing.wait(30)
        self.close_connection = True

    def send_slowly(self, status, content, headers):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for byte in content:
            if self.server.hub.closing.wait(0.1):
                break
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
        self.close_connection = True

    def send_endless(self, status):
        hub = self.server.hub
        self.send_response(status)
        self.end_headers()
        self.close_connection = True
        while not hub.closing.is_set():
            self.wfile.write(b"x" * 65536)
            hub.sent_endless += 65536

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub):
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub
        self.requests = []
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # the client was stopped


class Hub:
    """One model, served until close(). Change the members to make it misbehave."""

    def __init__(self, files):
        self.files = dict(files)
        self.listed = []  # further names, of files that are never requested
        self.revision = "main"
        self.token = None  # required of every request when set
        self.basic = None  # the same: "user:password"
        self.network_failures = []  # as failures, of the content network
        self.failures = []  # (status, headers or functions that make them) of the next answers
        self.moved = None  # (beginning of a path, what a redirect has instead)
        self.wrong = {}  # name: sent instead of the content
        self.cuts = {}  # name: bytes after which each of the next answers breaks off
        self.hangs = False  # a cut answer sends nothing more instead of breaking off
        self.ignores_range = False
        self.sizes = {}  # name: announced instead of the size of a large file
        self.endless = {}  # path: status of an answer whose body does not end
        self.trickle = set()  # names sent a byte at a time, ten a second
        self.sent_endless = 0  # bytes
        self.hides_length = False  # of answers that are cut: their end looks like any other
        self.after_cut = lambda: None
        self.cut_sent = threading.Event()
        self.closing = threading.Event()
        self.network = Server(self)
        self.server = Server(self)

    @property
    def address(self):
        return self.server.address

    @property
    def requests(self):
        return self.server.requests + self.network.requests

    def ranges(self, name):
        """The Range of each request for the content of a large file."""
        return [each.range for each in self.network.requests if each.path == f"/content/{name}"]

    def close(self):
        self.closing.set()
        for server in [self.server, self.network]:
            server.shutdown()
            server.server_close()
