"""Man pages and completions, made from the --help of every command and used as a shell and man do."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = os.environ["FASTINTENT_TEST_PROGRAM"]
DATE = 1_700_000_000  # 2023-11-14


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def make_pages(folder):
    generator = ROOT / "packaging" / "make_command_pages.py"
    run(sys.executable, "-B", str(generator), PROGRAM, str(folder), env=os.environ | {"SOURCE_DATE_EPOCH": str(DATE)})


def help_of(*command):
    return run(PROGRAM, *command, "--help")


def flags_of(command):
    """As help shows them: flag and value."""
    rows = re.findall(r"^  (?:-\w,)?(--[\w-]+)(?: (\S+))?", help_of(command).split("\nExamples:")[0], re.MULTILINE)
    assert rows, command
    return rows


class CommandPagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        make_pages(cls.folder / "share")
        source = (ROOT / "cli" / "command_line.h").read_text()
        cls.commands = re.findall(r"void add_(\w+)_command\(", source)

    def share(self, *names):
        return self.folder.joinpath("share", *names)

    def man(self, name):
        return gzip.decompress(self.share("man", "man1", name + ".1.gz").read_bytes()).decode()

    def test_every_command_has_a_page_with_every_flag(self):
        pages = sorted(path.name for path in self.share("man", "man1").iterdir())
        names = ["fastintent", *[f"fastintent-{command}" for command in self.commands]]
        self.assertEqual(pages, sorted(f"{name}.1.gz" for name in names))
        for command in self.commands:
            page = self.man(f"fastintent-{command}")
            self.assertIn('"2023-11-14"', page)
            for flag, value in flags_of(command):
                bold = r"\fB" + flag.replace("-", r"\-") + r"\fR"
                expected = f"{bold} \\fI{value.replace('-', chr(92) + '-')}\\fR" if value else bold
                self.assertIn(expected, page)
            self.assertIn("fastintent", page.split(".SH NOTES")[1])  # the examples
            self.assertIn(f"fastintent\\-{command} (1)", self.man("fastintent"))

    def test_the_words_of_the_help_survive(self):
        """man shows what --help prints, but for the breaks of lines."""
        if shutil.which("man") is None:
            self.skipTest("man is not installed")
        for command in self.commands:
            path = self.share("man", "man1", f"fastintent-{command}.1.gz")
            environment = os.environ | {"MANWIDTH": "10000", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-ww"}
            done = subprocess.run(
                ["man", "--warnings=w", "-l", "-E", "UTF-8", str(path)], capture_output=True, text=True, env=environment
            )
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            shown = set(done.stdout.split())
            words = set(help_of(command).replace("-h,--help", "").split()) - {"Usage:", "Options:"}
            missing = {word for word in words if word not in shown and word.rstrip(":") not in shown}
            self.assertEqual(missing, set())

    def complete_in_bash(self, *words):
        script = self.share("bash-completion", "completions", "fastintent")
        program = (
            'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fastintent; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        return run("bash", "-uec", program, str(script), "fastintent", *words, cwd=self.folder).splitlines()

    def test_bash(self):
        self.assertEqual(sorted(self.complete_in_bash("")), sorted([*self.commands, "--help", "--version"]))
        (self.folder / "model folder.csv").write_text("")
        for command in self.commands:
            flags = flags_of(command)
            self.assertEqual(set(self.complete_in_bash(command, "--")), {flag for flag, _ in flags})
            for flag, value in flags:
                self.assertIn(flag, self.complete_in_bash(command, flag[:4]))
                if re.fullmatch(r"auto(\|[\w:]+)+", value):
                    expected = [word for word in value.split("|") if word != "cuda:N"]
                    self.assertEqual(self.complete_in_bash(command, flag, ""), expected)
                elif value.startswith(("FILE", "DIR", "MODEL")):
                    self.assertEqual(self.complete_in_bash(command, flag, "mo"), ["model folder.csv"])
                elif value in ["N", "X", "NAME"]:
                    self.assertEqual(self.complete_in_bash(command, flag, ""), [""])

    def test_fish(self):
        if shutil.which("fish") is None:
            self.skipTest("fish is not installed")
        script = self.share("fish", "vendor_completions.d", "fastintent.fish")
        environment = os.environ | {"HOME": str(self.folder)}

        def complete(line):
            shown = run("fish", "-N", "-c", f"source {script}; complete -C '{line}'", env=environment)
            return [row.split("\t")[0] for row in shown.splitlines()]

        self.assertEqual(sorted(complete("fastintent ")), sorted(self.commands))
        for command in self.commands:
            self.assertEqual(set(complete(f"fastintent {command} --")), {flag for flag, _ in flags_of(command)})
        self.assertEqual(complete("fastintent predict --precision b"), ["bf16"])

    def test_zsh(self):
        if shutil.which("zsh") is None:
            self.skipTest("zsh is not installed")
        script = self.share("zsh", "vendor-completions", "_fastintent")
        run("zsh", "-n", str(script))
        # _arguments is not there without a terminal: what it would be called with is printed instead.
        program = (
            f"_arguments() {{ print -l -- $@ }}; _describe() {{ }}; CURRENT=3; words=(fastintent $1 ''); . {script}"
        )
        for command in self.commands:
            specifications = run("zsh", "-f", "-c", program, "zsh", command)
            shown = re.findall(r"^(--[\w-]+)\[", specifications, re.MULTILINE)
            self.assertEqual(set(shown), {flag for flag, _ in flags_of(command)})

    def test_the_bytes_depend_on_the_program_alone(self):
        make_pages(self.folder / "again")
        for path in self.share().rglob("*"):
            if path.is_file():
                again = self.folder / "again" / path.relative_to(self.share())
                self.assertEqual(path.read_bytes(), again.read_bytes())


if __name__ == "__main__":
    unittest.main()
