"""The simulation of many workers, in cases whose outcome is a formula."""

import json
import math
import pathlib
import random
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "scale"
DOCS = ROOT / "docs"
sys.path.insert(0, str(FOLDER))
import draw  # noqa: E402
import simulate  # noqa: E402
from simulate import Plan  # noqa: E402

RATES = json.loads((FOLDER / "rates.json").read_text())


def run(plan):
    return simulate.simulate(plan, random.Random(1))


class SimulationTest(unittest.TestCase):
    def test_equal_tasks_on_equal_workers(self):
        # Three rounds of tasks: 4 + 4 + 2 tasks of 0.5 + 100 * 0.01 seconds, after a start of 2 seconds.
        plan = Plan(texts=1000, workers=4, tasks=10, text_seconds=0.01, worker_start=2, task_start=0.5)
        outcome = run(plan)
        self.assertAlmostEqual(outcome.seconds, 2 + 3 * 1.5)
        self.assertAlmostEqual(outcome.core_seconds, 4 * 6.5)
        self.assertAlmostEqual(outcome.per_million(1000), 26 * 1000)
        self.assertEqual(outcome.failures, 0)

    def test_all_texts_are_answered_where_the_tasks_do_not_divide_them(self):
        for tasks in (1, 3, 7, 1001):
            outcome = run(Plan(texts=1000, workers=1, tasks=tasks, text_seconds=0.01))
            self.assertAlmostEqual(outcome.seconds, 10)

    def test_a_task_searches_what_is_before_it(self):
        # k/4 of the scan for task k: 2.5 scans in all.
        outcome = run(Plan(texts=4, workers=1, tasks=4, text_seconds=1, scan_seconds=8))
        self.assertAlmostEqual(outcome.seconds, 4 + 2.5 * 8)

    def test_slowdowns_are_means_on_one_core_and_maxima_on_many(self):
        slowdowns = (1.0, 3.0)
        one = run(Plan(texts=10**4, workers=1, tasks=10**4, text_seconds=1, slowdowns=slowdowns))
        self.assertAlmostEqual(one.seconds / 10**4, 2, delta=0.05)
        many = run(Plan(texts=10**4, workers=100, tasks=100, text_seconds=1, slowdowns=slowdowns))
        self.assertAlmostEqual(many.seconds, 300)

    def test_failures_repeat_a_task_or_continue_it(self):
        # A task of an hour, at one failure an hour: the mean of exp(1) - 1 hours until one passes.
        common = {"texts": 1000, "workers": 1, "tasks": 1000, "text_seconds": 3600, "failures_per_hour": 1.0}
        repeated = run(Plan(**common))
        self.assertAlmostEqual(repeated.seconds / 3600 / 1000, math.e - 1, delta=0.15)
        self.assertAlmostEqual(repeated.failures / 1000, math.e - 1, delta=0.15)
        continued = run(Plan(**common, resumes=True))
        self.assertAlmostEqual(continued.seconds, 3600 * 1000)
        self.assertAlmostEqual(continued.failures / 1000, 1, delta=0.15)

    def test_the_starts_of_sized_workers_cost_one_part_in_twenty(self):
        for worker_start, task_start in ((0, 0.05), (10, 0.1)):
            for work in (1e3, 1e5):
                sized = simulate.sizes(work, worker_start, task_start)
                starts = sized["workers"] * worker_start + sized["tasks"] * task_start
                self.assertLess(starts, 1.3 * work / simulate.WORK_PER_START)
        self.assertEqual(simulate.sizes(0.001, 10, 0.1), {"workers": 1, "tasks": 1})

    def test_the_cost_of_a_text_is_constant(self):
        outcomes = simulate.run_all(RATES | {"slowdowns": [1.0]})
        text_cost = 1e6 / RATES["texts_per_core_second"]
        for size, outcome in outcomes["shards of lines"].items():
            self.assertGreater(outcome.per_million(size), text_cost)
            if size >= 10**6:  # starts and the last tasks add a few percent
                self.assertLess(outcome.per_million(size), 1.2 * text_cost)

    def test_the_page_has_the_table_and_the_figure_of_the_measured_rates(self):
        outcomes = simulate.run_all(RATES)
        self.assertIn(simulate.table(outcomes) + "\n", (DOCS / "scale.md").read_text())
        self.assertEqual(simulate.figure(outcomes, RATES), (DOCS / "scale.svg").read_text())

    def test_a_figure_has_a_line_for_each_plan(self):
        drawn = draw.figure({"a": {10: 1.0, 100: 2.0}}, "<processor>")
        self.assertIn("&lt;processor&gt;", drawn)
        self.assertEqual(drawn.count("<polyline"), 2)  # with that of the legend


if __name__ == "__main__":
    unittest.main()
