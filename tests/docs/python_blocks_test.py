"""Runs the Python blocks of our documents, and of the guide whose API this product keeps.

That one is not part of the repository: FASTINTENT_KNOWN_GUIDE names it, else it is looked for
beside the checkout.
"""

import ast
import contextlib
import io
import os
import pathlib
import re
import tempfile
import types
import unittest
import unittest.mock

import fastintent
from code_blocks import ENGINES_IN_README, code_blocks, sections
from reader import ROOT, TRAINED, make_folder

DOCUMENTS = [ROOT / "docs" / "guide.md", ROOT / "README.md"]
KNOWN_GUIDE = pathlib.Path(os.environ.get("FASTINTENT_KNOWN_GUIDE") or ROOT.parent / "shared" / "design" / "guide.md")


def run_block(block, file, names):
    # Empty lines before the code: a traceback then names the line of the document.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        exec(compile("\n" * (block.line - 1) + block.code, str(file), "exec"), names)


class BlocksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        variables = unittest.mock.patch.dict(os.environ, make_folder(self.folder))
        variables.start()
        self.addCleanup(variables.stop)


class DocumentsTest(BlocksTest):
    def test_every_section_runs(self):
        for file in DOCUMENTS:
            for title, blocks in sections(code_blocks(file, "python")).items():
                if title == ENGINES_IN_README:
                    continue
                names = {}
                for block in blocks:
                    with self.subTest(file=file.name, section=title, line=block.line):
                        run_block(block, file, names)


class KnownGuideTest(BlocksTest):
    """No change but the import, plus what that guide leaves to its reader."""

    def setUp(self):
        if not KNOWN_GUIDE.is_file():
            self.skipTest(f"expected the known guide, found no {KNOWN_GUIDE}")
        super().setUp()
        for name in ("intent_classifier_latest", "model", "production_model"):
            (self.folder / "models" / name).symlink_to(TRAINED)

    def test_every_block_runs(self):
        names = {
            "queries": ["Check my balance", "Transfer money"],
            "text": "Check my balance",
            "save_checkpoint": lambda results: None,
            "torch": torch_or_stand_in(),
        }
        blocks = code_blocks(KNOWN_GUIDE, "python")
        self.assertGreater(len(blocks), 10)
        for block in blocks:
            if is_signature(block.code):
                continue
            block.code = block.code.replace("from src.models.intent_classifier", "from fastintent")
            # "Thousands of queries" are written as an ellipsis, which is not a text in Python.
            block.code = block.code.replace("[...]", "queries")
            with self.subTest(line=block.line):
                run_block(block, KNOWN_GUIDE, names)
        # Functions that one block defines and none calls.
        self.assertEqual(len(names["process_large_dataset"](["Transfer money"] * 70)), 70)

    def test_the_constructor_has_that_signature(self):
        (block,) = [b for b in code_blocks(KNOWN_GUIDE, "python") if is_signature(b.code)]
        arguments = ast.parse(f"def {block.code.strip()}: ...").body[0].args
        defaults = [ast.literal_eval(default) for default in arguments.defaults]
        self.assertEqual(len(defaults), len(arguments.args))
        fastintent.IntentClassifier(*defaults)
        classifier = fastintent.IntentClassifier()
        expected = {argument.arg: value for argument, value in zip(arguments.args, defaults)}
        self.assertEqual(classifier.batch_size, expected["batch_size"])
        self.assertEqual(classifier.enable_cache, expected["enable_cache"])
        self.assertEqual(classifier.get_cache_stats()["cache_limit"], expected["cache_size"])
        fastintent.IntentClassifier(**expected)


def is_signature(code):
    """Whether it is a call whose arguments have types: to be read, not run."""
    return re.search(r"\(\n\s+\w+: \w+ =", code) is not None


def torch_or_stand_in():
    """The guide asks torch whether there is a GPU; without torch there is none."""
    try:
        import torch

        return torch
    except ImportError:
        cuda = types.SimpleNamespace(is_available=lambda: False, empty_cache=lambda: None)
        return types.SimpleNamespace(cuda=cuda)


if __name__ == "__main__":
    unittest.main()
