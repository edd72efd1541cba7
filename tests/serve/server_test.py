"""fastintent serve as its clients and its operator see it: answers, limits, hostile requests, keys, reload, stop."""

import concurrent.futures
import http.client
import json
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import unittest

from program import PROGRAM, TRAINED, ProgramTest, environment

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
# How long a test waits for what must happen; none measures it.
PATIENCE = 60


class RunningServer:
    """A server at an address of its own, with what it says."""

    def __init__(self, *arguments, variables=None, launcher=(), pass_fds=()):
        command = [*launcher, str(pathlib.Path(PROGRAM)), "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment(**(variables or {})), pass_fds=pass_fds
        )
        self.said = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        self.url = self.wait_for(r"ready: (\S+)")[1]
        self.port = int(self.url.rsplit(":", 1)[1]) if self.url.startswith("http") else None

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.said.append(line)
                self.changed.notify_all()
        with self.changed:
            self.said.append("ended")
            self.changed.notify_all()

    def wait_for(self, pattern):
        """The match of the first line with the pattern, which may still be to come."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for line in self.said:
                    if found := re.search(pattern, line):
                        return found
                if self.said[-1:] == ["ended"] or time.monotonic() > deadline:
                    raise AssertionError(f"expected {pattern}, found:\n" + "".join(self.said))
                self.changed.wait(1)

    def request(self, method, path, body=None, headers=JSON):
        """Status, headers and body of the answer, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def predict(self, **members):
        status, _, body = self.request("POST", "/v1/predict", json.dumps(members))
        return status, json.loads(body)

    def send_raw(self, request, half_close=True):
        """Everything that the server sends until it closes the connection.

        A client that closes its half has left, unless the server has answered already.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            try:
                connection.sendall(request)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has refused before the end
            answer = b""
            try:
                while bytes_read := connection.recv(65536):
                    answer += bytes_read
            except ConnectionResetError:
                pass
            return answer

    def metric(self, name):
        """The sum of a metric's values whose line begins with the name."""
        text = self.request("GET", "/metrics")[2].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self):
        """The exit code of the server, which was stopped."""
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        return code


class ServerCase(ProgramTest):
    def serve(self, *arguments, model=TRAINED, **options):
        server = RunningServer("--model", f"intents={model}", *arguments, **options)
        self.addCleanup(lambda: server.process.stderr.closed or server.stop(signal.SIGKILL))
        return server


class AnswersTest(ServerCase):
    def test_answers_are_those_of_predict(self):
        server = self.serve()
        texts = [f"where is parcel {i}" + " please" * (i % 7) for i in range(40)]
        wanted = self.lines("predict", "--model", TRAINED, "--precision", "auto", *texts)
        _, answer = server.predict(texts=texts, top_k=5)
        self.assertEqual(len(answer["predictions"]), len(texts))
        for line, prediction in zip(wanted, answer["predictions"], strict=True):
            self.assertEqual(
                [prediction[name] for name in ["intent", "confidence"]], [line["intent"], line["confidence"]]
            )
        rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        done = self.run_program("predict", "--model", TRAINED, "--precision", "auto", *texts)
        self.assertEqual(server.request("POST", "/v1/predict", rows, LINES)[2], done.stdout)  # the very bytes
        with concurrent.futures.ThreadPoolExecutor(16) as clients:
            for line, (status, one) in zip(
                wanted, clients.map(lambda text: server.predict(text=text), texts), strict=True
            ):
                self.assertEqual((status, one["intent"], one["confidence"]), (200, line["intent"], line["confidence"]))

    def test_metrics_agree_with_themselves_and_the_log_has_no_text(self):
        server = self.serve()
        server.predict(texts=["secret one", "secret one", " ", "another"])
        server.predict(text="secret one")
        server.request("GET", "/nowhere")
        # Each scrape counts itself as received and those before it as answered.
        received = server.metric("fastintent_requests_received_total")
        self.assertEqual(received, server.metric("fastintent_requests_total"))
        answered = server.metric("fastintent_intents_total")
        self.assertEqual(answered, 4)
        self.assertEqual(server.metric("fastintent_confidence_count"), answered)
        self.assertEqual(server.stop(), 0)
        said = "".join(server.said)
        self.assertIn('"route":"/v1/predict"', said)
        for word in ["secret", "another", "where", "card_"]:
            self.assertNotIn(word, said.split("ready:")[1])


class RefusalsTest(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer(
            "--model", f"intents={TRAINED}", "--max-body-bytes", "2000", "--max-texts", "3", "--max-queue-tokens", "80"
        )
        cls.addClassCleanup(cls.server.stop)

    def tearDown(self):
        self.assertEqual(self.server.predict(text="still there")[0], 200)

    def test_statuses(self):
        cases = [
            (404, "GET", "/nowhere", None, {}),
            (405, "DELETE", "/v1/predict", None, {}),
            (405, "GET", "/v1/predict", None, {}),
            (405, "BREW", "/v1/predict", None, {}),
            (400, "POST", "/v1/predict", "", JSON),
            (400, "POST", "/v1/predict", "{", JSON),
            (400, "POST", "/v1/predict", "[" * 1900, JSON),
            (400, "POST", "/v1/predict", '{"text":null}', JSON),
            (400, "POST", "/v1/predict", '{"text":"a","text":"b"}', JSON),
            (400, "POST", "/v1/predict", '{"text":" "}', JSON),
            (400, "POST", "/v1/predict", '{"texts":[]}', JSON),
            (404, "POST", "/v1/predict", '{"text":"a","model":"../intents"}', JSON),
            (413, "POST", "/v1/predict", '{"texts":["a","b","c","d"]}', JSON),
            (413, "POST", "/v1/predict", json.dumps({"texts": [f"{i} word" * 40 for i in range(3)]}), JSON),
            (413, "POST", "/v1/predict", "x" * 2001, JSON),
            (415, "POST", "/v1/predict", '{"text":"a"}', {"Content-Type": "application/xml"}),
            (415, "POST", "/v1/predict", "a", JSON | {"Content-Encoding": "gzip"}),
            (504, "POST", "/v2/models/intents/infer", INFER, JSON),
        ]
        for status, method, path, body, headers in cases:
            with self.subTest(method=method, path=path, body=(body or "")[:40]):
                found, answered, text = self.server.request(method, path, body, headers)
                self.assertEqual(found, status, text)
                self.assertEqual("Allow" in answered, status == 405)

    def test_hostile_requests(self):
        """Each is answered with one refusal, or not at all, and its connection is closed."""
        start = "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        body = '{"text":"smuggled"}'
        chunked = start + "Transfer-Encoding: chunked\r\n\r\n"
        cases = {
            "both lengths": start + "Content-Length: 19\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + body,
            "two lengths": start + "Content-Length: 19\r\nContent-Length: 5\r\n\r\n" + body,
            "signed length": start + "Content-Length: +19\r\n\r\n" + body,
            "negative length": start + "Content-Length: -1\r\n\r\n" + body,
            "hexadecimal length": start + "Content-Length: 0x13\r\n\r\n" + body,
            "huge length": start + "Content-Length: 99999999999999999999\r\n\r\n" + body,
            "length beyond the limit": start + "Content-Length: 3000000000\r\n\r\n" + body,
            "negative chunk": chunked + "-2\r\nab\r\n0\r\n\r\n",
            "prefixed chunk": chunked + "0x2\r\nab\r\n0\r\n\r\n",
            "huge chunk": chunked + "fffffffffffffffff\r\nab\r\n0\r\n\r\n",
            "chunk beyond the limit": chunked + "7fffffff\r\nab",
            "gzip and chunked": start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "unknown encoding": start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "no host": "GET /health HTTP/1.1\r\n\r\n",
            "two hosts": "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "folded header": "GET /health HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
            "bare line feeds": "GET /health HTTP/1.1\nHost: a\n\n",
            "space before the colon": "GET /health HTTP/1.1\r\nHost : a\r\n\r\n",
            "nul": "GET /health HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
            "other version": "GET /health HTTP/3.0\r\nHost: a\r\n\r\n",
            "large header": "GET /health HTTP/1.1\r\nHost: a\r\nX: " + "x" * 9000 + "\r\n\r\n",
            "endless target": "GET /" + "x" * 100_000,
            "many headers": "GET /health HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n" * 65 + "\r\n",
            "hello of tls": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            "target of another kind": "GET health HTTP/1.1\r\nHost: a\r\n\r\n",
            "nul in the path": "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        }
        for name, request in cases.items():
            with self.subTest(name):
                answer = self.server.send_raw(request.encode("latin-1"))
                if answer:
                    self.assertRegex(answer[:13], rb"^HTTP/1\.[01] (400|413|431|501|505) ")
                self.assertEqual(len(re.findall(rb"HTTP/1\.[01] \d\d\d ", answer)), min(len(answer), 1), answer)
                self.assertNotIn(b'"intent"', answer)

    def test_endless_requests_take_no_memory(self):
        """Bytes that no length announces: an extension of a chunk, and trailers."""
        start = "POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: "
        for kind in ["application/json", "application/x-ndjson"]:
            for end in ["1;", "0\r\nX: "]:
                with self.subTest(kind=kind, end=end):
                    request = start + kind + "\r\n\r\n" + end + "x" * 1_000_000
                    answer = self.server.send_raw(request.encode(), half_close=False)
                    if kind == "application/json":
                        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
                    else:  # whose answer has begun
                        self.assertFalse(answer.endswith(b"0\r\n\r\n"), answer)

    def test_lines_that_the_queue_takes_only_one_by_one(self):
        rows = "".join(json.dumps({"text": f"{row} " + "word " * 20}) + "\n" for row in range(40))
        status, _, body = self.server.request("POST", "/v1/predict", rows, LINES)
        answers = [json.loads(line) for line in body.splitlines()]
        self.assertEqual([status, len(answers)], [200, 40])
        self.assertEqual({"intent" in answer for answer in answers}, {True}, answers[:2])

    def test_requests_in_a_pipe_are_answered_in_order(self):
        body = b'{"text":"one"}'
        post = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        answer = self.server.send_raw(
            post % (len(body), body) + b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /live HTTP/1.0\r\n\r\n",
            half_close=False,
        )
        self.assertEqual(re.findall(rb"HTTP/1\.[01] (\d\d\d) ", answer), [b"200", b"404", b"200"])

    def test_a_full_queue(self):
        """Requests that fit one by one, but not together: each is answered, some with 429."""

        def send(number):
            body = json.dumps({"text": f"{number} " + "word " * 60})  # 62 tokens or more
            status, headers, _ = self.server.request("POST", "/v1/predict", body)
            if status == 429:
                self.assertGreaterEqual(int(headers["Retry-After"]), 1)
                self.assertGreaterEqual(int(headers["retry-after-ms"]), 1)
            return status

        statuses = set()
        deadline = time.monotonic() + PATIENCE
        with concurrent.futures.ThreadPoolExecutor(32) as clients:
            round_ = 0
            while 429 not in statuses and time.monotonic() < deadline:
                statuses |= set(clients.map(send, range(round_, round_ + 64)))
                round_ += 64
        self.assertEqual(statuses, {200, 429})
        self.assertEqual(self.server.metric("fastintent_queue_tokens "), 0)


INFER = json.dumps(
    {
        "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["too late"]}],
        "parameters": {"timeout": 1},  # a microsecond
    }
)


class OperationTest(ServerCase):
    def test_keys(self):
        keys = pathlib.Path(self.write("keys", "# of the shop\nshop:first-key\n"))
        server = self.serve("--api-key-file", str(keys))

        def status(**headers):
            return server.request("POST", "/v1/predict", '{"text":"a"}', JSON | headers)[0]

        self.assertEqual([status(), status(Authorization="Bearer wrong")], [401, 401])
        for name, prefix in [("Authorization", "Bearer "), ("x-api-key", ""), ("Ocp-Apim-Subscription-Key", "")]:
            self.assertEqual(status(**{name: prefix + "first-key"}), 200, name)
        self.assertEqual(server.request("GET", "/health")[0], 200)  # needs none
        self.assertEqual(server.request("GET", "/metrics")[0], 401)  # names intents
        keys.write_text("shop:second-key\n")
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while status(Authorization="Bearer second-key") != 200 and time.monotonic() < deadline:
            pass
        self.assertEqual(status(Authorization="Bearer first-key"), 401)
        server.stop()
        self.assertNotIn("-key", "".join(server.said).split("ready:")[1])

    def test_another_address_needs_keys_or_a_word(self):
        done = self.run_program("serve", "--model", TRAINED, "--host", "0.0.0.0", code=64)
        self.assertIn(b"--insecure", done.stderr)
        server = RunningServer(
            "--model", TRAINED, variables={"FASTINTENT_HOST": "0.0.0.0", "FASTINTENT_INSECURE": "true"}
        )
        self.assertIn("0.0.0.0", server.url)
        self.assertEqual(server.stop(), 0)

    def test_a_unix_socket(self):
        path = self.folder / "socket"
        server = self.serve("--unix", str(path))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o660)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists())

    @unittest.skipIf(shutil.which("openssl") is None, "openssl, which makes the certificate, is not installed")
    def test_tls(self):
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
            + ["-keyout", key, "-out", certificate],
            check=True,
            capture_output=True,
        )
        server = self.serve("--tls-cert", str(certificate), "--tls-key", str(key))
        self.assertTrue(server.url.startswith("https://"))
        context = ssl.create_default_context(cafile=certificate)
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))
        self.assertNotIn(b"HTTP/", server.send_raw(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"))
        self.assertEqual(server.stop(), 0)

    def test_a_stop_answers_what_it_accepted(self):
        server = self.serve()
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            rows = [json.dumps({"text": f"row {i}"}).encode() + b"\n" for i in range(200)]
            connection.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                b"Content-Length: %d\r\n\r\n" % sum(map(len, rows))
            )
            connection.sendall(b"".join(rows[:100]))
            answer = connection.recv(65536)  # it has begun
            server.process.send_signal(signal.SIGTERM)
            connection.sendall(b"".join(rows[100:]))
            while piece := connection.recv(65536):
                answer += piece
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"))
        self.assertEqual(answer.count(b'"text":"row '), 200)
        self.assertTrue(answer.endswith(b"0\r\n\r\n"))
        self.assertEqual(server.wait(), 0)

    def test_a_stop_under_load_resets_no_request(self):
        """Clients that keep their connections, and send the next request when they have the answer."""
        for _ in range(5):
            server = self.serve()
            faults = []

            def query(server=server, faults=faults):
                while True:
                    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
                    answers = 0
                    try:
                        is_open = True
                        while is_open:
                            connection.request("POST", "/v1/predict", '{"text":"a"}', JSON)
                            answer = connection.getresponse()
                            if answer.status != 200:
                                faults.append(answer.status)
                            answer.read()
                            answers += 1
                            is_open = not answer.will_close
                    except OSError as error:
                        if answers > 0:
                            faults.append(repr(error))
                        return  # a new connection is refused: the server has stopped

            clients = [threading.Thread(target=query) for _ in range(6)]
            for client in clients:
                client.start()
            self.wait_until(lambda server=server: server.metric("fastintent_requests_received_total") > 50)
            server.process.send_signal(signal.SIGTERM)
            for client in clients:
                client.join()
            self.assertEqual(faults, [])
            self.assertEqual(server.wait(), 0)

    def test_a_second_signal_ends_it(self):
        server = self.serve()
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            connection.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                b'Content-Length: 1000\r\n\r\n{"text":"a"}\n'
            )
            connection.recv(65536)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)  # two signals at once are one
            server.stop()

    def test_reload_loses_no_request(self):
        folder = self.folder / "model"
        shutil.copytree(TRAINED, folder)
        server = self.serve(model=folder)
        stop = threading.Event()
        seen = []

        def query():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            number = 0
            while not stop.is_set():
                connection.request("POST", "/v1/predict", json.dumps({"text": f"row {number}"}), JSON)
                answer = connection.getresponse()
                body = json.loads(answer.read())
                seen.append((answer.status, body.get("model_version")))
                number += 1
            connection.close()

        clients = [threading.Thread(target=query) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            for count in range(1, 6):
                server.process.send_signal(signal.SIGHUP)
                self.wait_until(lambda n=count: server.metric('fastintent_reloads_total{result="success"}') == n)
            (folder / "model.safetensors").write_bytes(b"broken")
            server.process.send_signal(signal.SIGHUP)
            self.wait_until(lambda: server.metric('fastintent_reloads_total{result="failure"}') == 1)
        finally:
            stop.set()
            for client in clients:
                client.join()
        self.assertEqual({status for status, _ in seen}, {200})
        self.assertEqual(server.predict(text="still the old one")[0], 200)
        self.assertEqual(server.stop(), 0)

    def wait_until(self, is_true):
        deadline = time.monotonic() + PATIENCE
        while not is_true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


class DocumentsTest(ProgramTest):
    """docs/serving.md and the files of packaging/ name what the server has."""

    ROOT = pathlib.Path(__file__).resolve().parents[2]

    def test_metrics(self):
        known = set(re.findall(r'"(fastintent_\w+|process_\w+)"', (self.ROOT / "serve" / "metrics.cpp").read_text()))
        for name in ["grafana/dashboard.json", "prometheus/alerts.yml"]:
            text = (self.ROOT / "packaging" / name).read_text()
            used = set(re.findall(r"\b(?:fastintent_[a-z_]+|process_[a-z_]+)", text))
            self.assertEqual({re.sub("_bucket$", "", metric) for metric in used} - known, set(), name)
            self.assertGreater(len(used), 5)

    def test_options(self):
        known = self.run_program("serve", "--help").stdout + self.run_program("bench", "--help").stdout
        text = (self.ROOT / "docs" / "serving.md").read_text()
        text = re.sub(r"(systemctl|cmake) [^`\n]*", "", text)  # options of others
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - set(re.findall(r"--[a-z][a-z-]+", known.decode())), set())


if __name__ == "__main__":
    unittest.main()
