"""scripts/check_release.py: a complete release passes, and each thing that is wrong with one is named."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = os.environ["FASTINTENT_TEST_PROGRAM"]
VERSION = re.search(r'kVersion = "(.*)"', (ROOT / "include" / "fastintent" / "version.h").read_text())[1]
COPIED = [
    "scripts/check_release.py",
    "include/fastintent/version.h",
    "CITATION.cff",
    "packaging/conda/recipe.yaml",
    "packaging/homebrew/fastintent.rb",
]


@unittest.skipIf(shutil.which("dpkg-deb") is None, "dpkg-deb, which makes and reads the packages, is not installed")
class CheckReleaseTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "project"
        self.dist = pathlib.Path(folder.name) / "dist"
        self.dist.mkdir()
        for name in COPIED:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.root / name)
        shutil.copytree(ROOT / "tests" / "releases", self.root / "tests" / "releases")
        date = re.search("date-released: (.*)", (self.root / "CITATION.cff").read_text())[1]
        self.changelog = self.root / "CHANGELOG.md"
        self.changelog.write_text(f"# Changelog\n\n## Unreleased\n\n## {VERSION} - {date}\n\n- It works.\n")
        self.git("init", "--quiet")
        self.commit()
        self.tag()
        self.wheel()
        for package in ["fastintent", "libfastintent-dev"]:
            self.deb(package)
        self.sum_up()

    def git(self, *arguments):
        author = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
        subprocess.run(["git", "-C", str(self.root), *author, *arguments], check=True, capture_output=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Release")

    def tag(self):
        self.git("tag", "--force", "--annotate", f"v{VERSION}", "--message", "Release")

    def wheel(self, version=VERSION, platform="manylinux_2_34_x86_64", without=None):
        parts = {
            f"fastintent-{version}.dist-info/METADATA": f"Name: fastintent\nVersion: {version}\n\n",
            f"fastintent-{version}.dist-info/licenses/LICENSE": "",
            f"fastintent-{version}.dist-info/sboms/auditwheel.cdx.json": "{}",
            f"fastintent-{version}.data/scripts/fastintent": "",
        }
        path = self.dist / f"fastintent-{version}-cp312-abi3-{platform}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in parts.items():
                if without is None or without not in name:
                    archive.writestr(name, text)
        return path

    def deb(self, package, version=f"{VERSION}-1"):
        tree = self.root.parent / "deb"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        fields = f"Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: x\n"
        (tree / "DEBIAN" / "control").write_text(fields)
        subprocess.run(["dpkg-deb", "-b", tree, self.dist / f"{package}.deb"], check=True, capture_output=True)

    def sum_up(self):
        files = [path for path in self.dist.iterdir() if path.name != "SHA256SUMS"]
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
        (self.dist / "SHA256SUMS").write_text("".join(lines))

    def check(self, *arguments):
        """The names of the checks that failed, and what was printed."""
        script = self.root / "scripts" / "check_release.py"
        done = subprocess.run(
            [sys.executable, "-B", script, "--program", PROGRAM, *arguments, self.dist], capture_output=True, text=True
        )
        self.assertEqual(done.stderr, "")
        failed = re.findall(r"^FAILED  (.{18})", done.stdout, re.MULTILINE)
        self.assertEqual(done.returncode, 1 if failed else 0)
        self.assertEqual(len(done.stdout.splitlines()), 7)
        return [name.strip() for name in failed], done.stdout

    def test_a_complete_release(self):
        failed, said = self.check()
        self.assertEqual(failed, [], said)

    def test_versions_that_differ(self):
        for name in COPIED[2:]:
            path = self.root / name
            text = path.read_text()
            path.write_text(text.replace(VERSION, "9.9.9"))
            self.commit()
            self.tag()
            failed, said = self.check()
            self.assertEqual(failed, ["version"])
            self.assertIn(name, said)
            path.write_text(text)

    def test_the_changelog(self):
        text = self.changelog.read_text()
        for wrong in [
            text.replace("## Unreleased\n\n", ""),
            text.partition(f"## {VERSION}")[0],
            text.replace("## Unreleased\n", "## Unreleased\n\n- Something.\n"),
            text.replace(VERSION, "9.9.9"),
            re.sub(r"\d{4}-\d\d-\d\d", "2001-01-01", text),
        ]:
            self.changelog.write_text(wrong)
            self.commit()
            self.tag()
            self.assertEqual(self.check()[0], ["changelog"])

    def test_the_commit(self):
        self.commit()
        self.assertEqual(self.check()[0], ["commit"])  # the tag is at another one
        self.assertEqual(self.check("--untagged")[0], [])
        self.git("tag", "--force", f"v{VERSION}")
        self.assertEqual(self.check()[0], ["commit"])  # not annotated
        self.tag()
        (self.root / "new").write_text("")
        self.assertEqual(self.check()[0], ["commit"])

    def test_wheels(self):
        self.wheel().unlink()
        self.sum_up()
        self.assertEqual(self.check()[0], ["wheels"])
        for wrong in [
            {"version": "9.9.9"},
            {"platform": "linux_x86_64"},
            {"platform": "manylinux_2_35_x86_64"},
            {"without": "METADATA"},
            {"without": "sboms"},
            {"without": "licenses"},
            {"without": "scripts"},
        ]:
            path = self.wheel(**wrong)
            self.sum_up()
            self.assertEqual(self.check()[0], ["wheels"], wrong)
            path.unlink()

    def test_debian_packages(self):
        self.deb("fastintent", version="9.9.9-1")
        self.sum_up()
        self.assertEqual(self.check()[0], ["Debian packages"])
        (self.dist / "fastintent.deb").unlink()
        self.sum_up()
        self.assertEqual(self.check()[0], ["Debian packages"])

    def test_checksums(self):
        wheel = self.wheel()
        wheel.write_bytes(wheel.read_bytes() + b"x")
        self.assertEqual(self.check()[0], ["checksums"])
        (self.dist / "SHA256SUMS").unlink()
        self.assertEqual(self.check()[0], ["checksums"])

    def test_earlier_releases(self):
        self.git("tag", "v0.0.9")
        self.assertEqual(self.check()[0], ["earlier releases"])
        self.git("tag", "--delete", "v0.0.9")
        answers = self.root / "tests" / "releases" / VERSION / "fp32.jsonl"
        answers.write_text(answers.read_text().replace("track_order", "refund"))
        self.commit()
        self.tag()
        self.assertEqual(self.check()[0], ["earlier releases"])


if __name__ == "__main__":
    unittest.main()
