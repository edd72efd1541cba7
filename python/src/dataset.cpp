#include "fastintent/dataset.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "choices.h"
#include "gil.h"

namespace fastintent::python {

void init_dataset(nb::module_& m) {
  nb::class_<LabelledTexts>(
      m,
      "LabelledTexts",
      "Labelled messages in file order, with counts that reveal common faults of the data.")
      .def_ro("texts", &LabelledTexts::texts, "not blank")
      .def_ro("labels", &LabelledTexts::labels, "one for each text")
      .def_ro("label_names", &LabelledTexts::label_names, "distinct labels, sorted")
      .def_ro("label_counts", &LabelledTexts::label_counts, "of label_names")
      .def_ro("duplicates",
              &LabelledTexts::duplicates,
              "rows with the text of an earlier row, ignoring case and surrounding white space")
      .def_ro("conflicting_duplicates",
              &LabelledTexts::conflicting_duplicates,
              "of those, rows with another label than the earlier row")
      .def_ro(
          "blank_texts", &LabelledTexts::blank_texts, "rows skipped because their text is blank")
      .def(
          "__len__",
          [](const LabelledTexts& data) { return data.texts.size(); },
          "number of texts");

  m.def(
      "read_labelled_texts",
      [](const std::filesystem::path& file,
         const std::string& format,
         const std::string& text_column,
         const std::string& label_column) {
        const DatasetOptions options = {parse_format(format), text_column, label_column};
        const WithoutGil unlocked;
        return read_labelled_texts(file, options);
      },
      nb::arg("file"),
      nb::kw_only(),
      nb::arg("format") = "auto",
      nb::arg("text_column") = "",
      nb::arg("label_column") = "",
      R"(Reads a complete labelled file.

Rows with a blank text (empty or only Unicode white space) are skipped and counted. `format` is
"csv", "tsv", "jsonl" or "auto", which follows the extension. Columns left empty: "text" for
texts, the first of "label", "intent" and "category" for labels.

Raises MissingInputError when the file cannot be opened, InvalidDataError (file, line, expected,
found) for a bad row, a missing column, an empty label or no rows at all.)");
}

}  // namespace fastintent::python
