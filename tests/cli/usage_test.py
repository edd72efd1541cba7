"""Help, version, unknown things, environment variables and standard streams."""

import subprocess
import unittest

from program import BASE, PROGRAM, TRAINED, ProgramTest, environment

COMMANDS = ["train", "evaluate", "predict", "quantize", "tokenize", "bench", "info", "demo"]


class UsageTest(ProgramTest):
    def test_no_command_prints_help_on_stderr(self):
        done = self.run_program(code=64)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"fastintent train", done.stderr)

    def test_version_and_help_are_data(self):
        done = self.run_program("--version")
        self.assertRegex(done.stdout, rb"^fastintent \d+\.\d+\.\d+\n$")
        self.assertEqual(done.stderr, b"")
        for command in COMMANDS:
            done = self.run_program(command, "--help")
            self.assertEqual(done.stderr, b"")
            self.assertIn(b"Examples:", done.stdout)
            self.assertIn(b"FASTINTENT_BASE" if command == "demo" else b"FASTINTENT_MODEL", done.stdout)
            self.assertLessEqual(max(len(line) for line in done.stdout.splitlines()), 101)

    def test_every_flag_names_its_environment_variable(self):
        for command in COMMANDS:
            text = self.run_program(command, "--help").stdout.decode()
            for line in text.split("Examples:")[0].splitlines():
                if line.startswith("  --"):
                    flag = line.split()[0]
                    name = "FASTINTENT_" + flag[2:].upper().replace("-", "_")
                    self.assertIn(name, text)

    def test_unknown_things_are_usage_errors(self):
        self.assertIn(b"bogus", self.run_program("bogus", code=64).stderr)
        self.assertIn(b"--bogus", self.run_program("info", "--bogus", code=64).stderr)
        self.run_program("info", "--", "text", code=64)
        self.run_program("predict", code=64)  # without --model
        self.run_program("predict", "--model", TRAINED, "--bogus", "text", code=64)

    def test_numbers_out_of_range_are_usage_errors(self):
        for value in ["-1", "nan", "many", "1.5"]:
            self.run_program("predict", "--model", TRAINED, "--top-k", value, "text", code=64)

    def test_empty_names_are_usage_errors(self):
        named = [
            ["info", "--check", ""],
            ["info", "--model", ""],
            ["predict", "--model", "", "text"],
            ["predict", "--model", TRAINED, "--output", "", "text"],
            ["predict", "--model", TRAINED, "--input", ""],
            ["evaluate", "--model", TRAINED, "--data", ""],
            ["quantize", "--model", TRAINED, "--output", ""],
            ["train", "--model", "", "--train", "rows.csv", "--output", "out"],
            ["train", "--model", BASE, "--train", "rows.csv", "--output", ""],
            ["demo", "--output", ""],
        ]
        for arguments in named:
            self.assertIn(b"empty name", self.run_program(*arguments, code=64).stderr, arguments)
        self.run_program("info", FASTINTENT_CHECK="")  # an empty variable is none

    def test_environment_of_another_command_is_ignored(self):
        self.run_program("info", FASTINTENT_FORMAT="bogus", FASTINTENT_EPOCHS="bogus")

    def test_environment_is_checked_like_a_flag(self):
        self.run_program("predict", "--model", TRAINED, "x", code=64, FASTINTENT_TOP_K="bogus")

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            for arguments in [["--version"], ["info"], ["--help"]]:
                done = self.run_program(*arguments, stdout=full, code=74)
                self.assertIn(b"No space left", done.stderr)

    def test_a_closed_stdout_is_told(self):
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" --version >&-', PROGRAM],
            stderr=subprocess.PIPE,
            env=environment(),
        )
        self.assertEqual(done.returncode, 74)

    def test_a_closed_stderr_is_no_failure(self):
        done = subprocess.run(["sh", "-c", 'exec "$0" bogus 2>&-', PROGRAM], stdout=subprocess.PIPE, env=environment())
        self.assertEqual(done.returncode, 64)
        self.assertEqual(done.stdout, b"")


if __name__ == "__main__":
    unittest.main()
