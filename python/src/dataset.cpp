#include "fastintent/dataset.h"

#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "choices.h"
#include "fastintent/printable.h"
#include "gil.h"
#include "texts.h"

namespace fastintent::python {
namespace {

LabelledTexts read(const std::filesystem::path& file, const DatasetOptions& options) {
  LabelledTexts data = [&] {
    const WithoutGil unlocked;
    return read_labelled_texts(file, options);
  }();
  if (data.replaced.texts > 0) {
    warn(PyExc_UnicodeWarning,
         fmt::format(
             "{}:{}: expected UTF-8, found other bytes, in {} in all; they are "
             "read as U+FFFD. If the file has another encoding, name it: "
             "encoding=\"windows-1252\"",
             printable(file.string()),
             data.replaced.first_line,
             data.replaced.texts == 1 ? "1 text" : fmt::format("{} texts", data.replaced.texts)));
  }
  return data;
}

}  // namespace

void init_dataset(nb::module_& m) {
  nb::class_<LabelledTexts>(
      m,
      "LabelledTexts",
      "Labelled messages in file order, with counts that reveal common faults of the data.")
      .def_ro("texts", &LabelledTexts::texts, "not blank")
      .def_ro("labels", &LabelledTexts::labels, "one for each text, without white space around it")
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
      .def_prop_ro(
          "replaced_texts",
          [](const LabelledTexts& data) { return data.replaced.texts; },
          "texts with parts that were not valid, which were replaced by U+FFFD")
      .def(
          "__len__",
          [](const LabelledTexts& data) { return data.texts.size(); },
          "number of texts");

  m.def(
      "read_labelled_texts",
      [](const std::filesystem::path& file,
         const std::string& format,
         const std::string& text_column,
         const std::string& label_column,
         const std::string& encoding,
         const std::string& quoting) {
        const DatasetOptions options = {
            parse_format(format), text_column, label_column, encoding, parse_quoting(quoting)};
        return read(file, options);
      },
      nb::arg("file"),
      nb::kw_only(),
      nb::arg("format") = "auto",
      nb::arg("text_column") = "",
      nb::arg("label_column") = "",
      nb::arg("encoding") = "",
      nb::arg("quoting") = "auto",
      R"(Reads a complete labelled file.

Rows with a blank text (empty or only Unicode white space) are skipped and counted; white space
around a label is removed. `format` is "csv", "tsv", "jsonl" or "auto", which follows the
extension. Columns left empty: "text" for texts, the first of "label", "intent" and "category" for
labels.

encoding: of the file, such as "windows-1252" or "utf-16". Empty: UTF-8; a file that is clearly
UTF-16 or UTF-32 is then refused by name, and parts of texts that are not UTF-8 are replaced by
U+FFFD, with a UnicodeWarning.
quoting: whether double quotes enclose fields, as in RFC 4180: "on", "off" or "auto", which is on
for CSV and off for TSV. pandas writes quoted TSV without quoting=csv.QUOTE_NONE.

Raises MissingInputError when the file cannot be opened, InvalidArgumentError for an unknown
encoding, InvalidDataError (file, line, expected, found) for a bad row, a missing column, an empty
label, a label that is not valid in the encoding or no rows at all, and OutOfResourcesError as soon
as it is clear that the rows do not fit into the memory that is free.)");
}

}  // namespace fastintent::python
