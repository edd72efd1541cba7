"""Runs the C++ blocks of docs/guide.md and README.md, of which FASTINTENT_TEST_BLOCKS was made."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from reader import make_folder


class CppBlocksTest(unittest.TestCase):
    def test_every_section_runs(self):
        with tempfile.TemporaryDirectory() as name:
            environment = os.environ | make_folder(pathlib.Path(name))
            done = subprocess.run(
                [os.environ["FASTINTENT_TEST_BLOCKS"]],
                cwd=name,
                env=environment,
                capture_output=True,
                text=True,
                timeout=600,
            )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
