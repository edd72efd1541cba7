"""fastintent train --model with a Hugging Face id, against a hub on this machine"""

import email.utils
import hashlib
import json
import pathlib
import resource
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

from hub_server import COMMIT, REPOSITORY, Hub, git_blob
from program import BASE, MODELS, PROGRAM, ProgramTest, environment, start

WEIGHTS = "model.safetensors"
MODEL_FOLDER = "models--" + REPOSITORY.replace("/", "--")


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in pathlib.Path(folder).rglob("*")
        if path.is_file()
    }


def in_two_shards(content):
    """A safetensors file as two of them, with their index."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    names = sorted(header)
    files, weight_map = {}, {}
    for number, part in enumerate([names[::2], names[1::2]], 1):
        shard = f"model-{number:05}-of-00002.safetensors"
        tensors, data = {}, b""
        for name in part:
            begin, end = header[name]["data_offsets"]
            bytes_ = content[8 + length + begin : 8 + length + end]
            offsets = [len(data), len(data) + len(bytes_)]
            tensors[name] = header[name] | {"data_offsets": offsets}
            data += bytes_
            weight_map[name] = shard
        text = json.dumps(tensors).encode()
        text += b" " * (-len(text) % 8)
        files[shard] = struct.pack("<Q", len(text)) + text + data
    index = {"metadata": {}, "weight_map": weight_map}
    return files | {"model.safetensors.index.json": json.dumps(index).encode()}


class HubTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = [f"card {i},card\nmoney {i},refund\n" for i in range(10)]
        self.data = self.write("train.csv", "text,label\n" + "".join(rows))
        self.model = files_of(BASE)
        self.hub = Hub(self.model)
        self.addCleanup(self.hub.close)
        self.variables = {
            "HF_HOME": str(self.folder / "home"),
            "HF_ENDPOINT": self.hub.address,
            "HF_HUB_CACHE": "",
            "HUGGINGFACE_HUB_CACHE": "",
            "HF_TOKEN": "",
            "HF_TOKEN_PATH": "",
            "HUGGING_FACE_HUB_TOKEN": "",
            "HF_HUB_OFFLINE": "",
            "TRANSFORMERS_OFFLINE": "",
            "HF_HUB_DOWNLOAD_TIMEOUT": "",
            "no_proxy": "127.0.0.1",
        }
        self.cached = self.folder / "home" / "hub" / MODEL_FOLDER
        self.blobs = self.cached / "blobs"
        self.snapshot = self.cached / "snapshots" / COMMIT
        self.weights = self.blobs / hashlib.sha256(self.model[WEIGHTS]).hexdigest()
        self.partial = pathlib.Path(f"{self.weights}.incomplete")

    def arguments(self, name=REPOSITORY):
        return [
            *["train", "--model", name, "--train", self.data, "--epochs", "1", "--force"],
            *["--output", str(self.folder / "out"), "--threads", "1"],
        ]

    def train(self, name=REPOSITORY, code=0, **variables):
        """Runs, and gives what standard error says."""
        done = self.run_program(*self.arguments(name), code=code, **self.variables | variables)
        return done.stderr.decode()

    def assert_nothing_cached(self):
        self.assertEqual(list(self.cached.rglob("*.incomplete")), [])
        self.assertFalse(self.weights.exists())
        self.assertFalse((self.cached / "refs").exists())


class DownloadTest(HubTest):
    def test_downloads_what_is_read_into_the_layout_of_huggingface_hub(self):
        self.hub.listed = ["README.md", "pytorch_model.bin", "onnx/model.onnx", "onnx/config.json"]
        said = self.train()
        self.assertIn(f"Downloaded {REPOSITORY} to {self.snapshot}", said)
        self.assertEqual((self.cached / "refs" / "main").read_bytes(), COMMIT.encode())
        self.assertEqual(files_of(self.snapshot), self.model)
        for name, content in self.model.items():
            large = name == WEIGHTS
            blob = hashlib.sha256(content).hexdigest() if large else git_blob(content)
            self.assertEqual((self.snapshot / name).readlink(), pathlib.Path("../../blobs", blob))
        self.assertEqual(len(list(self.blobs.iterdir())), len(self.model))
        asked = {request.file for request in self.hub.server.requests}
        self.assertEqual({name for name in self.hub.listed if name in asked}, set())

    def test_what_is_cached_is_used_without_a_request(self):
        self.train()
        self.hub.server.requests.clear()
        said = self.train()
        self.assertNotIn("Download", said)
        self.assertEqual(self.hub.server.requests, [])
        self.train(HF_HUB_OFFLINE="1")

    def test_more_bytes_than_announced_are_not_taken(self):
        self.hub.wrong[WEIGHTS] = self.model[WEIGHTS] + b"x" * 100_000
        self.assertIn("found more", self.train(code=74))
        self.assertFalse(self.weights.exists())
        del self.hub.wrong[WEIGHTS]
        self.train()
        self.assertEqual(self.weights.read_bytes(), self.model[WEIGHTS])

    def test_a_file_that_is_too_large_is_not_begun(self):
        self.hub.sizes[WEIGHTS] = 10**15
        said = self.train(code=74)
        self.assertIn("expected at most 20000000000 bytes, found 1000000000000000", said)
        self.assertEqual(self.hub.ranges(WEIGHTS), [])

    def test_too_many_files_are_not_begun(self):
        self.hub.listed = [f"{i}_Dense/config.json" for i in range(2000)]
        self.assertIn("expected at most 1000 files of a model", self.train(code=74))
        self.assertEqual(len(self.hub.requests), 1)

    def test_a_listing_that_would_end_the_process_is_an_error(self):
        self.hub.listed = [json.loads("[" * 100 + "]" * 100)]
        self.assertIn("nested values", self.train(code=74))

    def test_an_answer_without_end_is_given_up(self):
        listing = f"/api/models/{REPOSITORY}/revision/main"
        for status in [200, 404, 503]:
            with self.subTest(status=status):
                self.hub.sent_endless = 0
                self.hub.endless = {listing: status}
                self.train(code=74)
                self.assertLess(self.hub.sent_endless, 100_000_000)

    def test_a_server_that_trickles_counts_as_silent(self):
        self.hub.trickle = {WEIGHTS}
        said = self.train(code=74, HF_HUB_DOWNLOAD_TIMEOUT="1")
        self.assertIn("Operation too slow", said)
        self.assertEqual(len(self.hub.ranges(WEIGHTS)), 4)

    def test_a_cut_body_without_a_length_is_gone_on_with(self):
        self.hub.hides_length = True
        self.hub.cuts[WEIGHTS] = [1000, 2000]
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS)[1:], ["bytes=1000-", "bytes=3000-"])
        self.assertEqual(self.weights.read_bytes(), self.model[WEIGHTS])

    def test_content_of_the_wrong_size_is_fetched_again(self):
        self.train()
        (self.cached / "refs" / "main").unlink()
        self.weights.write_bytes(b"cut by a loss of power")
        self.train()
        self.assertEqual(self.weights.read_bytes(), self.model[WEIGHTS])

    def test_a_revision(self):
        self.hub.revision = "v1.0"
        self.train(REPOSITORY + "@v1.0")
        self.assertEqual((self.cached / "refs" / "v1.0").read_text(), COMMIT)
        self.hub.close()
        self.train(f"{REPOSITORY}@{COMMIT}")

    def test_sharded_weights(self):
        shards = in_two_shards(self.hub.files.pop(WEIGHTS))
        self.hub.files |= shards
        self.train()
        self.assertEqual(len(shards), 3)
        self.assertEqual(files_of(self.snapshot), self.hub.files)

    def test_modules_of_sentence_transformers(self):
        self.hub.files = files_of(MODELS / "sentence_base" / "model")
        self.train()
        self.assertEqual(files_of(self.snapshot), self.hub.files)
        self.assertTrue((self.folder / "out" / "modules.json").exists())

    def test_two_processes_fetch_the_weights_once(self):
        variables = environment(**self.variables)
        self.hub.cuts = {WEIGHTS: [1000]}
        both = []
        for number in range(2):
            arguments = self.arguments()
            arguments[arguments.index("--output") + 1] += str(number)
            both.append(start(*arguments, env=variables, stderr=subprocess.PIPE))
        for process in both:
            said = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 0, said.decode())
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=1000-"])

    def test_a_snapshot_with_too_little_in_it_is_completed(self):
        self.snapshot.mkdir(parents=True)
        (self.snapshot / "config.json").write_bytes(self.model["config.json"])
        (self.cached / "refs").mkdir()
        (self.cached / "refs" / "main").write_text(COMMIT)
        self.assertIn("HF_HUB_OFFLINE", self.train(code=66, HF_HUB_OFFLINE="1"))
        self.train()
        self.assertEqual(files_of(self.snapshot), self.model)

    def test_a_folder_is_taken_as_it_is(self):
        self.train(BASE)
        self.assertEqual(self.hub.requests, [])


class BrokenConnectionTest(HubTest):
    def test_a_cut_download_is_resumed(self):
        self.hub.cuts = {WEIGHTS: [1000, 500]}
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=1000-", "bytes=1500-"])
        self.assertEqual(files_of(self.snapshot), self.model)

    def test_a_later_call_resumes_too(self):
        self.hub.cuts = {WEIGHTS: [1000, 0, 0, 0, 0]}
        self.train(code=74)
        self.assertEqual(self.partial.read_bytes(), self.model[WEIGHTS][:1000])
        self.assertFalse((self.cached / "refs").exists())
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS)[-1], "bytes=1000-")
        self.assertEqual(files_of(self.snapshot), self.model)
        self.assertFalse(self.partial.exists())

    def test_a_server_that_knows_no_range_sends_all_again(self):
        self.hub.ignores_range = True
        self.hub.cuts = {WEIGHTS: [1000]}
        self.train()
        self.assertEqual(files_of(self.snapshot), self.model)

    def test_a_server_that_never_sends_all_is_given_up(self):
        self.hub.ignores_range = True
        self.hub.cuts = {WEIGHTS: [1000] * 100}
        self.train(code=74)
        self.assertLess(len(self.hub.ranges(WEIGHTS)), 10)

    def test_a_silent_connection_counts_as_cut(self):
        self.hub.cuts = {WEIGHTS: [1000]}
        self.hub.hangs = True
        self.train(HF_HUB_DOWNLOAD_TIMEOUT="1")
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=1000-"])

    def test_ctrl_c_keeps_what_has_arrived(self):
        self.hub.cuts = {WEIGHTS: [1000]}
        self.hub.hangs = True
        process = start(*self.arguments(), env=environment(**self.variables), stderr=subprocess.PIPE)
        self.assertTrue(self.hub.cut_sent.wait(60))
        while not self.partial.exists() or self.partial.stat().st_size < 1000:
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].decode()
        self.assertEqual(process.returncode, 130, said)
        self.assertIn("kept", said)
        self.assertEqual(self.partial.read_bytes(), self.model[WEIGHTS][:1000])
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=1000-"])

    def test_other_content_is_not_continued(self):
        right = self.model[WEIGHTS]
        self.hub.wrong[WEIGHTS] = b"x" * len(right)
        self.hub.cuts = {WEIGHTS: [1000]}
        self.hub.after_cut = self.hub.wrong.clear
        self.train()
        second = self.hub.network.requests[1]
        self.assertEqual((second.range, second.if_range), ("bytes=1000-", f'"{git_blob(b"x" * len(right))}"'))
        self.assertEqual(self.weights.read_bytes(), right)

    def test_bytes_of_other_content_are_fetched_anew(self):
        self.blobs.mkdir(parents=True)
        self.partial.write_bytes(b"x" * 1000)
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS), ["bytes=1000-", None])
        self.assertEqual(self.weights.read_bytes(), self.model[WEIGHTS])

    def test_a_range_beyond_the_end(self):
        self.hub.wrong[WEIGHTS] = b"x" * 500
        self.blobs.mkdir(parents=True)
        self.partial.write_bytes(b"x" * 1000)
        self.assertIn("found", self.train(code=74))
        self.assertEqual(self.hub.ranges(WEIGHTS)[:2], ["bytes=1000-", None])
        self.hub.wrong.clear()
        self.train()
        self.assertEqual(self.weights.read_bytes(), self.model[WEIGHTS])

    def test_no_server(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # a port without a server
            said = self.train(code=74, HF_ENDPOINT=f"http://127.0.0.1:{free.getsockname()[1]}")
        self.assertIn("expected an answer from the hub", said)

    def test_a_full_disk(self):
        limit = len(self.model[WEIGHTS]) // 2
        done = subprocess.run(
            [PROGRAM, *self.arguments()],
            env=environment(**self.variables),
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            restore_signals=False,  # Python ignores SIGXFSZ, so writing fails instead
            timeout=60,
        )
        self.assertEqual(done.returncode, 74, done.stderr.decode())
        self.assertIn(b"expected all bytes written", done.stderr)
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, f"bytes={limit}-"])


class BusyHubTest(HubTest):
    """HTTP 429 and 5xx."""

    def test_a_server_in_trouble_is_asked_again(self):
        self.hub.failures = [(503, {}), (429, {})]
        self.train()

    def test_the_time_that_the_server_names_is_waited_for(self):
        seconds = 3
        for name, value in [
            ("Retry-After", str(seconds)),
            ("Retry-After", lambda: email.utils.formatdate(time.time() + seconds, usegmt=True)),
            ("RateLimit", f'"api";r=0;t={seconds}'),
        ]:
            shutil.rmtree(self.cached, ignore_errors=True)
            self.hub.server.requests.clear()
            self.hub.failures = [(429, {name: value})]
            said = self.train()
            first, second = self.hub.server.requests[:2]
            self.assertGreaterEqual(second.time, int(first.time) + seconds, name)  # a date has no fractions
            self.assertIn("is busy; trying again in", said)

    def test_a_time_that_is_too_long_is_reported_at_once(self):
        for headers in [{"Retry-After": "3600"}, {"Retry-After": "9" * 18}]:
            self.hub.server.requests.clear()
            self.hub.failures = [(429, headers)]
            said = self.train(code=74)
            self.assertIn("HTTP 429", said)
            self.assertIn("log in (HF_TOKEN)", said)
            self.assertIn("try again later", said)
            self.assertEqual(len(self.hub.server.requests), 1)
        self.hub.failures = [(503, {"Retry-After": "3600"})]
        self.assertIn("left alone for 3600 s: it is in trouble", self.train(code=74, HF_TOKEN="hf_secret"))

    def test_ctrl_c_ends_the_wait(self):
        self.hub.failures = [(429, {"Retry-After": "200"})]
        process = start(*self.arguments(), env=environment(**self.variables), stderr=subprocess.PIPE)
        said = b""
        while b"busy" not in said:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said += line
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)

    def test_the_content_network_is_waited_for_too(self):
        self.hub.network_failures = [(503, {"Retry-After": "1"})]
        self.train()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, None])


class TrustTest(HubTest):
    def test_a_password_in_the_address_is_used_and_never_shown(self):
        self.hub.basic = "someone:s3cr:t"
        address = self.hub.address.replace("://", "://someone:s3cr%3At@")
        self.train(HF_ENDPOINT=address, HF_TOKEN="hf_other")
        for request in self.hub.network.requests:
            self.assertIsNone(request.authorization, "another host sees no password")
        for name in [REPOSITORY + "@other", f"{address}/{REPOSITORY}"]:
            said = self.train(name, code=66, HF_ENDPOINT=address)
            self.assertNotIn("s3cr", said)
        self.hub.basic = None
        self.hub.failures = [(418, {})]
        self.assertNotIn("s3cr", self.train(REPOSITORY + "@v2", code=74, HF_ENDPOINT=address))
        for wrong in ["ftp://someone:s3cr@host", "someone:s3cr@host", "http://someone:s3cr@host/?token=s3cr"]:
            self.assertNotIn("s3cr", self.train(REPOSITORY + "@v2", code=64, HF_ENDPOINT=wrong))

    def test_a_proxy_s_password_is_never_shown(self):
        for proxy in ["http://someone:s3cr@127.0.0.1:99999", "someone:s3cr@127.0.0.1:9", "x://someone:s3cr@[::1"]:
            said = self.train(code=74, http_proxy=proxy, no_proxy="")
            self.assertNotIn("s3cr", said)

    def test_a_signed_address_is_never_shown(self):
        self.hub.moved = ("/api/", "http://127.0.0.1:9/elsewhere/?signature=s3cr&of=")
        said = self.train(code=74)
        self.assertNotIn("s3cr", said)

    def test_redirects_that_never_end(self):
        self.hub.moved = ("/api/", "/api/again/")
        self.assertIn("more than 10 redirects", self.train(code=74))
        self.assertEqual(len(self.hub.server.requests), 11)

    def test_a_redirect_to_a_file(self):
        self.hub.moved = ("/api/", "file:///etc/passwd?")
        self.assertIn("expected an answer from the hub", self.train(code=74))

    def test_a_wrong_checksum_leaves_nothing(self):
        right = self.model[WEIGHTS]
        self.hub.wrong = {WEIGHTS: right[:-1] + bytes([right[-1] ^ 1])}
        self.assertIn("checksum", self.train(code=74))
        self.assert_nothing_cached()
        self.hub.wrong = {}
        self.train()

    def test_a_wrong_checksum_of_a_small_file(self):
        self.hub.wrong = {"config.json": self.model["config.json"].replace(b"bert", b"BERT")}
        self.assertIn("checksum", self.train(code=74))
        self.assert_nothing_cached()

    def test_the_token_goes_to_the_hub_alone(self):
        self.hub.token = "hf_secret"
        said = self.train(code=66)
        self.assertIn("HF_TOKEN", said)
        self.hub.server.requests.clear()
        said = self.train(HF_TOKEN="hf_secret")
        self.assertNotIn("hf_secret", said)
        for request in self.hub.server.requests:
            self.assertEqual(request.authorization, "Bearer hf_secret", request.path)
        self.assertEqual([each.authorization for each in self.hub.network.requests], [None])

    def test_the_token_of_a_login(self):
        self.hub.token = "hf_secret"
        (self.folder / "home").mkdir()
        self.write("home/token", "hf_secret\n")
        self.train()

    def test_a_wrong_token(self):
        self.hub.token = "hf_secret"
        said = self.train(code=66, HF_TOKEN="hf_other")
        self.assertIn("HTTP 401", said)
        self.assertNotIn("hf_other", said)

    def test_names_that_lead_out_of_the_folder_are_refused(self):
        for name in ["../../escaped/config.json", "/tmp/config.json", "1_a/../config.json", ""]:
            self.hub.listed = [name]
            self.assertIn("names of files", self.train(code=74))
            self.assertFalse(self.cached.exists())

    def test_answers_that_are_no_hub_s(self):
        for name in ["bert-base-uncased", "tester/other", REPOSITORY + "@other"]:
            said = self.train(name, code=66)
            self.assertIn("HTTP 404", said)
            self.assertIn("there is no folder", said)
        self.hub.failures = [(418, {})]
        self.assertIn("HTTP 418", self.train(code=74))


class NameTest(HubTest):
    def test_offline(self):
        said = self.train(code=66, HF_HUB_OFFLINE="1")
        self.assertIn("HF_HUB_OFFLINE", said)
        self.assertIn(str(self.folder / "home" / "hub"), said)
        self.assertEqual(self.hub.requests, [])

    def test_pickled_weights_are_not_read(self):
        self.hub.files["pytorch_model.bin"] = self.hub.files.pop(WEIGHTS)
        said = self.train(code=65)
        self.assertIn("pytorch_model.bin", said)
        self.assertIn("save_pretrained", said)
        del self.hub.files["pytorch_model.bin"]
        self.assertIn("no weights", self.train(code=65))

    def test_a_repository_without_a_tokenizer(self):
        del self.hub.files["tokenizer.json"]
        self.assertIn("tokenizer.json", self.train(code=65))
        self.assertFalse((self.cached / "refs").exists())

    def test_what_is_neither_a_folder_nor_an_id(self):
        for name in ["./absent", str(self.folder / "absent"), "absent/", "../absent", self.data]:
            self.assertIn("expected a folder, or a Hugging Face id", self.train(name, code=66))
        self.assertEqual(self.hub.requests, [])


if __name__ == "__main__":
    unittest.main()
