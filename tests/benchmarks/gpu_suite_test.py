"""benchmarks/gpu and scripts/pack_gpu_check.py: figures, floors and goals, tables, texts, what is packed."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks" / "gpu"), str(ROOT / "benchmarks"), str(ROOT / "scripts")]

import figures  # noqa: E402
import goals  # noqa: E402
import machine  # noqa: E402
import pack_gpu_check  # noqa: E402
import table  # noqa: E402
import test_results  # noqa: E402
import texts  # noqa: E402
import training  # noqa: E402
from figures import figure  # noqa: E402


def contender(rates, p50=None, unavailable=None):
    return {
        "unavailable": unavailable,
        "answers": None,
        "rates": {name: figure(r) for name, r in rates.items()},
        "p50_ms": figure(p50 or []),
        "p99_ms": figure(p50 or []),
    }


def results():
    """What suite.py writes, after a run that reaches some goals and misses others."""
    ours = contender(
        {"tokens packed 8192": [90e3, 100e3], "tokens packed 16384": [118e3, 120e3, 150e3], "texts streaming": [96e3]},
        p50=[0.2, 0.3, 0.4],
    )
    peer = contender({"tokens arrival 32": [10e3], "tokens sorted 128": [80e3], "texts arrival 32": [8e3]}, p50=[4])
    found = {
        "device": "cuda",
        "tiny": False,
        "texts": "BANKING77",
        "commit": "0123456",
        "processor": "A processor",
        "cores": 16,
        "versions": {"torch": "2.11.0"},
        "tests": {"passed": 20, "failed": ["linear_test"], "skipped": []},
        "gpu": {"name": "NVIDIA H100 80GB HBM3", "driver_version": "580.1", "peaks_tflops": machine.PEAKS},
        "prediction": {
            "main": "fastintent fp16",
            "peer": "torch fp16",
            "queries": 100,
            "tokens": 1500,
            "product_ceiling_tflops": 790.0,
            "products": [{"product": "output", "precision": "fp16", "M": 16384, "N": 768, "K": 3072, "tflops": 494.5}],
            "contenders": {
                "fastintent fp16": ours,
                "torch fp16": peer,
                "fastintent tf32": contender({}, unavailable="no such precision"),
            },
        },
        "training": {
            "rows": 10003,
            "epochs": 5,
            "batch": 32,
            "steps": 1565,
            "main": "fp16",
            "peer_steps": 150,
            "precisions": {
                "fp16": {
                    "fastintent": {
                        "unavailable": None,
                        "seconds": figure([10, 12, 11]),
                        "steps_seconds": figure([9.0]),
                    },
                    "Trainer": {"unavailable": None, "steps_seconds": figure([90.0])},
                }
            },
        },
        "labels": {
            "texts": 3080,
            "unavailable": None,
            "equal": {"fastintent fp32, processor": 1.0, "fastintent fp16": 0.9985, "fastintent tf32": None},
        },
        "accuracy": {
            "seeds": [42, 1],
            "places": {
                "fastintent auto, processor": {"unavailable": None, "accuracy": figure([0.930, 0.932])},
                "fastintent fp16": {"unavailable": None, "accuracy": figure([0.931, 0.931])},
                "fastintent bf16": {"unavailable": None, "accuracy": figure([0.925, 0.929])},
            },
        },
    }
    found["goals"] = goals.judge(found)
    return found


class FiguresTest(unittest.TestCase):
    def test_a_figure_keeps_its_rounds(self):
        self.assertEqual(figure([3, 1, 2]), {"median": 2, "rounds": [3, 1, 2]})
        self.assertIsNone(figure([]))

    def test_what_was_not_measured_has_no_ratio(self):
        self.assertEqual(figures.ratio(figure([6]), figure([2])), 3)
        self.assertIsNone(figures.ratio(None, figure([2])))
        self.assertIsNone(figures.ratio(figure([6]), None))
        self.assertEqual(figures.highest({"a": None}), (None, None))

    def test_time_of_all_steps_is_that_of_those_after_the_first(self):
        self.assertAlmostEqual(training.seconds_of_steps([1.0] * training.SKIP + [320.0, 160.0], steps=10), 1.5)


class GoalsTest(unittest.TestCase):
    def found(self, run):
        return {name: goal["found"] for name, goal in zip(goals.GOALS, goals.judge(run))}

    def test_every_goal_finds_its_figure(self):
        found = self.found(results())
        expected = {
            "tokens": 120e3,
            "texts": 80,
            "arrival": 12,
            "sorted": 1.5,
            "single": 0.3,
            "training": 11,
            "trainer": 10,
            "labels": 99.85,
            "accuracy": 0.4,
        }
        for name, value in expected.items():
            self.assertAlmostEqual(found[name], value, msg=name)

    def test_what_is_reached(self):
        reached = {
            name: (goal["floor_reached"], goal["goal_reached"]) for name, goal in zip(goals.GOALS, results()["goals"])
        }
        self.assertEqual(
            reached,
            {
                "tokens": (True, False),
                "texts": (True, False),
                "arrival": (True, False),
                "sorted": (False, False),
                "single": (True, False),
                "training": (True, False),
                "trainer": (True, False),
                "labels": (True, False),
                "accuracy": (False, None),
            },
        )

    def test_nothing_measured_reaches_nothing(self):
        for goal in goals.judge({"device": "cuda", "tiny": False}):
            self.assertEqual((goal["found"], goal["floor_reached"], goal["goal_reached"]), (None, None, None))

    def test_a_trial_of_the_drivers_reaches_nothing(self):
        for trial in ({"tiny": True}, {"device": "cpu"}):
            for goal in goals.judge(results() | trial):
                self.assertEqual((goal["floor_reached"], goal["goal_reached"]), (None, None))

    def test_wrong_answers_have_no_speed(self):
        run = results()
        run["prediction"]["contenders"]["fastintent fp16"]["unavailable"] = "logits are only 0.2 alike"
        self.assertIsNone(self.found(run)["tokens"])
        run = results()
        run["prediction"]["contenders"]["torch fp16"]["unavailable"] = "out of memory"
        self.assertEqual((self.found(run)["tokens"], self.found(run)["arrival"]), (120e3, None))


class TableTest(unittest.TestCase):
    def test_lines(self):
        lines = table.tables(results()).splitlines()
        self.assertTrue(
            lines[0].startswith("NVIDIA H100 80GB HBM3, driver 580.1; A processor, 16 cores; commit 0123456")
        )
        self.assertIn("Tests: 20 passed, 1 failed: linear_test, 0 skipped.", lines)
        self.assertIn("| one query, p50 | 0.3 | ms | 0.6 | yes | 0.25 | no |", lines)
        # 120,000 queries of 15 tokens and 170 MFLOP each are 306 of 989 TFLOP/s.
        self.assertIn("| fastintent fp16 | 120,000 | – | 96,000 | – | 0.3 / 0.3 | 1 | 31 % |", lines)
        self.assertIn("| torch fp16 | 80,000 | 10,000 | – | 8,000 | 4 / 4 | 1.5 | 21 % |", lines)
        self.assertIn("| fastintent tf32 | not measured: no such precision |  |  |  |  |  |  |", lines)
        self.assertIn("| output [16384, 768, 3072] | fp16 | 494 | 50 % |", lines)
        self.assertIn("| fastintent fp16 | 11 | 9 | 10 |", lines)
        self.assertIn("| fastintent bf16 | 92.50, 92.90 | 92.70 % |", lines)
        self.assertIn("| fastintent fp16 | 99.85 % |", lines)

    def test_a_run_without_a_gpu_claims_no_share_of_a_peak(self):
        run = results() | {"gpu": None, "accuracy": None, "accuracy_missing": "no base weights"}
        lines = table.tables(run).splitlines()
        self.assertIn("| fastintent fp16 | 120,000 | – | 96,000 | – | 0.3 / 0.3 | 1 | – |", lines)
        self.assertIn("Accuracy was not measured: no base weights.", lines)


class TextsTest(unittest.TestCase):
    def test_made_up_texts_are_as_long_as_real_ones(self):
        rows = texts.made_up(1000, seed=1)
        self.assertEqual(len({text for text, _ in rows}), 1000)
        lengths = [len(text.split()) for text, _ in rows]
        self.assertAlmostEqual(sum(lengths) / 1000, 11, delta=1.5)  # BANKING77's mean: 10.95
        self.assertEqual(rows, texts.made_up(1000, seed=1))
        self.assertEqual(len({label for _, label in rows}), texts.MADE_UP_INTENTS)


class TestResultsTest(unittest.TestCase):
    def test_counts_of_a_junit_file(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "tests.xml")
            file.write_text(
                '<testsuite><testcase name="a" status="run"/><testcase name="b" status="fail"><failure/>'
                '</testcase><testcase name="c" status="notrun"><skipped/></testcase></testsuite>'
            )
            self.assertEqual(test_results.read_test_results(file), {"passed": 1, "failed": ["b"], "skipped": ["c"]})


class PackTest(unittest.TestCase):
    def test_what_the_other_machine_has_stays_behind(self):
        theirs = [
            name
            for name in (
                "libc.so.6",
                "libm.so.6",
                "ld-linux-x86-64.so.2",
                "libstdc++.so.6",
                "libcuda.so.1",
                "libcublasLt.so.13",
                "libcudart.so.13",
                "libnvrtc.so.13",
                "libcsv.so.3",
                "libdnnl.so.2",
                "libgomp.so.1",
            )
            if not pack_gpu_check.THEIRS.match(name)
        ]
        self.assertEqual(theirs, ["libcsv.so.3", "libdnnl.so.2", "libgomp.so.1"])

    def test_tests_are_named_from_the_folder(self):
        root = str(pack_gpu_check.ROOT)
        text = pack_gpu_check.ctest_file(
            [
                {
                    "name": "cli",
                    "command": ["/usr/bin/python3.11", f"{root}/tests/a.py"],
                    "properties": [{"name": "ENVIRONMENT", "value": [f"A={root}/build/x", "B=$1"]}],
                }
            ]
        )
        self.assertIn('add_test("cli" python3 "${root}/tests/a.py")', text)
        self.assertIn('ENVIRONMENT "A=${root}/build/x;B=\\$1"', text)


if __name__ == "__main__":
    unittest.main()
