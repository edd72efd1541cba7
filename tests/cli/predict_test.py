"""fastintent predict"""

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import time
import unittest

from program import PROGRAM, TRAINED, ProgramTest, environment, start

PREDICT = ("predict", "--model", TRAINED)


class PredictTest(ProgramTest):
    def test_the_format(self):
        done = self.run_program(*PREDICT, "Where is my card?", "--top-k", "1")
        self.assertEqual(done.stderr, b"")
        self.assertRegex(
            done.stdout.decode(),
            r'^\{"text":"Where is my card\?","intent":"[^"]*","confidence":[0-9.e-]+,'
            r'"needs_review":false,'
            r'"alternatives":\[\{"intent":"[^"]*","confidence":[0-9.e-]+\}\]\}\n$',
        )

    def test_ranks_all_intents(self):
        (answer,) = self.lines(*PREDICT, "Where is my card?", "--top-k", "1000", "--logits")
        shares = [answer["confidence"]] + [a["confidence"] for a in answer["alternatives"]]
        self.assertEqual(shares, sorted(shares, reverse=True))
        self.assertAlmostEqual(sum(shares), 1, places=5)
        self.assertEqual(len(shares), len(answer["logits"]))
        (short,) = self.lines(*PREDICT, "Where is my card?", "--top-k", "0")
        self.assertEqual(short["alternatives"], [])
        self.assertEqual(short["intent"], answer["intent"])
        self.assertNotIn("logits", short)

    def test_a_threshold_flags_and_counts(self):
        done = self.run_program(*PREDICT, "a", "b", "--threshold", "1")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["needs_review"] for line in lines], [True, True])
        said = b"predict: 2 of 2 texts below the review threshold 1\n"
        self.assertEqual(done.stderr, said)
        done = self.run_program(*PREDICT, "a", "b", "--threshold", "0")
        self.assertNotIn(b"true", done.stdout)
        self.assertEqual(done.stderr, b"")
        for bad in ["1.5", "-1", "nan"]:
            self.run_program(*PREDICT, "a", "--threshold", bad, code=64)

    def test_many_texts_get_a_line_about_a_faster_precision(self):
        auto = self.run_program("info").stdout.decode()
        found = re.search(r"^precision: +auto is ([a-z0-9]+): (.*)$", auto, re.MULTILINE)
        many = b"my card\n" * 10_000
        said = self.run_program(*PREDICT, stdin=many).stderr.decode()
        if found[1] == "fp32":
            self.assertEqual(said, "")
        else:
            self.assertEqual(said, f"predict: --precision auto would answer in {found[1]}: {found[2]}\n")
        self.assertEqual(self.run_program(*PREDICT, "--precision", "fp32", stdin=many).stderr, b"")
        self.assertEqual(self.run_program(*PREDICT, stdin=many[: len(many) // 2]).stderr, b"")

    def test_texts_of_any_look(self):
        texts = ["[a, b]", "train", "-5 degrees", "--model", "--"]
        answers = self.lines(*PREDICT, *texts[:3], "--logits", "--", *texts[3:])
        self.assertEqual([answer["text"] for answer in answers], texts)
        self.assertIn("logits", answers[0])

    def test_blank_texts_get_a_line_and_code_65(self):
        lines = self.lines(*PREDICT, stdin="one\n\n \u3000\ntwo".encode(), code=65)
        self.assertEqual([line["text"] for line in lines], ["one", "", " \u3000", "two"])
        self.assertEqual(["error" in line for line in lines], [False, True, True, False])
        self.assertEqual(set(lines[1]), {"text", "error"})

    def test_invalid_utf8_gives_valid_json(self):
        (answer,) = self.lines(*PREDICT, stdin=b'a\xffb\x01"\\\n')
        self.assertEqual(answer["text"], 'a\ufffdb\x01"\\')

    def test_formats(self):
        csv = self.write("texts.csv", 'id,message\n1,"two\nlines"\n2,b\n')
        answers = self.lines(*PREDICT, "--input", csv, "--text-column", "message")
        self.assertEqual([answer["text"] for answer in answers], ["two\nlines", "b"])
        answers = self.lines(*PREDICT, "--format", "jsonl", "--input", "-", stdin=b'{"text":"a"}\n')
        self.assertEqual(answers[0]["text"], "a")

    def test_a_bad_row_ends_the_stream_after_what_came_before(self):
        rows = b'{"text":"a"}\n' * 40 + b"{\n"
        done = self.run_program(*PREDICT, "--format", "jsonl", stdin=rows, code=65)
        self.assertGreaterEqual(len(done.stdout.splitlines()), 32)
        self.assertIn(b"41", done.stderr)  # the line

    def test_batches_and_workers_do_not_change_answers(self):
        texts = "".join(f"text number {i} {'x ' * (i % 7)}\n" for i in range(50)).encode()
        default = self.run_program(*PREDICT, "--logits", stdin=texts).stdout
        single = self.run_program(*PREDICT, "--logits", "--batch-size", "1", "--threads", "1", stdin=texts).stdout
        self.assertEqual(default, single)

    def test_output_file_is_whole_or_absent(self):
        output = self.folder / "answers.jsonl"
        done = self.run_program(*PREDICT, "--output", str(output), "text")
        self.assertEqual(done.stdout, b"")
        self.assertEqual(json.loads(output.read_text())["text"], "text")
        old = output.read_bytes()
        bad = b'{"text":"a"}\n{\n'
        self.run_program(*PREDICT, "--format", "jsonl", "--output", str(output), stdin=bad, code=65)
        self.assertEqual(output.read_bytes(), old)
        kept = ["answers.jsonl", "answers.jsonl.partial", "answers.jsonl.partial.run"]
        self.assertEqual(sorted(os.listdir(self.folder)), kept)
        self.run_program(*PREDICT, "--output", str(output), "new", code=73)
        self.run_program(*PREDICT, "--output", str(output), "--force", "new")
        self.assertEqual(json.loads(output.read_text())["text"], "new")
        self.assertEqual(os.listdir(self.folder), ["answers.jsonl"])

    def test_an_output_is_no_input(self):
        texts = self.write("texts.txt", "my card\n")
        link = self.folder / "link.txt"
        link.symlink_to(texts)
        hard = self.folder / "hard.txt"
        os.link(texts, hard)
        model = self.folder / "model"
        shutil.copytree(TRAINED, model)
        config = (model / "config.json").read_bytes()
        for output in [texts, str(link), str(hard), str(self.folder / "." / "texts.txt")]:
            self.run_program(*PREDICT, "--input", texts, "--output", output, code=64)
            with open(texts, "rb") as file:
                self.run_program_on(file, *PREDICT, "--output", output, code=64)
        partial = self.write("answers.jsonl.partial", "my card\n")
        arguments = ["--output", str(self.folder / "answers.jsonl"), "--force"]
        self.run_program(*PREDICT, "--input", partial, *arguments, code=64)
        predict = ["predict", "--model", str(model), "my card", "--output"]
        self.run_program(*predict, str(model / "config.json"), code=64)
        self.run_program(*predict, str(model / "fastintent.json"), code=64)
        self.assertEqual((model / "config.json").read_bytes(), config)
        self.assertEqual(pathlib.Path(texts).read_text(), "my card\n")
        for _ in range(2):  # files that are not a model's may be in its folder
            self.run_program(*predict, str(model / "answers.jsonl"))
        self.run_program(*PREDICT, "my card", "--output", "/dev/null")

    def run_program_on(self, file, *arguments, code):
        done = subprocess.run([PROGRAM, *arguments], stdin=file, env=environment(), timeout=60)
        self.assertEqual(done.returncode, code)

    def test_answers_are_as_private_as_those_before(self):
        output = self.folder / "answers.jsonl"
        output.write_text("")
        output.chmod(0o640)
        process, partial = self.start_and_wait_for(output, [b"text\n"] * 600, 64)
        self.assertEqual(partial.stat().st_mode & 0o777, 0o600)
        process.communicate(timeout=60)
        self.assertEqual(output.stat().st_mode & 0o777, 0o640)

    def test_a_link_in_the_place_of_the_unfinished_file_is_refused(self):
        precious = self.write("precious", "mine")
        (self.folder / "answers.jsonl.partial").symlink_to(precious)
        arguments = ["--output", str(self.folder / "answers.jsonl")]
        for extra in [[], ["--resume"], ["--force"]]:
            self.run_program(*PREDICT, *arguments, *extra, "text", code=73)
        self.assertEqual(pathlib.Path(precious).read_text(), "mine")

    def start_and_wait_for(self, output, lines, written):
        """Starts a run that is fed `lines` and then waits for more, until it has written some.

        It answers each text before it reads the next. Larger batches are read ahead while the first one is computed,
        so that a busy machine might read all lines and wait for more before it writes an answer.
        """
        process = start(
            *PREDICT,
            *("--output", str(output), "--threads", "1", "--batch-size", "1"),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdin.write(b"".join(lines))
        process.stdin.flush()
        partial = pathlib.Path(str(output) + ".partial")
        deadline = time.monotonic() + 60
        while not partial.exists() or partial.read_bytes().count(b"\n") < written:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return process, partial

    def test_resume_repeats_and_loses_nothing(self):
        lines = [f"text {i} {'again ' * (i % 5)}\n".encode() for i in range(700)] + [b" \n"]
        whole = self.folder / "whole.jsonl"
        self.run_program(*PREDICT, "--output", str(whole), stdin=b"".join(lines), code=65)
        for stop in (signal.SIGKILL, signal.SIGTERM):
            output = self.folder / f"answers{stop}.jsonl"
            process, partial = self.start_and_wait_for(output, lines[:600], 64)
            process.send_signal(stop)
            if stop == signal.SIGTERM:
                process.stdin.write(lines[600])  # wakes it up
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, -9 if stop == signal.SIGKILL else 130)
            self.assertFalse(output.exists())
            with partial.open("ab") as file:
                file.write(b'{"text":"text 1')  # a line that was cut
            done = self.run_program(*PREDICT, "--output", str(output), "--resume", stdin=b"".join(lines), code=65)
            self.assertIn(b"continuing after", done.stderr)
            self.assertIn(b"1 of 701 blank", done.stderr)
            self.assertEqual(output.read_bytes(), whole.read_bytes())
            self.assertFalse(partial.exists())
            self.assertFalse(pathlib.Path(f"{partial}.run").exists())

    def test_resume_is_of_the_same_model_and_options(self):
        lines = [f"text {i}\n".encode() for i in range(600)]
        output = self.folder / "answers.jsonl"
        process, partial = self.start_and_wait_for(output, lines, 64)
        process.kill()
        process.communicate(timeout=60)
        before = partial.read_bytes()
        run = pathlib.Path(f"{partial}.run").read_text()
        names = ["model", "precision", "device", "max-length", "top-k", "logits", "threshold", "shard"]
        self.assertEqual([line.partition(" ")[0] for line in run.splitlines()], names)
        other = self.folder / "other"
        shutil.copytree(TRAINED, other)
        weights = bytearray((other / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (other / "model.safetensors").write_bytes(weights)
        resume = ("--output", str(output), "--resume")
        for changed, arguments in [
            ("model", ["predict", "--model", str(other)]),
            ("precision int8", [*PREDICT, "--precision", "int8"]),
            ("device reference", [*PREDICT, "--device", "reference"]),
            ("max-length 9", [*PREDICT, "--max-length", "9"]),
            ("top-k 1", [*PREDICT, "--top-k", "1"]),
            ("logits on", [*PREDICT, "--logits"]),
            ("threshold 0.5", [*PREDICT, "--threshold", "0.5"]),
        ]:
            done = self.run_program(*arguments, *resume, stdin=b"".join(lines), code=64)
            self.assertIn(f"'{changed}".encode(), done.stderr)
            self.assertEqual(partial.read_bytes(), before, changed)
        copy = self.folder / "copy"  # another place is no other model, nor are threads an option of answers
        shutil.copytree(TRAINED, copy)
        same = ["predict", "--model", str(copy), "--threads", "2", "--batch-size", "7"]
        self.run_program(*same, *resume, stdin=b"".join(lines))
        self.assertEqual(output.read_bytes(), self.run_program(*PREDICT, stdin=b"".join(lines)).stdout)

    def test_answers_of_an_earlier_version_are_resumed(self):
        partial = self.folder / "answers.jsonl.partial"
        partial.write_bytes(self.run_program(*PREDICT, "a").stdout)
        arguments = (*PREDICT, "--output", str(self.folder / "answers.jsonl"), "--resume")
        done = self.run_program(*arguments, "a", "b")
        self.assertIn(b"an earlier version began them", done.stderr)
        self.assertEqual(len((self.folder / "answers.jsonl").read_bytes().splitlines()), 2)

    def test_a_signal_to_the_whole_pipe_leaves_no_cut_file(self):
        lines = [f"text {i}\n".encode() for i in range(600)]
        output = self.folder / "answers.jsonl"
        process, partial = self.start_and_wait_for(output, lines, 64)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)  # the writer is gone, too: the input ends
        self.assertEqual(process.returncode, 130)
        self.assertFalse(output.exists())
        self.assertTrue(partial.exists())

    def test_an_old_file_that_may_not_be_written_does_not_keep_from_resuming(self):
        lines = [f"text {i}\n".encode() for i in range(600)]
        output = self.folder / "answers.jsonl"
        output.write_text("old")
        output.chmod(0o444)
        process, partial = self.start_and_wait_for(output, lines, 64)
        process.kill()
        process.communicate(timeout=60)
        self.assertTrue(partial.stat().st_mode & 0o200)
        self.run_program(*PREDICT, "--output", str(output), "--resume", stdin=b"".join(lines))
        self.assertEqual(len(output.read_bytes().splitlines()), 600)
        self.assertEqual(output.stat().st_mode & 0o777, 0o444)

    def test_resume_without_anything_to_resume(self):
        output = self.folder / "answers.jsonl"
        self.run_program(*PREDICT, "--output", str(output), "--resume", "text")
        self.assertEqual(json.loads(output.read_text())["text"], "text")
        self.run_program(*PREDICT, "--resume", "text", code=64)
        self.run_program(*PREDICT, "--resume", "--output", "-", "text", code=64)
        self.run_program(*PREDICT, "--output", str(output), "--resume", "--force", "a", code=64)

    def test_resume_with_another_input(self):
        partial = self.folder / "answers.jsonl.partial"
        answers = self.run_program(*PREDICT, "a", "b").stdout
        arguments = (*PREDICT, "--output", str(self.folder / "answers.jsonl"), "--resume")
        for texts in (["a", "c"], ["a"]):
            partial.write_bytes(answers)
            done = self.run_program(*arguments, *texts, code=65)
            self.assertIn(b"line 2", done.stderr)
            self.assertEqual(partial.read_bytes(), answers)

    def test_two_runs_do_not_write_one_file(self):
        output = self.folder / "answers.jsonl"
        lines = [f"text {i}\n".encode() for i in range(600)]
        process, _ = self.start_and_wait_for(output, lines, 1)
        for flag in ("--resume", "--force"):
            arguments = (*PREDICT, "--output", str(output), flag, "a")
            self.assertIn(b"another run", self.run_program(*arguments, code=73).stderr)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(output.read_bytes().splitlines()), 600)

    def test_a_truncated_text_is_flagged(self):
        short, long = self.lines(*PREDICT, "--max-length", "5", "my card", "please close my account")
        self.assertNotIn("truncated", short)
        self.assertTrue(long["truncated"])

    def test_precision(self):
        (fp32,) = self.lines(*PREDICT, "my card", "--logits")
        (bf16,) = self.lines(*PREDICT, "my card", "--logits", "--precision", "bf16")
        (int8,) = self.lines(*PREDICT, "my card", "--logits", "--precision", "int8")
        for rounded in (bf16, int8):
            self.assertEqual(fp32["intent"], rounded["intent"])
            self.assertNotEqual(fp32["logits"], rounded["logits"])
        done = self.run_program(*PREDICT, "my card", "--logits", "--precision", "auto")
        self.assertIn(b"precision ", done.stderr)
        self.assertIn(json.loads(done.stdout), (fp32, bf16, int8))
        self.run_program(*PREDICT, "my card", "--precision", "fp8", code=64)

    def test_output_that_cannot_be_written(self):
        self.run_program(*PREDICT, "--output", str(self.folder / "none" / "x"), "a", code=73)
        self.run_program(*PREDICT, "--output", str(self.folder), "a", code=73)
        self.run_program(*PREDICT, "--output", "/dev/full", "a", code=74)
        with open("/dev/full", "wb") as full:
            self.run_program(*PREDICT, "a", stdout=full, code=74)

    def test_a_special_file_is_not_replaced(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        with start(*PREDICT, "--output", str(pipe), "a"):
            self.assertEqual(json.loads(pipe.read_text())["text"], "a")
        self.assertTrue(pipe.is_fifo())

    def test_a_reader_that_has_enough_ends_it_quietly(self):
        texts = self.write("many.txt", "text\n" * 20000)
        process = start(*PREDICT, "--input", texts, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), 0)

    def test_each_line_is_answered_at_once_with_batch_size_1(self):
        with start(*PREDICT, "--batch-size", "1", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for text in ["one", "two"]:
                process.stdin.write(text.encode() + b"\n")
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["text"], text)
            process.stdin.close()
            self.assertEqual(process.wait(timeout=60), 0)

    def test_a_chunk_is_answered_before_more_is_read(self):
        arguments = (*PREDICT, "--format", "jsonl", "--chunk-header", "--top-k", "0")
        with start(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for rows in [1, 70, 0, 33]:  # batches are of 32
                texts = [f"text {i} of {rows}" for i in range(rows)]
                lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
                process.stdin.write(f"{rows}\n{lines}".encode())
                process.stdin.flush()
                answers = [json.loads(process.stdout.readline())["text"] for _ in texts]
                self.assertEqual(answers, texts)
            process.stdin.close()
            self.assertEqual(process.wait(timeout=60), 0)

    def test_a_chunk_header_that_is_wrong(self):
        arguments = (*PREDICT, "--format", "jsonl", "--chunk-header")
        row = b'{"text":"a"}\n'
        for stdin in (row, b"-1\n", b"1x\n", b"\n", b"2\n" + row, b"99999999999999999999\n"):
            self.run_program(*arguments, stdin=stdin, code=65)
        done = self.run_program(*arguments, stdin=b'2\n{"text":" "}\n' + row, code=65)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertEqual(self.run_program(*arguments).stdout, b"")
        path = self.write("texts.jsonl", row)
        for other in (["--format", "text"], ["--format", "jsonl", "--input", path], ["--format", "jsonl", "a"]):
            self.run_program(*PREDICT, "--chunk-header", *other, code=64)

    def test_a_terminal_without_texts_is_a_usage_error(self):
        master, terminal = pty.openpty()
        done = subprocess.run(
            [os.environ["FASTINTENT_TEST_PROGRAM"], *PREDICT],
            stdin=terminal,
            capture_output=True,
            env=environment(),
            timeout=60,
        )
        self.assertEqual(done.returncode, 64)
        os.close(master)
        os.close(terminal)

    def test_environment_variables(self):
        (answer,) = self.lines("predict", "a", FASTINTENT_MODEL=TRAINED, FASTINTENT_TOP_K="1", FASTINTENT_LOGITS="1")
        self.assertEqual(len(answer["alternatives"]), 1)
        self.assertIn("logits", answer)
        (answer,) = self.lines(*PREDICT, "a", "--top-k", "0", FASTINTENT_TOP_K="1")
        self.assertEqual(answer["alternatives"], [])

    def test_unusable_calls(self):
        self.run_program("predict", "--model", str(self.folder / "none"), "a", code=66)
        self.run_program(*PREDICT, "--input", str(self.folder / "none"), code=66)
        self.run_program(*PREDICT, "--input", "x", "a", code=64)
        for device in ["gpu", "cuda:", "cuda:x", "cuda:-1"]:
            self.run_program(*PREDICT, "--device", device, "a", code=64)
        self.run_program(*PREDICT, "--device", "cuda:700", "a", code=69)
        self.run_program(*PREDICT, "--device", "cpu", "--precision", "fp16", "a", code=64)


if __name__ == "__main__":
    unittest.main()
