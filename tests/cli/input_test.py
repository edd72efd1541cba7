"""Files of texts as other programs write them: encodings, white space, quotes, names, damage."""

import os
import subprocess
import unittest

from program import BASE, PROGRAM, TRAINED, ProgramTest, environment

PREDICT = ["predict", "--model", TRAINED, "--top-k", "0", "--threads", "1"]
EVALUATE = ["evaluate", "--model", TRAINED, "--threads", "1", "--data"]
ROWS = "text,intent\r\nwhere is my café,card\r\nmy money,money\r\n"
WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
TOO_LARGE = 71  # exit code
MOST_TIMES = 12  # the memory that a line may cost, of its size


class InputTest(ProgramTest):
    def commands(self, file):
        """Each command that reads texts of a file, reading `file`."""
        model = ["--model", TRAINED]
        base = ["--model", BASE, "--output", str(self.folder / "out")]
        return [
            [*PREDICT, "--input", file],
            [*EVALUATE, file],
            ["tokenize", *model, "--input", file],
            ["bench", *model, "--iterations", "1", "--input", file],
            ["bench", *model, "--iterations", "1", "--compare", "--train", file, "texts"],
            ["quantize", *model, "--output", str(self.folder / "packed"), "--data", file],
            ["train", *base, "--train", file],
        ]

    def texts(self, *arguments, **options):
        return [answer["text"] for answer in self.lines(*PREDICT, *arguments, **options)]

    def test_every_command_names_utf16_and_its_line(self):
        rows = self.write("rows.csv", ROWS.encode("utf-16"))
        for command in self.commands(rows):
            with self.subTest(command[0]):
                said = self.run_program(*command, code=65).stderr
                self.assertIn(b"rows.csv:1)", said)
                self.assertIn(b"UTF-16", said)
                self.assertNotIn(b"\0", said)

    def test_every_command_has_the_option(self):
        rows = self.write("rows.csv", ROWS.encode("utf-16"))
        for command in self.commands(rows):
            with self.subTest(command[0]):
                said = self.run_program(*command, "--encoding", "no-such", code=64).stderr
                self.assertIn(b"iconv", said)

    def test_every_command_reads_the_format_that_is_named(self):
        rows = self.write("rows.dat", (ROWS + "my card,card\r\na money,money\r\n").encode())
        for command in self.commands(rows):
            if "--compare" in command:  # its --format is that of --input, not of --train
                continue
            with self.subTest(command[0]):
                self.run_program(*command, "--format", "csv")

    def test_wide_encodings_are_named_in_every_format_and_read_on_request(self):
        contents = {
            "texts.txt": "where is my café\nmy money\n",
            "texts.csv": ROWS,
            "texts.tsv": ROWS.replace(",", "\t"),
            "texts.jsonl": '{"text": "where is my café"}\n{"text": "my money"}\n',
        }
        for name, content in contents.items():
            for encoding in WIDE:
                with self.subTest(name=name, encoding=encoding):
                    file = self.write(name, content.encode(encoding))
                    said = self.run_program(*PREDICT, "--input", file, code=65).stderr
                    self.assertIn(encoding[:6].upper().encode(), said)
                    found = self.texts("--input", file, "--encoding", encoding)
                    self.assertEqual(found, ["where is my café", "my money"])

    def test_standard_input_has_an_encoding_too(self):
        said = self.run_program(*PREDICT, stdin="my café\n".encode("utf-16"), code=65).stderr
        self.assertIn(b"UTF-16", said)
        self.assertIn(b"standard input:1", said)
        self.assertEqual(self.texts("--encoding", "utf-16", stdin="my café\n".encode("utf-16")), ["my café"])
        self.assertEqual(self.texts("--encoding", "latin-1", stdin=b"my caf\xe9\n"), ["my café"])
        self.assertEqual(self.texts(stdin=b"\xef\xbb\xbfmy card\n"), ["my card"])

    def test_replaced_bytes_are_counted_with_their_first_line(self):
        file = self.write("rows.csv", "text,intent\na card,card\ncafé,card\n\nl'été,money\n".encode("latin-1"))
        for command in self.commands(file):
            if command[0] == "train" or "--train" in command:
                continue  # two rows of a label are too few to train on
            with self.subTest(command[0]):
                said = self.run_program(*command).stderr
                self.assertIn(b"2 texts are not valid UTF-8, the first at " + file.encode() + b":3", said)
        done = self.run_program(*PREDICT, "a card")
        self.assertNotIn(b"warning", done.stderr)

    def test_an_argument_that_is_not_utf8_is_reported(self):
        said = self.run_program(*PREDICT, "a card", b"caf\xe9").stderr
        self.assertIn(b"1 text is not valid UTF-8, the first at TEXT:2", said)

    def test_a_label_that_is_not_utf8_is_refused_before_training(self):
        rows = "text,intent\n" + "my card,carte\n" * 3 + "my money,dépôt\n" * 3
        file = self.write("rows.csv", rows.encode("cp1252"))
        train = ["train", "--model", BASE, "--train", file, "--output", str(self.folder / "out"), "--epochs", "1"]
        said = self.run_program(*train, code=65).stderr
        self.assertIn(b"rows.csv:5)", said)
        self.assertNotIn(b"epoch", said)
        said = self.run_program(*train, "--encoding", "windows-1252").stderr
        self.assertNotIn(b"warning", said)
        self.assertIn("dépôt", (self.folder / "out/config.json").read_text())

    def test_alike_labels_are_named_with_their_counts(self):
        rows = "text,intent\n" + "my card,card\n" * 3 + "your card,Card \n" + "my money,money \n" * 2
        said = self.run_program(*EVALUATE, self.write("rows.csv", rows)).stderr.decode()
        self.assertIn('warning: the labels "card" (3 rows) and "Card" (1 row) differ only in case', said)
        self.assertIn("3 labels", said)

    def test_a_quote_in_tsv_is_a_character(self):
        rows = 'text\tintent\n"my card\tcard\nmy 20" card\tcard\nmoney now"\tmoney\n'
        file = self.write("rows.tsv", rows)
        self.assertEqual(self.texts("--input", file), ['"my card', 'my 20" card', 'money now"'])
        self.assertIn(b"3 rows", self.run_program(*EVALUATE, file).stderr)
        quoted = self.write("quoted.tsv", 'text\tintent\n"say ""a\tb"""\tcard\n')
        self.assertEqual(self.texts("--input", quoted, "--quoting", "on"), ['say "a\tb"'])
        said = self.run_program(*PREDICT, "--input", quoted, code=65).stderr
        self.assertIn(b"set quoting to on", said)

    def test_a_quote_that_is_never_closed_is_named_by_the_row_where_it_begins(self):
        file = self.write("rows.csv", 'text,intent\nmy card,card\n"my money,money\nthe card,card\n')
        said = self.run_program(*PREDICT, "--input", file, code=65).stderr
        self.assertIn(b"rows.csv:3)", said)

    def test_extensions_in_capitals(self):
        for name, separator in [("DATA.CSV", ","), ("Data.Tsv", "\t")]:
            file = self.write(name, ROWS.replace(",", separator))
            self.assertEqual(len(self.texts("--input", file)), 2)
            self.assertIn(b"2 rows", self.run_program(*EVALUATE, file).stderr)
        file = self.write("ROWS.JSONL", '{"text": "my card", "intent": "card"}\n')
        self.assertEqual(self.texts("--input", file), ["my card"])
        packed = ["quantize", "--model", TRAINED, "--output", str(self.folder / "packed"), "--data", file]
        self.assertIn(b"1 row", self.run_program(*packed).stderr)

    def test_half_an_emoji_in_json_lines_costs_only_itself(self):
        rows = [r'{"text": "a card", "intent": "x"}', r'{"text": "a card \ud83d", "intent": "y"}']
        file = self.write("rows.jsonl", "\n".join([*rows, r'{"text": "a\u0000b", "intent": "y"}']))
        self.assertEqual(self.texts("--input", file), ["a card", "a card \ufffd", "a\0b"])
        said = self.run_program(*EVALUATE, file).stderr
        self.assertIn(b"3 rows", said)
        self.assertIn(b"1 text is not valid UTF-8, the first at " + file.encode() + b":2", said)

    def test_one_line_costs_a_few_times_its_size(self):
        size = 15 << 20  # just below the longest line
        head = b'{"text":"a","b":'
        # Before, repeated and after: the lines are written in blocks, because the peak of this process counts for
        # those that it starts.
        contents = {
            "open.jsonl": (b"", b"[", b""),
            "open_in_object.jsonl": (head, b"[", b""),
            "commas.jsonl": (head + b"[", b"0,", b"0]}"),
            "objects.jsonl": (head + b"[", b"{},", b"0]}"),
            "keys.jsonl": (b'{"text":"a"', b',"b":1', b"}"),
            "string.jsonl": (head + b'"', b"x", b""),
            "number.jsonl": (head, b"1", b""),
            "escapes.jsonl": (head + b'"', b"\\ud800", b'"}'),
            "commas.csv": (b"text,b\na,b\n", b",", b""),
            "columns.csv": (b"", b",", b""),
            "columns.tsv": (b"", b"\t", b""),
            "quotes.csv": (b'text,b\n"', b'""', b""),
            "lines.csv": (b'text,b\n"', b"\n", b""),
            "long.txt": (b"", b"x", b"x" * (2 << 20)),
        }
        for name, (before, repeated, after) in contents.items():
            with self.subTest(name):
                file = self.folder / name
                with open(file, "wb") as lines:
                    lines.write(before)
                    block = repeated * ((1 << 20) // len(repeated))
                    for _ in range(size // len(block)):
                        lines.write(block)
                    lines.write(after)
                peak = self.peak_memory("tokenize", "--model", TRAINED, "--input", str(file))
                self.assertLess(peak, MOST_TIMES * size)

    def peak_memory(self, *arguments):
        """Runs, whatever the exit code of bad data; the bytes of memory that were resident at most."""
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertIn(process.returncode, (0, 65))
        return usage.ru_maxrss * 1024

    def test_data_beyond_the_memory_are_refused_with_both_numbers(self):
        file = self.write("rows.csv", "text,intent\n" + "where is my card,card\n" * 200_000)
        with open(file, "r+b") as rows:
            rows.truncate(1 << 42)  # 4.4 TB, nearly all of it a hole
        texts = self.folder / "texts.txt"
        os.link(file, texts)
        quantize = ["quantize", "--model", TRAINED, "--output", str(self.folder / "packed"), "--data", str(texts)]
        in_constant_memory = ("predict", "tokenize")
        for command in [*(c for c in self.commands(file) if c[0] not in in_constant_memory), quantize]:
            with self.subTest(" ".join(command)):
                said = self.run_program(*command, code=TOO_LARGE).stderr
                self.assertRegex(said, rb"found about \d+ rows that need \d+\.\d GB where \d+\.\d GB are free")


if __name__ == "__main__":
    unittest.main()
