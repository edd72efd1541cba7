"""fastintent quantize"""

import json
import pathlib
import shutil
import unittest

from program import BASE, TRAINED, ProgramTest

TEXTS = ["my card", "please close my old account", "fee"]


class QuantizeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.output = str(self.folder / "prepared")

    def quantize(self, *arguments, model=TRAINED, **options):
        arguments = ["quantize", "--model", model, "--output", self.output, *arguments]
        return self.run_program(*arguments, **options)

    def logits(self, model, *arguments):
        lines = self.lines("predict", "--model", model, "--logits", *arguments, *TEXTS)
        return [line["logits"] for line in lines]

    def test_a_prepared_folder_runs_in_its_precision(self):
        for precision in ["int8", "bf16"]:
            done = self.quantize("--precision", precision, "--force")
            self.assertIn(f"packed in {precision}", done.stdout.decode())
            prepared = self.logits(self.output)
            self.assertEqual(prepared, self.logits(TRAINED, "--precision", precision))
            self.assertNotEqual(prepared, self.logits(TRAINED))
            self.assertEqual(self.logits(self.output, "--precision", "fp32"), self.logits(TRAINED))

    def test_agreement(self):
        answers = self.lines("predict", "--model", TRAINED, *TEXTS)
        rows = [{"text": a["text"], "intent": a["intent"]} for a in answers]
        data = self.write("data.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        report = self.quantize("--data", data).stdout.decode()
        self.assertRegex(report, r"texts compared with fp32 +3\n")
        self.assertRegex(report, r"same intent +100\.00 %")
        self.assertRegex(report, r"accuracy +100\.00 %, fp32 100\.00 %")
        found = json.loads(self.quantize("--data", data, "--force", "--json").stdout)
        self.assertEqual(found["output"], self.output)
        self.assertEqual(found["precision"], "int8")
        self.assertGreater(found["fp32_bytes"], 0)
        file = pathlib.Path(self.output) / "fastintent.safetensors"
        self.assertLess(found["packed_bytes"], file.stat().st_size)
        agreement = found["agreement"]
        self.assertEqual(agreement["accuracy"], 1)
        self.assertEqual(agreement["label_agreement"], 1)
        self.assertGreater(agreement["largest_confidence_change"], 0)

    def test_texts_without_labels(self):
        data = self.write("texts.txt", "my card\n\nfee\n")
        found = json.loads(self.quantize("--data", data, "--json").stdout)
        self.assertEqual(found["agreement"]["texts"], 2)
        self.assertIsNone(found["agreement"]["accuracy"])
        found = json.loads(self.quantize("--force", "--json").stdout)
        self.assertIsNone(found["agreement"])

    def test_unusable_calls(self):
        self.quantize("--precision", "fp32", code=64)
        self.quantize(model=BASE, code=65)
        self.quantize(model=str(self.folder / "absent"), code=66)
        self.quantize("--data", self.write("blank.txt", " \n"), code=65)
        self.assertFalse(pathlib.Path(self.output).exists())
        self.quantize()
        self.assertIn(b"--force", self.quantize(code=73).stderr)
        self.quantize("--force", model=self.output, code=64)

    def test_packed_weights_of_another_model_are_refused(self):
        self.quantize()
        other = self.folder / "other"
        shutil.copytree(pathlib.Path(TRAINED).parent.parent / "bert_mean" / "model", other)
        shutil.copy(pathlib.Path(self.output) / "fastintent.safetensors", other)
        done = self.run_program("predict", "--model", str(other), "text", code=65)
        self.assertIn(b"fastintent.safetensors", done.stderr)


if __name__ == "__main__":
    unittest.main()
