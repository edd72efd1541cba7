"""benchmarks/peers: order of the rounds, percentiles, checks of answers, table and picture."""

import os
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

SUITE = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "peers"
sys.path.insert(0, str(SUITE))

import answers  # noqa: E402
import catalogue  # noqa: E402
import plot  # noqa: E402
import prepare  # noqa: E402
import queries  # noqa: E402
import report  # noqa: E402
import rounds  # noqa: E402
from worker_process import WorkerError, WorkerProcess, describe_end  # noqa: E402


def contender(name, may_sort=True, distributions=()):
    return catalogue.Contender(name, "none", "fp32", distributions=distributions, may_sort=may_sort)


def results():
    """What suite.py writes, with one contender of each kind."""
    answered = {"equal": 0.998, "beyond_ties": 0, "similarity": 0.9991, "accuracy": 0.9331}
    peer = {
        "unavailable": None,
        "answers": answered,
        "p50_ms": 2.0,
        "p99_ms": 4.5,
        "first_answer_s": 0.6,
        "resident_bytes": 4e8,
        "installed_bytes": 3e8,
        "queries_per_second": {"arrival 8": 700.0, "arrival 32": 600.0, "sorted 32": 1500.0},
    }
    ours = peer | {"queries_per_second": {"arrival 8": 2500.0, "arrival 32": 3000.0}}
    absent = {"unavailable": "not installed: no such wheel", "answers": None}
    return {
        "machine": {"processor": "A <processor>", "cores": [0, 1], "load": 0.1, "features": "avx2"},
        "commit": "0123456",
        "threads": 2,
        "versions": {"numpy": "2.4.6"},
        "models": [
            {
                "title": "6 layers",
                "queries": 512,
                "rounds": 3,
                "contenders": {"peer int8": peer, "absent": absent, "fastintent int8": ours},
            }
        ],
    }


class RoundsTest(unittest.TestCase):
    def test_contenders_take_turns(self):
        a, b = contender("a"), contender("b", may_sort=False)
        rate, sorted_rate = rounds.Case("rate"), rounds.Case("rate", "sorted")
        self.assertEqual(
            list(rounds.interleave(2, (rate, sorted_rate), (a, b))),
            [(0, rate, a), (0, rate, b), (0, sorted_rate, a), (1, rate, a), (1, rate, b), (1, sorted_rate, a)],
        )

    def test_percentile_is_the_nearest_rank(self):
        values = list(range(100, 0, -1))
        self.assertEqual([rounds.percentile(values, share) for share in (0, 0.5, 0.99, 1)], [1, 50, 99, 100])
        self.assertEqual(rounds.percentile([7], 0.99), 7)

    def test_medians_of_the_rounds(self):
        summary = rounds.summarize({("arrival", 8): [10, 90, 20]}, [[0.001, 0.002, 0.004], [0.003], [0.009]], [])
        self.assertEqual(summary["queries_per_second"], {"arrival 8": 20})
        self.assertAlmostEqual(summary["p50_ms"], 3)
        self.assertAlmostEqual(summary["p99_ms"], 4)
        self.assertIsNone(summary["first_answer_s"])


class AnswersTest(unittest.TestCase):
    EXPECTED = [[0.0, 2.0], [1.0, 0.0], [1.0, 0.99995], [0.0, 3.0]]

    def test_the_same_answers(self):
        found = answers.compare(self.EXPECTED, self.EXPECTED, truth=[1, 0, 0, 0])
        self.assertEqual((found.equal, found.beyond_ties, found.accuracy), (1, 0, 0.75))
        self.assertAlmostEqual(found.similarity, 1)
        self.assertIsNone(answers.objection(found, "fp32"))

    def test_only_a_tie_may_change_in_f32(self):
        tie = [[0.0, 2.0], [1.0, 0.0], [1.0, 1.00001], [0.0, 3.0]]
        found = answers.compare(self.EXPECTED, tie, truth=[1, 0, 0, 1])
        self.assertEqual((found.equal, found.beyond_ties), (0.75, 0))
        self.assertIsNone(answers.objection(found, "fp32"))
        self.assertIn("75.0%", answers.objection(found, "int8"))
        wrong = answers.compare(self.EXPECTED, [[2.0, 0.0], *tie[1:]], truth=[1, 0, 0, 1])
        self.assertIn("1 labels differ", answers.objection(wrong, "fp32"))

    def test_logits_count_where_labels_mean_nothing(self):
        # The common part of all texts does not make answers similar: the first text's answers
        # differ in the rest.
        expected = [[10.0, 1.0], [10.0, -1.0]]
        found = answers.compare(expected, [[10.0, -1.0], [10.0, -1.0]])
        self.assertIsNone(found.accuracy)
        self.assertAlmostEqual(found.similarity, 0)
        self.assertIn("only 0.000 alike", answers.objection(found, "int8"))
        self.assertIsNone(answers.objection(answers.compare(expected, expected), "int8"))

    def test_a_single_text_has_all_in_common(self):
        self.assertEqual(answers.compare([[1.0, 2.0]], [[1.0, 2.0]]).similarity, 1)

    def test_an_answer_is_missing(self):
        with self.assertRaisesRegex(ValueError, "expected 4 answers, found 3"):
            answers.compare(self.EXPECTED, self.EXPECTED[1:])


class QueriesTest(unittest.TestCase):
    def test_rows_are_distinct_and_spread(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "texts.csv")
            path.write_text("text,category\n" + "".join(f"text {i % 8},{i % 8}\n" for i in range(16)))
            rows = queries.read_rows(path)
        self.assertEqual(len(rows), 8)
        self.assertEqual([label for _, label in queries.spread(rows, 4)], ["0", "2", "4", "6"])
        self.assertEqual(queries.spread(rows, 100), rows)


class FailuresTest(unittest.TestCase):
    def test_what_was_not_installed_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "onnxruntime").write_text("ERROR: no matching distribution\n")
            found = prepare.convert_all(
                [contender("a", distributions=("onnxruntime",)), contender("b")], None, None, None, pathlib.Path(folder)
            )
        self.assertEqual(list(found.values()), ["onnxruntime was not installed: ERROR: no matching distribution"])

    def test_how_a_process_ended(self):
        self.assertEqual(describe_end(-9, ""), "ended by SIGKILL")
        self.assertEqual(describe_end(1, "first\nImportError: no\n\n"), "exit status 1: ImportError: no")

    def test_a_worker_tells_why_it_cannot_start(self):
        start = {
            "module": "absent",
            "checkpoint": "",
            "model": "",
            "threads": 1,
            "cores": sorted(os.sched_getaffinity(0))[:1],
            "settings": {},
        }
        with tempfile.TemporaryDirectory() as folder, WorkerProcess(start, pathlib.Path(folder, "log")) as worker:
            with self.assertRaisesRegex(WorkerError, "No module named 'engines.absent'"):
                worker.ask("memory")
            with self.assertRaisesRegex(WorkerError, "exit status 1"):
                worker.ask("memory")


class ReportTest(unittest.TestCase):
    def test_every_contender_stands_in_the_table(self):
        lines = report.report(results()).splitlines()
        self.assertIn(
            "| queries a second, medians | arrival 8 | arrival 32 | sorted 32 | one query p50 / p99 ms |", lines
        )
        self.assertIn("| peer int8 | 700 | 600 | 1,500 | 2.00 / 4.50 |", lines)
        self.assertIn("| fastintent int8 | 2,500 | 3,000 | – | 2.00 / 4.50 |", lines)
        self.assertIn("| absent | not measured: not installed: no such wheel |  |  |  |", lines)
        self.assertIn("| peer int8 | 99.80 % | 93.31 % | 0.9991 | 0.60 | 400 | 300 |", lines)

    def test_ratios_to_the_fastest_peers(self):
        text = report.report(results())
        self.assertIn("is 4.29 times the fastest peer in arrival order: peer int8 (arrival 8: 700).", text)
        self.assertIn("is 2.00 times the fastest peer sorted by length: peer int8 (sorted 32: 1,500).", text)

    def test_rates_of_wrong_answers_are_not_shown(self):
        run = results()
        run["models"][0]["contenders"]["peer int8"] = {
            "unavailable": "only 3.0% of the labels equal f32's, expected 95%",
            "answers": {"equal": 0.03, "beyond_ties": 9, "similarity": 0.2, "accuracy": 0.02},
        }
        text = report.report(run)
        self.assertIn("| peer int8 | not measured: only 3.0% of the labels", text)
        self.assertIn("| peer int8 | 3.00 % | 2.00 % | 0.2000 | – | – | – |", text)
        self.assertNotIn("times the fastest peer", text)


class PlotTest(unittest.TestCase):
    def test_a_bar_for_each_rate(self):
        picture = xml.etree.ElementTree.fromstring(plot.plot(results()))
        space = "{http://www.w3.org/2000/svg}"
        kinds = [bar.get("class") for bar in picture.iter(space + "rect")]
        self.assertEqual(kinds, ["page", "ours", "arrival", "sorted", "arrival", "sorted", "ours"])
        words = [text.text for text in picture.iter(space + "text")]
        self.assertIn("6 layers; A <processor>, 2 threads", words)
        self.assertNotIn("absent", words)
        widths = [float(bar.get("width")) for bar in picture.iter(space + "rect")]
        self.assertAlmostEqual(widths[-1], 2 * widths[-2], delta=0.2)

    def test_steps_of_the_axis(self):
        self.assertEqual([plot.round_step(largest) for largest in (5, 9, 3000, 4200)], [1, 2, 1000, 1000])


if __name__ == "__main__":
    unittest.main()
