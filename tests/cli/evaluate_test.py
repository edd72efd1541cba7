"""fastintent evaluate"""

import json
import pathlib
import unittest

from program import TRAINED, ProgramTest


class EvaluateTest(ProgramTest):
    def setUp(self):
        super().setUp()
        texts = [f"text number {i}" for i in range(30)]
        answers = self.lines("predict", "--model", TRAINED, *texts)
        rows = [{"text": a["text"], "intent": a["intent"]} for a in answers]
        self.right = "".join(json.dumps(row) + "\n" for row in rows)
        self.data = self.write("data.jsonl", self.right)

    def evaluate(self, *arguments, **options):
        return self.run_program("evaluate", "--model", TRAINED, *arguments, **options)

    def test_report(self):
        done = self.evaluate("--data", self.data)
        report = done.stdout.decode()
        self.assertRegex(report, r"accuracy +100\.00 %")
        for name in ["top-3", "top-5", "calibration", "macro", "weighted", "worst classes"]:
            self.assertIn(name, report)
        self.assertIn(b"30 rows", done.stderr)

    def test_json(self):
        unseen = self.right + '{"text":"x","intent":"nobody knows"}\n' * 10
        data = self.write("unseen.jsonl", unseen)
        output = self.folder / "metrics.json"
        done = self.evaluate("--data", data, "--output", str(output))
        self.assertIn("nobody knows", done.stdout.decode())
        metrics = json.loads(output.read_text())
        self.assertEqual(metrics["accuracy"], 0.75)
        self.assertEqual(metrics["unseen_labels"], {"nobody knows": 10})
        self.assertEqual(metrics["examples"], 40)
        self.assertEqual(metrics["macro_recall"], 1)
        cells = metrics["confusion_matrix"]
        self.assertEqual(sum(cell["count"] for cell in cells), 30)
        self.assertTrue(all(cell["label"] == cell["predicted"] for cell in cells))
        self.assertLessEqual({cell["label"] for cell in cells}, set(metrics["per_class"]))

    def test_json_instead_of_the_report(self):
        metrics = json.loads(self.evaluate("--data", self.data, "--output", "-").stdout)
        self.assertEqual(metrics["accuracy"], 1)

    def test_columns(self):
        data = self.write("data.csv", "a,b\nmy text,no such intent\n")
        done = self.evaluate("--data", data, "--text-column", "a", "--label-column", "b")
        self.assertIn(b"no such intent", done.stdout)
        done = self.evaluate("--data", data, code=65)
        self.assertIn(b"data.csv", done.stderr)

    def test_no_file_is_named_twice(self):
        page = str(self.folder / "page.html")
        for options in [
            ["--output", self.data],
            ["--report", self.data],
            ["--output", page, "--report", page],
            ["--output", TRAINED + "/config.json"],
            ["--report", TRAINED + "/../model/model.safetensors"],
        ]:
            refused = self.evaluate("--data", self.data, *options, code=64)
            self.assertIn(b"file of its own", refused.stderr, options)
        self.assertEqual(pathlib.Path(self.data).read_text(), self.right)
        self.evaluate("--data", self.data, "--output", "/dev/null", "--report", "/dev/null")

    def test_unusable_calls(self):
        self.evaluate(code=64)
        self.evaluate("--data", str(self.folder / "none"), code=66)
        self.evaluate("--data", self.data, "--output", str(self.folder / "none" / "x"), code=73)
        with open("/dev/full", "wb") as full:
            self.evaluate("--data", self.data, stdout=full, code=74)


if __name__ == "__main__":
    unittest.main()
