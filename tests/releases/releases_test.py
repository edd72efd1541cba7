"""Model folders that earlier releases wrote open and answer as they did."""

import json
import os
import pathlib
import subprocess
import unittest

HERE = pathlib.Path(__file__).parent
PROGRAM = os.environ["FASTINTENT_TEST_PROGRAM"]
# Instruction sets add up in different orders; the answers are much farther apart.
LARGEST_DIFFERENCE = {"fp32": 1e-4, "int8": 2e-2}


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


class ReleasesTest(unittest.TestCase):
    def test_folders_of_earlier_releases(self):
        releases = sorted(path.parent for path in HERE.glob("*/model"))
        self.assertTrue(releases)
        for release in releases:
            run("info", "--check", release / "model")
            for precision, largest in LARGEST_DIFFERENCE.items():
                with self.subTest(release=release.name, precision=precision):
                    self.compare(release, precision, largest)

    def compare(self, release, precision, largest):
        answers = run(
            "predict",
            *("--model", release / "model", "--input", release / "questions.txt"),
            *("--precision", precision, "--logits"),
        )
        kept = (release / f"{precision}.jsonl").read_text()
        for new, old in zip(answers.splitlines(), kept.splitlines(), strict=True):
            new, old = json.loads(new), json.loads(old)
            for name in ["text", "intent", "needs_review"]:
                self.assertEqual(new[name], old[name])
            self.assertAlmostEqual(new["confidence"], old["confidence"], delta=largest)
            for new_logit, old_logit in zip(new["logits"], old["logits"], strict=True):
                self.assertAlmostEqual(new_logit, old_logit, delta=largest)


if __name__ == "__main__":
    unittest.main()
