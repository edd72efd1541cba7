"""fastintent info"""

import json
import unittest

from program import BASE, TRAINED, ProgramTest


class InfoTest(ProgramTest):
    def test_tells_about_the_program(self):
        output = self.run_program("info").stdout.decode()
        for name in ["version:", "build:", "devices:", "cpu (", "gpu:", "precision:"]:
            self.assertIn(name, output)

    def test_tells_about_a_model(self):
        output = self.run_program("info", "--model", TRAINED).stdout.decode()
        self.assertIn("bert", output)
        self.assertRegex(output, r"auto: +\w+: .{10}")
        self.assertRegex(output, r"max length: +\d+ tokens")
        self.assertRegex(output, r"confidence: +temperature 1, no review threshold\n")
        self.assertRegex(output, r"intents: +\d+: ")

    def test_missing_and_broken_models(self):
        self.run_program("info", "--model", str(self.folder / "none"), code=66)
        self.write("config.json", "{")
        self.write("model.safetensors", "")
        self.run_program("info", "--model", str(self.folder), code=65)

    def test_checks_a_model(self):
        for model in (TRAINED, BASE):
            done = self.run_program("info", "--check", model)
            self.assertRegex(done.stdout, rb"ok +weights +\d+ tensors, all values finite\n")
            self.assertNotIn(b"FAILED", done.stdout)
        report = json.loads(self.run_program("info", "--check", TRAINED, "--json").stdout)
        self.assertEqual(report["model"], TRAINED)
        self.assertTrue(report["passed"])
        parts = [check["part"] for check in report["checks"]]
        self.assertEqual(parts, ["configuration", "weights", "labels", "tokenizer", "one model"])

    def test_checks_a_damaged_model(self):
        model = self.folder / "model"
        self.run_program("quantize", "--model", TRAINED, "--output", str(model))
        self.assertIn(b"ok      packed weights", self.run_program("info", "--check", str(model)).stdout)
        packed = bytearray((model / "fastintent.safetensors").read_bytes())
        packed[-100] ^= 1
        (model / "fastintent.safetensors").write_bytes(packed)
        done = self.run_program("info", "--check", str(model), code=65)
        self.assertIn(b"FAILED  packed weights  verify: expected the checksum", done.stdout)
        report = json.loads(self.run_program("info", "--check", str(model), "--json", code=65).stdout)
        self.assertFalse(report["passed"])
        self.assertEqual([check["part"] for check in report["checks"] if not check["passed"]], ["packed weights"])
        self.run_program("info", "--check", str(self.folder / "none"), code=66)
        self.run_program("info", "--check", TRAINED, "--model", TRAINED, code=64)
        self.run_program("info", "--json", code=64)


if __name__ == "__main__":
    unittest.main()
