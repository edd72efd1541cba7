"""What a terminal sees of texts that come from data, models and file names."""

import json
import pathlib
import shutil
import unittest

from program import BASE, TRAINED, ProgramTest

# Clears the screen, sets the title, turns the text around, forges a line.
HOSTILE = "a\x1b[2J\x1b]0;t\x07b\u202egpj\u009b31m\u2028c\r\nd\x7f"
LONG = "long" * 50_000


def is_plain(text):
    """Whether a terminal shows all of `text` and obeys nothing in it but line feeds."""
    return all(character == "\n" or character.isprintable() for character in text)


class TerminalTest(ProgramTest):
    def model_with_intents(self, *names):
        model = self.folder / "renamed"
        shutil.copytree(TRAINED, model)
        config = json.loads((model / "config.json").read_text())
        for index, name in enumerate(names):
            config["id2label"][str(index)] = name
        config["label2id"] = {name: int(index) for index, name in config["id2label"].items()}
        (model / "config.json").write_text(json.dumps(config))
        return str(model)

    def check(self, *arguments, **options):
        """Runs; what it prints is plain and short."""
        done = self.run_program(*arguments, **options)
        for output in [done.stdout.decode(), done.stderr.decode()]:
            self.assertTrue(is_plain(output), repr(output))
            self.assertLess(len(output), 20_000)
        return done.stdout.decode() + done.stderr.decode()

    def test_labels_of_a_model_and_of_data(self):
        model = self.model_with_intents(HOSTILE, LONG)
        self.assertIn(r"a\x1b[2J\x1b]0;t\x07b\u202egpj\u009b31m", self.check("info", "--model", model))
        rows = [{"text": f"text {i}", "label": HOSTILE + str(i % 90)} for i in range(180)]
        rows.append({"text": "x", "label": LONG})
        data = self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        self.assertIn(r"a\x1b[2J", self.check("evaluate", "--model", model, "--data", data))

    def test_labels_in_the_report_about_training_data(self):
        rows = [{"text": f"text {i}", "label": f"{i % 2}{HOSTILE}{LONG}"} for i in range(20)]
        data = self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        output = str(self.folder / "out")
        said = self.check("train", "--model", BASE, "--train", data, "--output", output, "--epochs", "1")
        self.assertIn(r"a\x1b[2J", said)

    def test_the_json_is_exact(self):
        model = self.model_with_intents(*[f"{i}{HOSTILE}" for i in range(3)])
        data = self.write("rows.jsonl", json.dumps({"text": HOSTILE, "label": HOSTILE}) + "\n")
        done = self.run_program("evaluate", "--model", model, "--data", data, "--output", "-")
        self.assertEqual(json.loads(done.stdout)["unseen_labels"], {HOSTILE: 1})
        answer = self.run_program("predict", "--model", model, HOSTILE).stdout
        self.assertEqual(json.loads(answer)["text"], HOSTILE)

    def test_values_in_errors(self):
        self.check("train", "--model", BASE, "--train", HOSTILE, "--output", "out", code=66)
        self.check("predict", "--model", TRAINED, "--input", b"a\xff\xfeb", code=66)
        self.check("predict", "--model", TRAINED, "--" + HOSTILE, code=64)
        header = self.write("header.csv", f"{LONG},a\x1b[2J\nb,c\n")
        self.assertIn("header.csv", self.check("evaluate", "--model", TRAINED, "--data", header, code=65))
        model = pathlib.Path(self.model_with_intents())
        for config in [{"model_type": HOSTILE}, {"model_type": LONG}, {HOSTILE: 1}]:
            (model / "config.json").write_text(json.dumps(config))
            self.check("predict", "--model", str(model), "a", code=65)


if __name__ == "__main__":
    unittest.main()
