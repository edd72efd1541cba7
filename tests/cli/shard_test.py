"""fastintent predict --shard: parts of a file, answered by processes that know nothing of each other."""

import hashlib
import json
import os
import pathlib
import resource
import subprocess
import unittest

from program import TRAINED, ProgramTest, start

PREDICT = ("predict", "--model", TRAINED, "--top-k", "1")


def texts(count):
    return [f'text {i}, "quoted" {"again " * (i % 5)}\n and a second line' for i in range(count)]


def csv_of(texts):
    rows = ['{},"{}"\n'.format(i, text.replace('"', '""')) for i, text in enumerate(texts)]
    return "id,text\n" + "".join(rows)


class ShardTest(ProgramTest):
    def answers(self, path, *options, shards, code=0):
        """What the shards write, one after another."""
        outputs = []
        for index in range(shards):
            output = self.folder / f"answers.{index}"
            self.run_program(
                *(*PREDICT, "--input", path, "--shard", f"{index}/{shards}", "--output", str(output)),
                *options,
                code=code,
            )
            outputs.append(output.read_bytes())
        return b"".join(outputs)

    def test_the_outputs_in_order_are_that_of_the_file(self):
        lines = [text.replace("\n", " ") for text in texts(40)]
        jsonl = "".join(json.dumps({"text": text}) + "\n" for text in texts(40))
        utf_16 = "\n".join(lines).encode("utf-16-be")
        for name, content, options in [
            ("texts.csv", csv_of(texts(40)), []),
            ("texts.tsv", "id\ttext\n" + "".join(f"{i}\t{line}\n" for i, line in enumerate(lines)), []),
            ("texts.jsonl", jsonl, []),
            ("texts.txt", "\n".join(lines), []),
            ("wide.txt", b"\xfe\xff" + utf_16, ["--encoding", "utf-16"]),
        ]:
            path = self.write(name, content)
            whole = self.run_program(*PREDICT, "--input", path, *options).stdout
            self.assertEqual(len(whole.splitlines()), 40)
            for shards in (1, 3):
                self.assertEqual(self.answers(path, *options, shards=shards), whole, name)

    def test_a_shard_may_have_no_rows(self):
        path = self.write("texts.csv", "text\nmy card\n")
        outputs = [self.run_program(*PREDICT, "--input", path, "--shard", f"{index}/5").stdout for index in range(5)]
        self.assertEqual(sorted(map(len, outputs))[:4], [0] * 4)
        self.assertEqual(b"".join(outputs), self.run_program(*PREDICT, "my card").stdout)

    def test_every_shard_reports_its_own_blank_texts(self):
        path = self.write("texts.txt", "a card\n\nmy card\n")
        first = self.run_program(*PREDICT, "--input", path, "--shard", "0/2", code=65)
        self.assertIn(b"1 of 2 blank", first.stderr)
        last = self.run_program(*PREDICT, "--input", path, "--shard", "1/2")
        self.assertEqual(first.stdout + last.stdout, self.run_program(*PREDICT, "--input", path, code=65).stdout)

    def test_a_shard_that_was_cut_off_continues_with_the_same_bytes(self):
        path = self.write("texts.csv", csv_of(texts(6000)))
        shard = (*PREDICT, "--input", path, "--shard", "1/2")
        quiet = self.folder / "quiet.jsonl"
        self.run_program(*shard, "--output", str(quiet))
        expected = hashlib.sha256(quiet.read_bytes()).hexdigest()
        output = self.folder / "answers.jsonl"
        partial = pathlib.Path(f"{output}.partial")
        arguments = (*shard, "--output", str(output))
        # No file can grow beyond half of the answers, so the run ends there however fast it is.
        half = quiet.stat().st_size // 2
        process = start(
            *arguments,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (half, half)),
        )
        self.assertEqual(process.wait(timeout=60), 74)
        self.assertFalse(output.exists())
        before = partial.read_bytes()
        size = os.path.getsize(path)
        self.assertIn(f"shard 1/2 of {size} bytes\n", pathlib.Path(f"{partial}.run").read_text())
        for other in ([*shard[:-1], "0/2"], [*shard[:-1], "1/3"], shard[:-2]):
            done = self.run_program(*other, "--output", str(output), "--resume", code=64)
            self.assertIn(b"'shard 1/2 of", done.stderr)
            self.assertEqual(partial.read_bytes(), before)
        with open(path, "a") as file:  # which moves the boundaries
            file.write('6000,"my card"\n')
        self.assertIn(b"'shard 1/2 of", self.run_program(*arguments, "--resume", code=64).stderr)
        os.truncate(path, size)
        done = self.run_program(*arguments, "--resume")
        self.assertIn(b"continuing after", done.stderr)
        self.assertEqual(hashlib.sha256(output.read_bytes()).hexdigest(), expected)
        self.assertFalse(partial.exists())

    def test_a_bad_row_names_its_shard(self):
        path = self.write("texts.csv", "text\n" + "my card\n" * 9 + "a,b\n")
        done = self.run_program(*PREDICT, "--input", path, "--shard", "1/2", code=65)
        self.assertIn(f"{path}, shard 1/2:".encode(), done.stderr)
        self.run_program(*PREDICT, "--input", path, "--shard", "0/2")

    def test_shards_that_do_not_exist(self):
        path = self.write("texts.txt", "a\n")
        for shard in ["1", "1/", "/2", "2/2", "-1/2", "0/0", "0/2x", "a/b", "0 /2", "0/99999999999"]:
            done = self.run_program(*PREDICT, "--input", path, "--shard", shard, code=64)
            self.assertIn(b"--shard", done.stderr)
        self.run_program(*PREDICT, "--input", path, FASTINTENT_SHARD="0/1")
        self.run_program(*PREDICT, "--input", path, FASTINTENT_SHARD="1", code=64)

    def test_only_a_file_has_shards(self):
        for source in (["a"], [], ["--input", "-"]):
            done = self.run_program(*PREDICT, *source, "--shard", "0/2", stdin=b"a\n", code=64)
            self.assertIn(b"expected --input to be a file", done.stderr)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.run_program(*PREDICT, "--input", str(pipe), "--shard", "0/2", code=64)
        path = self.write("texts.txt", "a\n".encode("iso-2022-jp"))
        encoding = ("--encoding", "iso-2022-jp")
        done = self.run_program(*PREDICT, "--input", path, *encoding, "--shard", "0/2", code=64)
        self.assertIn(b"UTF-8 first", done.stderr)


if __name__ == "__main__":
    unittest.main()
