"""fastintent bench --url, against a server whose answers this test decides"""

import contextlib
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import unittest

from program import PROGRAM, TRAINED, ProgramTest

ANSWER = b'{"intent":"card","confidence":0.9}'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one packet

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answer(self, body)

    def reply(self, status=200, body=ANSWER, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that ends closes its connections


@contextlib.contextmanager
def server(answer):
    """The URL of a server that calls answer(handler, body) for each request."""
    with Server(("127.0.0.1", 0), Handler) as one:
        one.answer = answer
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{one.server_address[1]}"
        finally:
            one.shutdown()
            thread.join()


class LoadTest(ProgramTest):
    def load(self, url, *arguments, **options):
        done = self.run_program("bench", "--url", url, "--json", *arguments, **options)
        return json.loads(done.stdout)

    def test_open_loop_sends_what_was_planned(self):
        bodies = []
        with server(lambda handler, body: (bodies.append((handler.path, body)), handler.reply())) as url:
            report = self.load(url, "--rate", "100", "--seconds", "0.5", "--connections", "4")
        self.assertEqual(report["answers"], {"200": 50})
        self.assertEqual((report["failed"], report["unanswered"], report["unsent"]), (0, 0, 0))
        self.assertEqual(len(bodies), 54, "each connection sends one request before the clock")
        self.assertEqual({path for path, _ in bodies}, {"/v1/predict"})
        self.assertEqual(len({json.loads(body)["text"] for _, body in bodies}), 54, "none is in a cache")
        percentiles = [report[name] for name in ("p50_ms", "p90_ms", "p99_ms", "p99.9_ms", "longest_ms")]
        self.assertEqual(percentiles, sorted(percentiles))
        self.assertGreater(percentiles[0], 0)

    def test_closed_loop(self):
        with server(lambda handler, body: handler.reply()) as url:
            report = self.load(url, "--seconds", "0.2", "--connections", "2")
            self.assertGreater(report["answers"]["200"], 0)
            self.assertGreater(report["throughput"], 0)
            table = self.run_program("bench", "--url", url, "--seconds", "0.1", "--connections", "1").stdout.decode()
        for line in ("status 200", "failed", "p50", "p99.9", "longest"):
            self.assertRegex(table, rf"(?m)^{line} ")

    def test_a_stall_counts_for_the_requests_behind_it(self):
        numbers = iter(range(1_000))

        def answer(handler, body):
            if next(numbers) == 5:
                time.sleep(0.5)
            handler.reply()

        with server(answer) as url:
            report = self.load(url, "--rate", "100", "--seconds", "1", "--connections", "1")
        self.assertEqual(report["answers"], {"200": 100})
        # About 50 requests were to be sent in that half second, and waited for a part of it.
        self.assertGreater(report["longest_ms"], 500)
        self.assertGreater(report["p90_ms"], 300)

    def test_refusals_and_lost_connections_are_counted(self):
        numbers = iter(range(1_000))

        def answer(handler, body):
            number = next(numbers)
            if number and number % 4 == 0:
                handler.close_connection = True  # without an answer
            elif number % 4 == 1:
                handler.reply(429, b'{"error":{}}')
            elif number % 4 == 2:
                handler.close_connection = True
                handler.reply(Connection="close")
            else:
                handler.reply()

        with server(answer) as url:
            report = self.load(url, "--rate", "200", "--seconds", "0.4", "--connections", "1")
        self.assertEqual(sum(report["answers"].values()) + report["failed"], 80)
        self.assertEqual(report["failed"], 20)
        self.assertEqual(report["answers"], {"200": 40, "429": 20})

    def test_bodies_and_headers_of_ones_own(self):
        seen = []

        def answer(handler, body):
            seen.append((handler.path, handler.headers["x-api-key"], handler.headers["Host"], body))
            handler.reply()

        file = self.write("bodies.jsonl", '{"inputs":"a"}\n\n{"inputs":"b"}\n')
        with server(answer) as url:
            load = (url + "/predict?x=1", "--rate", "20", "--seconds", "0.2", "--connections", "1")
            self.load(*load, "--body", file, "--header", "x-api-key: k:1", "--header", "a:b")
        self.assertEqual([body for *_, body in seen], [b'{"inputs":"a"}', b'{"inputs":"b"}'] * 2 + [b'{"inputs":"a"}'])
        self.assertEqual({one[:3] for one in seen}, {("/predict?x=1", "k:1", url.removeprefix("http://"))})

    def test_the_server_must_answer_before_the_clock(self):
        load = ("--seconds", "0.2", "--connections", "2")
        with server(lambda handler, body: handler.reply(401, b'{"error":"no key"}')) as url:
            done = self.run_program("bench", "--url", url, *load, code=65)
            self.assertIn(b"expected an answer with status 200, found 401", done.stderr)
        with server(lambda handler, body: handler.reply(200, b"<html>")) as url:
            self.run_program("bench", "--url", url, *load, code=65)
        self.run_program("bench", "--url", url, *load, code=66)  # it is gone

    def test_unusable_calls(self):
        for url in ("https://a", "a:80", "http://", "http://a:b", "http://a:1:2", "http://u@a/", "http://a/ b", ""):
            self.run_program("bench", "--url", url, code=64)
        url = ("bench", "--url", "http://127.0.0.1:9")
        for wrong in (["--rate", "-1"], ["--connections", "0"], ["--seconds", "0"], ["--header", "x"], ["a text"]):
            self.run_program(*url, *wrong, code=64)
        self.run_program(*url, "--model", TRAINED, code=64)
        self.run_program(*url, "--body", str(self.folder / "none"), code=66)
        self.run_program(*url, "--body", self.write("empty", "\n"), code=65)

    def test_without_the_server_beside_the_program(self):
        alone = self.folder / "fastintent"
        alone.symlink_to(PROGRAM)
        with server(lambda handler, body: handler.reply()) as url:
            load = ("bench", "--url", url, "--rate", "10", "--seconds", "0.1", "--connections", "1")
            subprocess.run([alone, *load], check=True, capture_output=True, timeout=60)  # a link is followed
            alone.unlink()
            shutil.copy(PROGRAM, alone)
            done = subprocess.run([alone, *load], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertIn(b"fastintent-serve", done.stderr)


if __name__ == "__main__":
    unittest.main()
