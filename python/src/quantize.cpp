#include "fastintent/quantize.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <filesystem>
#include <string>
#include <utility>

#include "bindings.h"
#include "choices.h"
#include "interruption.h"
#include "progress.h"
#include "texts.h"

namespace fastintent::python {
namespace {

QuantizationReport quantize(const std::filesystem::path& model,
                            const std::filesystem::path& output,
                            const std::string& precision,
                            bool overwrite,
                            nb::handle texts,
                            nb::handle labels,
                            int threads,
                            bool show_progress) {
  QuantizationOptions options;
  options.precision = parse_precision(precision);
  options.overwrite = overwrite;
  options.texts = read_optional_texts(texts, "texts");
  if (!labels.is_none()) {
    options.labels = read_labels(labels, "labels");
  }
  options.threads = threads;
  Interruption interruption;
  Progress progress(show_progress, "texts");
  options.on_progress = [&](int64_t done, int64_t total) {
    return interruption.allows([&] { progress.update(done, total); });
  };
  QuantizationReport report =
      interruption.run([&] { return quantize_model(model, output, options); });
  progress.finish();
  return report;
}

}  // namespace

void init_quantize(nb::module_& m) {
  nb::class_<PrecisionAgreement>(
      m,
      "PrecisionAgreement",
      "Compares a model's answers in another precision with its answers in 32 bits.")
      .def_ro("texts", &PrecisionAgreement::texts, "number of texts that were compared")
      .def_ro("label_agreement",
              &PrecisionAgreement::label_agreement,
              "share of the texts with the same intent")
      .def_ro("largest_confidence_change",
              &PrecisionAgreement::largest_confidence_change,
              "of their first intents")
      .def_ro("accuracy", &PrecisionAgreement::accuracy, "None where labels are not known")
      .def_ro("fp32_accuracy", &PrecisionAgreement::fp32_accuracy, "the same in 32 bits");

  nb::class_<QuantizationReport>(
      m, "QuantizationReport", "What quantize_model() wrote, and how its answers compare.")
      .def_prop_ro(
          "precision",
          [](const QuantizationReport& report) { return precision_name(report.precision); },
          "of the packed weights")
      .def_ro("fp32_bytes",
              &QuantizationReport::fp32_bytes,
              "of the matrices that were packed, in 32 bits")
      .def_ro("packed_bytes", &QuantizationReport::packed_bytes, "what a start reads instead")
      .def_ro("agreement", &QuantizationReport::agreement, "None where there were no texts");

  m.def(
      "quantize_model",
      &quantize,
      nb::arg("model"),
      nb::arg("output"),
      nb::kw_only(),
      nb::arg("precision") = "int8",
      nb::arg("overwrite") = false,
      nb::arg("texts") = nb::none(),
      nb::arg("labels") = nb::none(),
      nb::arg("threads") = 0,
      nb::arg("show_progress") = false,
      nb::sig(
          "def quantize_model(model: str | os.PathLike[str], output: str | os.PathLike[str], *, "
          "precision: str = 'int8', overwrite: bool = False, "
          "texts: collections.abc.Iterable[str] | None = None, "
          "labels: collections.abc.Iterable[str] | None = None, "
          "threads: int = 0, show_progress: bool = False) -> QuantizationReport"),
      R"(Copies the trained folder `model` to `output` and adds its weights packed in another precision
(fastintent.safetensors), which later starts read without work, and the tables of a tokenizer that is
not WordPiece (fastintent.tokenizer.safetensors).

All else is as it was: any reader of Hugging Face folders finds the model in 32 bits, and so does
fastintent in a precision that is requested by name. `output` is replaced whole or not at all. On a
processor that packs the precision in another way the folder works too: weights are then packed at each
start.

precision: "int8" or "bf16".
overwrite: replace a model in the output folder.
texts: to compare the answers on; none may be blank.
labels: of the texts, as many; None: not known.
threads: workers; 0: one for each core this process may use.
show_progress: a bar on standard error while answers are compared.

Raises InvalidArgumentError for another precision, for labels that are not one a text, and when one folder
is in the other; CannotCreateError when `output` is in use and `overwrite` is off; MissingInputError or
BadCheckpointError when `model` cannot be read.)");
}

}  // namespace fastintent::python
