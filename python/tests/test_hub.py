"""find_model(): folders, and models of a hub on this machine."""

import _thread
import http.server
import subprocess
import sys
import threading

import fastintent
import pytest
from conftest import BASE
from fastintent import IntentClassifier, find_model
from hub_server import COMMIT, REPOSITORY, Hub

# huggingface_hub reads the address of the hub when it is imported, hence a process of its own.
WITHOUT_LIBCURL = """
import sys

import fastintent
import fastintent._hub

fastintent._hub.has_libcurl = lambda: False
for name in sys.argv[2:]:
    try:
        print(fastintent.find_model(name, show_progress=sys.argv[1] == "bar"))
    except fastintent.MissingInputError as error:
        print(str(error).replace("\\n", " "))
"""


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    for name in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))


@pytest.fixture
def silent_hub(monkeypatch):
    """A hub that takes requests and never answers; gives the event of the first one."""
    asked = threading.Event()
    closing = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            closing.wait()

        do_HEAD = do_GET

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield asked
    closing.set()
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def tiny_hub(monkeypatch):
    """A hub that has a tiny model, and files beside it that fastintent does not read."""
    files = {path.name: path.read_bytes() for path in BASE.iterdir()}
    hub = Hub(files | {"pytorch_model.bin": b"pickled", "onnx/model.onnx": b"of another program"})
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield hub
    hub.close()


def find_without_libcurl(*arguments):
    return subprocess.run([sys.executable, "-c", WITHOUT_LIBCURL, *arguments], capture_output=True, text=True)


def test_a_folder_is_itself():
    assert find_model(str(BASE)) == BASE


def test_offline_without_the_model_is_an_error(empty_cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(fastintent.MissingInputError, match="bert-base-uncased"):
        find_model("bert-base-uncased")
    with pytest.raises(FileNotFoundError):
        IntentClassifier().train(["a", "b"] * 10, ["x", "y"] * 10)


def test_control_c_stops_a_download(empty_cache, silent_hub):
    stopped = threading.Event()

    def interrupt():
        silent_hub.wait()
        _thread.interrupt_main()
        # As a user would do when nothing seems to happen.
        if not stopped.wait(4):
            _thread.interrupt_main()

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        find_model("somebody/some-model", show_progress=True)
    stopped.set()
    interrupting.join()


def test_without_libcurl_huggingface_hub_downloads(empty_cache, tiny_hub, tmp_path):
    done = find_without_libcurl("no bar", REPOSITORY, REPOSITORY)
    folder = tmp_path / "hub" / ("models--" + REPOSITORY.replace("/", "--")) / "snapshots" / COMMIT
    assert done.stdout.splitlines() == [str(folder)] * 2, done.stderr
    assert done.stderr == ""
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in BASE.iterdir())
    assert not any(request.program.startswith("fastintent/") for request in tiny_hub.requests)
    weights = [request for request in tiny_hub.network.requests if request.method == "GET"]
    assert len(weights) == 1  # the second call found the cache
    assert find_model(REPOSITORY) == folder


def test_without_libcurl_a_bar_is_drawn_where_asked_for(empty_cache, tiny_hub):
    done = find_without_libcurl("bar", REPOSITORY)
    assert done.returncode == 0
    assert "100%" in done.stderr


def test_without_libcurl_what_the_hub_lacks_is_reported(empty_cache, tiny_hub):
    done = find_without_libcurl("no bar", "somebody/absent", REPOSITORY + "@v9")
    absent, revision = done.stdout.splitlines()
    assert "Repository Not Found" in absent
    assert "Revision Not Found" in revision
