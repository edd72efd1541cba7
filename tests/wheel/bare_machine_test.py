"""The installed wheel on a machine with Python and nothing else: scripts/test_wheel.sh runs this there.

The root folder has examples/, data/ and base/, a Hugging Face folder to start from.
"""

import collections
import csv
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

DATA = pathlib.Path("/data/support_intents")
ROWS_OF_AN_INTENT = 10
INTENTS = 6

STAND_IN = """
import os
import pathlib
import shutil
import types


class RepositoryNotFoundError(Exception):
    pass


class RevisionNotFoundError(Exception):
    pass


errors = types.SimpleNamespace(
    RepositoryNotFoundError=RepositoryNotFoundError, RevisionNotFoundError=RevisionNotFoundError
)


def snapshot_download(repository, *, revision, allow_patterns, ignore_patterns, tqdm_class):
    if repository.endswith("absent"):
        raise RepositoryNotFoundError("no such repository")
    folder = pathlib.Path(os.environ["HF_HOME"], "hub", "models--" + repository.replace("/", "--"))
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / revision).write_text("0" * 40)
    shutil.copytree("/base", folder / "snapshots" / ("0" * 40))
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def output_of(*command):
    done = run(*command)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def in_python(program, *arguments):
    return output_of(sys.executable, "-c", program, *map(str, arguments))


class BareMachineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.rows = cls.folder / "rows.csv"
        rows = collections.defaultdict(list)
        with (DATA / "train.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                rows[row["intent"]].append(row)
        with cls.rows.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["text", "intent"], extrasaction="ignore")
            writer.writeheader()
            for intent in sorted(rows)[:INTENTS]:
                writer.writerows(rows[intent][:ROWS_OF_AN_INTENT])
        cls.model = cls.folder / "model"
        cls.training = output_of(
            *["fastintent", "train", "--model", "/base", "--train", str(cls.rows), "--output", str(cls.model)],
            *["--epochs", "2"],
        )

    def test_the_machine_is_bare(self):
        for program in ["cc", "c++", "cmake", "pip"]:
            self.assertIsNone(shutil.which(program), program)
        for library in ["libdnnl", "libhwy", "libfmt", "libcsv", "libgomp", "libcurl"]:
            self.assertEqual([*pathlib.Path("/usr/lib").rglob(f"{library}*")], [], library)

    def test_the_command_line_is_the_one_of_the_module(self):
        version = in_python("import fastintent; print(fastintent.__version__)")
        self.assertEqual(output_of("fastintent", "--version").split()[-1], version.strip())

    def test_prediction_needs_no_onednn(self):
        libraries = in_python(
            """if True:
            import sys
            import fastintent
            print(fastintent.IntentClassifier(model_path=sys.argv[1]).predict("where is my parcel?").intent)
            print(open("/proc/self/maps").read())
            """,
            self.model,
        )
        intent, maps = libraries.split("\n", 1)
        self.assertIn(intent, (self.rows).read_text())
        self.assertIn("_fastintent", maps)
        for library in ["libdnnl", "libgomp", "libOpenCL"]:
            self.assertNotIn(library, maps)

    def test_training_loads_the_onednn_of_the_wheel(self):
        maps = in_python(
            """if True:
            import sys
            import fastintent
            rows = fastintent.read_labelled_texts(sys.argv[1])
            fastintent.IntentClassifier(model_name="/base").train(rows.texts, rows.labels, epochs=1)
            print(open("/proc/self/maps").read())
            """,
            self.rows,
        )
        self.assertIn("/fastintent.libs/libdnnl", maps)

    def test_the_command_line_predicts(self):
        line = output_of("fastintent", "predict", "--model", str(self.model), "where is my parcel?")
        self.assertIn('"text":"where is my parcel?"', line)

    def test_a_download_without_libcurl_names_both_remedies(self):
        done = run(
            "fastintent", "train", "--model", "somebody/a-model", "--train", str(self.rows), "--output", "/tmp/new"
        )
        self.assertEqual(done.returncode, 74)
        said = in_python(
            """if True:
            import fastintent
            try:
                fastintent.find_model("somebody/a-model")
            except fastintent.IoError as error:
                print(error)
            """
        )
        for message in [done.stderr, said]:
            self.assertIn("libcurl4", message)
            self.assertIn("pip install huggingface_hub", message)

    def test_huggingface_hub_downloads_without_libcurl(self):
        # A stand-in with the same interface, since nothing else is on this machine: it fills the cache in the hub's
        # layout. python/tests/test_hub.py has the real one.
        package = self.folder / "packages" / "huggingface_hub"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(STAND_IN)
        (package / "utils.py").write_text("class tqdm:\n    pass\n")
        found = in_python(
            """if True:
            import os, sys
            sys.path.append(sys.argv[1])
            os.environ["HF_HOME"] = sys.argv[2]
            import fastintent
            print(fastintent.find_model("somebody/a-model"))
            try:
                fastintent.find_model("somebody/absent")
            except fastintent.MissingInputError as error:
                print(error)
            rows = fastintent.read_labelled_texts(sys.argv[3])
            fastintent.IntentClassifier(model_name="somebody/another").train(rows.texts, rows.labels, epochs=1)
            """,
            *[package.parent, self.folder / "cache", self.rows],
        )
        folder, error = found.splitlines()
        self.assertTrue(pathlib.Path(folder).is_relative_to(self.folder / "cache"))
        self.assertIn("no such repository", error)

    def test_every_example_runs(self):
        trained = self.folder / "by_the_example"
        examples = pathlib.Path("/examples")
        output_of(sys.executable, examples / "train_intent_classifier.py", "/base", self.rows, trained, "1")
        self.assertTrue((trained / "config.json").is_file())
        # Which checks pass depends on the base; two epochs of sixty rows prove nothing about accuracy.
        done = run(sys.executable, examples / "verify_intent_classifier.py", trained, self.rows, "0")
        self.assertRegex(done.stdout, r"(?m)^ok   batch equals single: ", done.stderr)
        self.assertIn("single_prediction", output_of(sys.executable, examples / "test_batch_optimization.py", trained))


if __name__ == "__main__":
    unittest.main()
