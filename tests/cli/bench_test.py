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

    def test_comparison(self):
        self.run_program(*BENCH, "--compare", "--device", "auto", code=64)
        done = self.run_program(*BENCH, "--compare")
        lines = done.stdout.decode().splitlines()
        self.assertRegex(lines[1], r"^cpu \(\w+\) +fp32 .* 1\.00 +1\.00$")
        self.assertEqual([line.split()[2] for line in lines[1:4]], ["fp32", "bf16", "int8"])
        self.assertEqual(len({len(line) for line in lines}), 1, "columns stand in line")
        if not any(line.startswith("cuda") for line in lines):
            self.assertIn(b"there is no GPU here", done.stderr)

    def test_comparison_of_training(self):
        rows = "".join(f"my card {i},card\nthe fee {i},fee\n" for i in range(20))
        data = self.write("rows.csv", "text,label\n" + rows)
        compare = (*BENCH, "--compare", "--train", data)
        self.assertIn("training examples/s", self.run_program(*compare).stdout.decode())
        report = json.loads(self.run_program(*compare, "--json").stdout)
        self.assertEqual([list(one["benchmarks"]) for one in report["prediction"]][0], NAMES)
        trained = [(one["device"][:3], one["precision"]) for one in report["training"]]
        self.assertEqual(trained[:2], [("cpu", "fp32"), ("cpu", "bf16")])
        for speed in report["training"]:
            self.assertGreater(speed["examples_per_second"], 0)
        self.run_program(*BENCH, "--train", data, code=64)

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
