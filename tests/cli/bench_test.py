"""fastintent bench"""

import json
import unittest

from program import TRAINED, ProgramTest

BENCH = ("bench", "--model", TRAINED, "--iterations", "3")
NAMES = ["single_prediction"] + [f"batch_size_{n}" for n in (1, 4, 8, 16, 32)]
NAMES += ["streaming", "cached"]


class BenchTest(ProgramTest):
    def test_the_table(self):
        lines = self.run_program(*BENCH, "--threads", "1").stdout.decode().splitlines()
        self.assertRegex(lines[0], r"^device cpu \(\w+\), precision fp32, 1 thread$")
        self.assertEqual([line.split()[0] for line in lines[3:]], NAMES)
        self.assertEqual(len({len(line) for line in lines[2:]}), 1, "columns stand in line")

    def test_json(self):
        report = json.loads(self.run_program(*BENCH, "--json", "--precision", "bf16").stdout)
        self.assertEqual(report["precision"], "bf16")
        self.assertEqual(list(report["benchmarks"]), NAMES)
        for name, figures in report["benchmarks"].items():
            self.assertGreater(figures["throughput"], 0, name)
            self.assertLessEqual(figures["p50_ms"], figures["p99_ms"], name)
            self.assertLessEqual(figures["tokenizer_share"], 1, name)

    def test_texts_of_ones_own(self):
        texts = self.write("texts.txt", "my card\n\nfee\n")
        self.run_program(*BENCH, "--input", texts)
        self.run_program(*BENCH, "my card", "fee")

    def test_unusable_calls(self):
        self.run_program("bench", code=64)
        self.run_program(*BENCH, "--iterations", "0", code=64)
        self.run_program(*BENCH, "--input", self.write("blank.txt", " \n\n"), code=65)
        self.run_program("bench", "--model", str(self.folder / "none"), code=66)
        self.run_program(*BENCH, "--input", str(self.folder / "none"), code=66)


if __name__ == "__main__":
    unittest.main()
