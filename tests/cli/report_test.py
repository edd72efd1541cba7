"""fastintent evaluate --report and train --report"""

import html
import html.parser
import json
import pathlib
import random
import re
import shutil
import struct
import unittest
import xml.etree.ElementTree

from program import BASE, TRAINED, ProgramTest, interrupt

VOID = {"meta", "link", "br", "hr", "img", "input"}  # elements of HTML that are never closed
HOSTILE = "<script>alert(\"it's\")</script> & 'x'"


class Page(html.parser.HTMLParser):
    """A page's elements and texts; fails on what is not closed or closes nothing."""

    def __init__(self, source):
        super().__init__()
        self.open = []
        self.elements = []  # name, attributes, text directly inside
        self.feed(source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, name, attributes):
        element = [name, dict(attributes), ""]
        self.elements.append(element)
        if name not in VOID:
            self.open.append(element)

    def handle_startendtag(self, name, attributes):
        self.elements.append([name, dict(attributes), ""])

    def handle_endtag(self, name):
        assert self.open and self.open[-1][0] == name, f"</{name}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, text):
        if self.open:
            self.open[-1][2] += text

    def texts(self, name, css_class=None):
        return [
            text
            for element, attributes, text in self.elements
            if element == name and css_class in (None, attributes.get("class"))
        ]

    def tiles(self):
        """The figures at the top, by their names."""
        spans = [(a.get("class"), text) for name, a, text in self.elements if name == "span"]
        pairs = zip(spans, spans[1:])
        return {before[1]: after[1] for before, after in pairs if after[0] == "figure"}


class ReportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.page_file = self.folder / "report.html"

    def read_page(self):
        """The page, after what holds for every page."""
        source = self.page_file.read_bytes().decode("utf-8")
        page = Page(source)
        self.assertTrue(source.startswith("<!DOCTYPE html>"))
        for address in ["http:", "https:", "src=", "@import", "url("]:
            self.assertNotIn(address, source)
        targets = [a["href"] for _, a, _ in page.elements if "href" in a]
        ids = [a["id"] for _, a, _ in page.elements if "id" in a]
        self.assertEqual(sorted(targets), sorted("#" + name for name in ids))
        drawings = re.findall(r"<svg.*?</svg>", source, re.DOTALL)
        self.assertTrue(drawings)
        for drawing in drawings:
            xml.etree.ElementTree.fromstring(drawing)
            self.assertNotIn("nan", drawing)
            self.assertNotIn("inf", drawing)
        self.assertEqual(page.texts("script"), [source.split("<script>")[1].split("</script>")[0]])
        self.assertEqual(len(page.texts("h1")), 1)
        return page


class EvaluationReportTest(ReportTest):
    def setUp(self):
        super().setUp()
        texts = [f"text number {i}" for i in range(30)]
        answers = self.lines("predict", "--model", TRAINED, *texts)
        self.rows = [{"text": a["text"], "intent": a["intent"]} for a in answers]

    def evaluate(self, rows, model=TRAINED, **options):
        data = self.write("data.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        metrics = self.folder / "metrics.json"
        arguments = ["--data", data, "--output", str(metrics), "--report", str(self.page_file)]
        self.run_program("evaluate", "--model", model, *arguments, **options)
        return self.read_page(), json.loads(metrics.read_text())

    def test_figures_are_those_of_the_json(self):
        labels = sorted({row["intent"] for row in self.rows})
        for i in range(5):  # the first ones get a wrong label
            self.rows[i]["intent"] = labels[(labels.index(self.rows[i]["intent"]) + 1) % len(labels)]
        page, metrics = self.evaluate(self.rows)
        tiles = page.tiles()
        for name, key in {
            "Accuracy": "accuracy",
            "Macro F1": "macro_f1",
            "Top-3 accuracy": "top_3_accuracy",
            "Calibration error": "expected_calibration_error",
        }.items():
            self.assertEqual(tiles[name], f"{100 * metrics[key]:.2f} %")
        self.assertEqual(tiles["Loss"], f"{metrics['loss']:.4f}")
        self.assertEqual(metrics["accuracy"], 25 / 30)
        self.assertLessEqual(len(metrics["per_class"]), 5)
        self.assertNotIn("Top-5 accuracy", tiles)  # with at most 5 intents it means nothing

        rows = page.texts("th", "name")
        self.assertEqual(sorted(rows), sorted(metrics["per_class"]))
        shown = [a["data-value"] for _, a, _ in page.elements if "data-value" in a]
        for figures in metrics["per_class"].values():
            if figures["support"]:
                self.assertIn(repr(figures["f1"]), [repr(float(value)) for value in shown])

        titles = [title for title in page.texts("title") if " → " in title]
        self.assertEqual(len(titles), len(metrics["confusion_matrix"]))
        for cell in metrics["confusion_matrix"]:
            label, count = cell["label"], cell["count"]
            shown = [t for t in titles if t.startswith(f"{label} → {cell['predicted']}: ")]
            self.assertEqual(len(shown), 1)
            self.assertIn(f": {count} of {metrics['per_class'][label]['support']} (", shown[0])
        mistaken = {row["text"] for row in self.rows[:5]}
        self.assertEqual(set(page.texts("q")), mistaken)
        for bin_figures in metrics["reliability"]:
            if bin_figures["examples"]:
                self.assertIn(f"{100 * bin_figures['mean_confidence']:.2f} %", page.texts("td", "number"))

    def test_of_a_pair_the_surest_mistakes_are_shown(self):
        given = self.rows[0]["intent"]
        label = next(row["intent"] for row in self.rows if row["intent"] != given)
        wrong = [row["text"] for row in self.rows if row["intent"] == given]
        self.assertGreater(len(wrong), 5)
        page, _ = self.evaluate([{"text": text, "intent": label} for text in wrong])
        answers = self.lines("predict", "--model", TRAINED, *wrong)
        confidence = {a["text"]: a["confidence"] for a in answers}
        surest = sorted(wrong, key=lambda text: -confidence[text])[:5]
        self.assertEqual([confidence[text] for text in page.texts("q")], [confidence[text] for text in surest])

    def model_of_many_intents(self, count):
        """The trained model with another classifier, of random weights for `count` intents."""
        model = self.folder / "many"
        shutil.copytree(TRAINED, model)
        content = (model / "model.safetensors").read_bytes()
        length = struct.unpack("<Q", content[:8])[0]
        header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
        header.pop("__metadata__", None)
        width = header["classifier.weight"]["shape"][1]
        numbers = random.Random(1)
        values = {"classifier.weight": [numbers.gauss(0, 1) for _ in range(count * width)]}
        values["classifier.bias"] = [0.0] * count
        out = b""
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            part = data[begin:end]
            if name in values:
                part = struct.pack(f"<{len(values[name])}f", *values[name])
                entry["shape"][0] = count
            entry["data_offsets"] = [len(out), len(out) + len(part)]
            out += part
        text = json.dumps(header).encode()
        (model / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + out)
        config = json.loads((model / "config.json").read_text())
        config["id2label"] = {str(i): f"intent {i}" for i in range(count)}
        config["label2id"] = {}
        (model / "config.json").write_text(json.dumps(config))
        return str(model)

    def test_many_intents_make_a_page_of_bounded_size(self):
        count = 2000
        rows = [{"text": f"text {i}", "intent": f"intent {i}"} for i in range(count)]
        page, metrics = self.evaluate(rows, model=self.model_of_many_intents(count))
        self.assertLessEqual(len(metrics["confusion_matrix"]), count)
        self.assertIn("150 of 2000 intents with the most mistakes", " ".join(page.texts("p")))
        self.assertEqual(len(page.texts("th", "name")), 1000)
        self.assertLess(self.page_file.stat().st_size, 2_000_000)
        self.assertLess((self.folder / "metrics.json").stat().st_size, 1_000_000)

    def test_what_was_measured_is_told(self):
        page, _ = self.evaluate(self.rows)
        told = " ".join(page.texts("dd"))
        for value in [TRAINED, "data.jsonl", "30 examples", "cpu"]:
            self.assertIn(value, told)
        self.assertIn("No example was given another intent of the model.", page.texts("p"))
        self.assertIn("fastintent", page.texts("footer")[0])

    def test_nothing_of_the_data_becomes_html(self):
        text = HOSTILE + "\nsecond line \u202e \u0007"
        rows = self.rows + [{"text": text, "intent": HOSTILE}]
        page, _ = self.evaluate(rows)
        self.assertIn(HOSTILE, page.texts("span", "name"))  # as an unseen label

        model = self.model_with_intents({0: HOSTILE, 1: "\x01 \x00"})
        answers = self.lines("predict", "--model", model, text, *(row["text"] for row in self.rows))
        rows = [{"text": a["text"], "intent": HOSTILE} for a in answers]
        page, metrics = self.evaluate(rows, model=model)
        self.assertIn(HOSTILE, page.texts("th", "name"))
        self.assertIn("\ufffd \ufffd", page.texts("th", "name"))
        self.assertLess(metrics["accuracy"], 1)
        self.assertEqual(len(page.texts("script")), 1)

    def test_bytes_that_are_not_utf8(self):
        arguments = ["evaluate", "--model", TRAINED, "--report", str(self.page_file), "--data"]
        label = self.write("label.csv", b"text,label\na,\xfe\n")
        refused = self.run_program(*arguments, label, code=65)
        self.assertIn(b"label.csv:2", refused.stderr)
        wrong = next(r["intent"] for r in self.rows if r["intent"] != self.rows[0]["intent"])
        text = self.rows[0]["text"].encode() + b" \xff"
        data = self.write("data.csv", b'text,label\n"' + text + b'",' + wrong.encode() + b"\n")
        self.run_program(*arguments, data)
        self.assertTrue(self.read_page().texts("q")[0].endswith("\ufffd"))

    def test_a_long_text_is_cut(self):
        wrong = next(r["intent"] for r in self.rows if r["intent"] != self.rows[0]["intent"])
        text = self.rows[0]["text"] + "\u00e9" * 10000
        answer = self.lines("predict", "--model", TRAINED, text)[0]["intent"]
        label = wrong if answer != wrong else self.rows[0]["intent"]
        page, _ = self.evaluate([{"text": text, "intent": label}])
        quotes = page.texts("q")
        self.assertEqual(len(quotes), 1)
        self.assertEqual(len(quotes[0]), 300)
        self.assertTrue(quotes[0].endswith("\u00e9…"))

    def model_with_intents(self, names):
        """The trained model with some of its intents under other names."""
        model = self.folder / "renamed"
        shutil.copytree(TRAINED, model)
        config = json.loads((model / "config.json").read_text())
        for index, name in names.items():
            config["id2label"][str(index)] = name
        config["label2id"] = {name: int(index) for index, name in config["id2label"].items()}
        (model / "config.json").write_text(json.dumps(config))
        return str(model)

    def test_places_that_cannot_be_written(self):
        data = self.write("data.csv", "text,label\na,b\n")
        arguments = ["evaluate", "--data", data, "--model"]
        place = str(self.folder / "none" / "report.html")
        # Reported before the work: the model does not even exist.
        none = str(self.folder / "no model")
        self.run_program(*arguments, none, "--report", place, code=73)
        self.run_program(*arguments, TRAINED, "--report", "-", code=64)

    def test_an_old_page_survives_a_failed_run(self):
        self.page_file.write_text("old")
        data = self.write("data.csv", "text,label\na,b\n")
        none = str(self.folder / "none")
        arguments = ["--data", data, "--report", str(self.page_file)]
        self.run_program("evaluate", "--model", none, *arguments, code=66)
        self.assertEqual(self.page_file.read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["data.csv", "report.html"])


class TrainingReportTest(ReportTest):
    def setUp(self):
        super().setUp()
        words = {"card": "where is my card", "refund": "give my money back", HOSTILE: "will it rain"}
        rows = [{"text": f"{text} number {i}", "label": label} for i in range(40) for label, text in words.items()]
        self.data = self.write("train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        self.output = self.folder / "model"
        self.log_file = pathlib.Path(str(self.output) + ".log.jsonl")
        self.arguments = ["train", "--model", BASE, "--train", self.data, "--threads", "1"]
        self.arguments += ["--output", str(self.output), "--report", str(self.page_file)]

    def log(self):
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def test_curves_and_measures_are_those_of_the_log(self):
        self.run_program(*self.arguments, "--epochs", "3", "--learning-rate", "0.0005")
        page = self.read_page()
        self.assertEqual(
            page.texts("figcaption")[:3],
            ["Loss", "Validation accuracy and macro F1", "Learning rate of the encoder"],
        )
        epochs = [event for event in self.log() if event["event"] == "epoch"]
        best = [event for event in epochs if event["best"]][-1]
        tiles = page.tiles()
        self.assertEqual(tiles["Accuracy"], f"{100 * best['accuracy']:.2f} %")
        self.assertEqual(tiles["Loss"], f"{best['loss']:.4f}")
        cells = page.texts("td", "number")
        for epoch in epochs:
            self.assertIn(f"{epoch['training_loss']:.4f}", cells)
            self.assertIn(f"{epoch['loss']:.4f}", cells)
        self.assertIn(f"best: epoch {best['epoch']}", page.texts("text", "quiet"))
        self.assertEqual(page.texts("strong"), ["best"])
        told = " ".join(page.texts("dd"))
        for value in [self.data, "12 of these rows, held out", "1 worker", "0.0005"]:
            self.assertIn(value, told)
        self.assertIn(HOSTILE, page.texts("th", "name"))
        self.assertEqual(page.texts("p", "notice"), [])

    def test_mistaken_texts_of_a_validation_file(self):
        rows = [{"text": f"where is my card {i}", "label": "refund"} for i in range(4)]
        validation = self.write("valid.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        arguments = ["--validation", validation, "--epochs", "1", "--seed", "3"]
        self.run_program(*self.arguments, *arguments)
        page = self.read_page()
        self.assertIn("valid.jsonl", " ".join(page.texts("dd")))
        wrong = round(4 * (1 - float(page.tiles()["Accuracy"].split()[0]) / 100))
        self.assertEqual(len(page.texts("q")), wrong)
        self.assertLessEqual(set(page.texts("q")), {row["text"] for row in rows})

    def test_a_refit_is_told_apart(self):
        self.run_program(*self.arguments, "--epochs", "2", "--refit")
        page = self.read_page()
        self.assertIn("Final fit on all rows", page.texts("h2"))
        self.assertEqual(page.texts("figcaption").count("Loss"), 2)
        self.assertEqual(page.texts("figcaption").count("Validation accuracy and macro F1"), 1)
        self.assertTrue(any("trained once more, on all rows" in text for text in page.texts("p")))

    def resumed_page(self, change_log):
        """The page of a run that was interrupted and, after `change_log`, resumed."""
        arguments = [*self.arguments, "--epochs", "30", "--batch-size", "4", "--patience", "30"]
        code, said = interrupt(arguments, self.log_file, after_lines=60)
        self.assertEqual(code, 130, said)
        self.assertFalse(self.page_file.exists())
        before = len(self.log())
        change_log()
        self.run_program(*arguments, "--resume")
        return self.read_page(), before

    def points_of_first_curve(self):
        source = self.page_file.read_text()
        return len(re.findall("[ML]", re.search(r'line wrong faint" d="(M\d+\.[^"]*)"', source)[1]))

    def test_a_resumed_run_has_the_whole_curve(self):
        page, _ = self.resumed_page(lambda: None)
        steps = [event for event in self.log() if event["event"] == "step"]
        self.assertEqual(self.points_of_first_curve(), len(steps))
        self.assertEqual(page.texts("p", "notice"), [])

    def test_a_resumed_run_tells_what_its_log_lacks(self):
        def forget():
            lines = self.log_file.read_text().splitlines()
            self.log_file.write_text("\n".join(["{}", '{"event":', *lines[10:]]) + "\n")

        page, _ = self.resumed_page(forget)
        notices = page.texts("p", "notice")
        self.assertIn("before step 11", notices[0])
        self.assertIn("2 lines", notices[1])
        steps = [line for line in self.log_file.read_text().splitlines() if '"step",' in line]
        self.assertEqual(self.points_of_first_curve(), len(steps))

    def test_places_that_cannot_be_written(self):
        for place in [self.folder / "none" / "report.html", self.output / "report.html"]:
            arguments = [*self.arguments[:-1], str(place)]
            done = self.run_program(*arguments, code=73)
            self.assertIn(b"report", done.stderr)
            self.assertNotIn(b"epoch", done.stderr)
            self.assertFalse(self.output.exists())


if __name__ == "__main__":
    unittest.main()
