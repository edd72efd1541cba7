"""Which libraries a command loads, as the dynamic loader reports them."""

import pathlib
import unittest

from program import BASE, TRAINED, ProgramTest

ON_DEMAND = ["libdnnl", "libgomp", "libOpenCL", "libcurl", "libcrypto"]


def processor_has_amx():
    return "amx_int8" in pathlib.Path("/proc/cpuinfo").read_text()


class LibrariesTest(ProgramTest):
    def loaded(self, *arguments):
        report = self.folder / "loader"
        self.run_program(*arguments, LD_DEBUG="files", LD_DEBUG_OUTPUT=str(report))
        lines = "".join(file.read_text() for file in self.folder.glob("loader.*"))
        self.assertIn("libstdc++", lines)
        return [library for library in ON_DEMAND if f"/{library}" in lines]

    def test_prediction_loads_none_on_demand(self):
        if processor_has_amx():
            self.skipTest("prediction uses oneDNN on a processor with AMX")
        self.assertEqual(self.loaded("predict", "--model", TRAINED, "where is my card?"), [])

    def test_training_loads_onednn(self):
        self.write("rows.csv", "text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(8)))
        rows, output = str(self.folder / "rows.csv"), str(self.folder / "out")
        loaded = self.loaded("train", "--model", BASE, "--train", rows, "--output", output, "--epochs", "1")
        self.assertIn("libdnnl", loaded)
        self.assertNotIn("libcurl", loaded)


if __name__ == "__main__":
    unittest.main()
