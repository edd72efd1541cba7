"""find_model(): folders, and models of a hub on this machine."""

import _thread
import http.server
import threading

import fastintent
import pytest
from conftest import BASE
from fastintent import IntentClassifier, find_model


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
