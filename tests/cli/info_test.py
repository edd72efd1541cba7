"""fastintent info"""

import unittest

from program import TRAINED, ProgramTest


class InfoTest(ProgramTest):
    def test_tells_about_the_program(self):
        output = self.run_program("info").stdout.decode()
        for name in ["version:", "build:", "devices:", "cpu (", "gpu:", "precision:"]:
            self.assertIn(name, output)

    def test_tells_about_a_model(self):
        output = self.run_program("info", "--model", TRAINED).stdout.decode()
        self.assertIn("bert", output)
        self.assertRegex(output, r"max length: +\d+ tokens")
        self.assertRegex(output, r"confidence: +temperature 1, no review threshold\n")
        self.assertRegex(output, r"intents: +\d+: ")

    def test_missing_and_broken_models(self):
        self.run_program("info", "--model", str(self.folder / "none"), code=66)
        self.write("config.json", "{")
        self.run_program("info", "--model", str(self.folder), code=65)


if __name__ == "__main__":
    unittest.main()
