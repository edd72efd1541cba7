"""An option that is added to TrainingOptions, but not to visit_training_fields, does not compile."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = """
#include "fastintent/training_fields.h"
void visit(fastintent::TrainingOptions& options) {
  fastintent::visit_training_fields(options, [](const auto&, auto&) {});
}
"""
LAST_OPTION = "double review_accuracy = 0.95;"


class ForgottenTrainingField(unittest.TestCase):
    def compile(self, added):
        with tempfile.TemporaryDirectory() as folder:
            headers = pathlib.Path(folder) / "include"
            shutil.copytree(os.environ["FASTINTENT_TEST_HEADERS"], headers)
            trainer = headers / "fastintent" / "trainer.h"
            text = trainer.read_text()
            self.assertEqual(text.count(LAST_OPTION), 1)
            trainer.write_text(text.replace(LAST_OPTION, LAST_OPTION + added))
            return subprocess.run(
                [os.environ["FASTINTENT_TEST_COMPILER"], "-std=c++20", "-fsyntax-only"]
                + ["-I", headers, "-x", "c++", "-"],
                input=PROGRAM,
                capture_output=True,
                text=True,
            )

    def test_the_options_as_they_are_compile(self):
        compiled = self.compile("")
        self.assertEqual(compiled.returncode, 0, compiled.stderr)

    def test_an_option_more_does_not(self):
        compiled = self.compile(" int forgotten = 0;")
        self.assertNotEqual(compiled.returncode, 0)
        self.assertIn("training_fields.h", compiled.stderr)


if __name__ == "__main__":
    unittest.main()
