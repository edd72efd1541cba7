#include "fastintent/check_model.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <vector>

#include "bindings.h"
#include "gil.h"

namespace fastintent::python {
namespace {

std::vector<ModelCheck> check(const std::filesystem::path& folder) {
  const WithoutGil unlocked;
  return check_model(folder);
}

}  // namespace

void init_check_model(nb::module_& m) {
  nb::class_<ModelCheck>(
      m, "ModelCheck", "One part of a model's folder that check_model() verified.")
      .def_ro("part", &ModelCheck::part, "\"weights\", \"tokenizer\" ...")
      .def_ro("passed", &ModelCheck::passed, "whether nothing is wrong with it")
      .def_ro(
          "finding", &ModelCheck::finding, "what it has or, when it did not pass, what is wrong")
      .def("__repr__", [](const ModelCheck& check) {
        return nb::str("ModelCheck(part={!r}, passed={!r}, finding={!r})")
            .attr("format")(check.part, check.passed, check.finding);
      });

  m.def("check_model",
        &check,
        nb::arg("folder"),
        nb::sig("def check_model(folder: str | os.PathLike[str]) -> list[ModelCheck]"),
        R"(Verifies a model's folder, with or without a trained classifier.

All files must be there and belong together, every tensor must be complete, finite and of the shape that the
configuration names, labels and tokenizer must fit the model, and the packed weights of a prepared folder must
match their checksums and the weights they were made of. The call reads every byte of the weights, which loading
a model does not. `fastintent info --check` is the same on the command line.

Returns a ModelCheck for each part, in a fixed order. Parts that follow from one that did not pass are left out.

Raises MissingInputError when there is no such folder. What is wrong in the folder is a check that did not
pass.)");
}

}  // namespace fastintent::python
