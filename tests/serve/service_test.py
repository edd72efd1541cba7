"""fastintent serve under a service manager, a probe and a collector of traces."""

import http.server
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from server_test import PATIENCE, PROGRAM, TRAINED, ServerCase, environment

# Gives the program its first inherited socket, as systemd does: descriptor 3, and its own process id.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Manager:
    """Receives what the service says."""

    def __init__(self, folder):
        self.address = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address)
        self.messages = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):  # at once: the kernel keeps ten messages
        while message := self.socket.recv(4096).decode():
            self.messages.put(message)
        self.socket.close()

    def wait_for(self, beginning):
        while True:
            message = self.messages.get(timeout=PATIENCE)
            if message.startswith(beginning):
                return message

    def end(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.sendto(b"", self.address)


class ServiceManagerTest(ServerCase):
    def manager(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        manager = Manager(folder.name)
        self.addCleanup(manager.end)
        return manager

    def test_states(self):
        manager = self.manager()
        server = self.serve(variables={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "100000"})
        self.assertIn(f"STATUS=1 model at {server.url}", manager.wait_for("READY=1"))
        manager.wait_for("WATCHDOG=1")
        manager.wait_for("WATCHDOG=1")
        # The second signal may come while the first one's model is still being loaded.
        server.process.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1\nMONOTONIC_USEC=")
        server.process.send_signal(signal.SIGHUP)
        manager.wait_for("READY=1")
        while server.metric('fastintent_reloads_total{result="success"}') < 2:
            pass
        self.assertEqual(server.stop(), 0)
        manager.wait_for("STOPPING=1")

    def test_a_socket_of_the_manager(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            server = self.serve(
                launcher=(sys.executable, "-c", ACTIVATE, str(listening.fileno())), pass_fds=(listening.fileno(),)
            )
            self.assertEqual(server.port, port)
            self.assertEqual(server.predict(text="hello")[0], 200)
            self.assertEqual(server.stop(), 0)
            # The socket is the manager's: it takes connections for the next process.
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()

    def test_a_stop_while_models_load(self):
        for _ in range(5):
            process = subprocess.Popen(
                [PROGRAM, "serve", "--port", "0", "--model", f"intents={TRAINED}", "--watch"],
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
            )
            process.stderr.readline()  # "model intents ...", which precedes the last steps of loading
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(PATIENCE), 0, process.stderr.read())
            process.stderr.close()


class CheckTest(ServerCase):
    def check(self, url):
        return subprocess.run(
            [PROGRAM, "serve", "--check", url], capture_output=True, text=True, env=environment(), timeout=PATIENCE
        )

    def test_a_ready_server_and_none(self):
        server = self.serve()
        self.assertEqual(self.check(server.url).returncode, 0)
        self.assertEqual(server.stop(), 0)
        gone = self.check(server.url)
        self.assertEqual(gone.returncode, 75)
        self.assertIn("expected to connect, found: Connection refused", gone.stderr)
        self.assertEqual(self.check("localhost").returncode, 64)


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class TraceTest(ServerCase):
    def test_a_trace_continues_to_the_client_and_the_collector(self):
        collector = http.server.HTTPServer(("127.0.0.1", 0), Collector)
        collector.received = []
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            server = self.serve(variables={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}"})
            headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
            status, answered, _ = server.request("POST", "/v1/predict", '{"text":"secret words"}', headers)
            self.assertEqual(status, 200)
            span_id = re.fullmatch(f"00-{TRACE}-([0-9a-f]{{16}})-01", answered["traceparent"])[1]
            self.assertEqual(server.stop(), 0)
        finally:
            collector.shutdown()
            thread.join()
            collector.server_close()
        ((path, document),) = collector.received
        self.assertEqual(path, "/v1/traces")
        spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
        (own,) = [span for span in spans if span["spanId"] == span_id]
        self.assertEqual((own["traceId"], own["parentSpanId"]), (TRACE, "00f067aa0ba902b7"))
        self.assertEqual(own["name"], "POST /v1/predict")
        self.assertEqual(
            {span["name"] for span in spans if span.get("parentSpanId") == span_id}, {"tokenize", "predict"}
        )
        self.assertNotIn("secret", json.dumps(document))


if __name__ == "__main__":
    unittest.main()
