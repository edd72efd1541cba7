#include "data_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "fastintent/printable.h"
#include "input_options.h"
#include "messages.h"

namespace fastintent::cli {
namespace {

constexpr size_t kLabelLength = 100;  // of characters: about a line

// One line for each of the first pairs.
std::string alike_warnings(const LabelledTexts& data) {
  constexpr size_t kMostPairs = 5;
  const std::vector<AlikeLabels> alike = find_alike_labels(data.labels);
  std::string warnings;
  for (size_t i = 0; i < std::min(alike.size(), kMostPairs); ++i) {
    warnings += fmt::format(
        "\nwarning: the labels \"{}\" ({}) and \"{}\" ({}) differ only in case, white space, "
        "accents or Unicode form; they are two intents",
        printable(alike[i].label, kLabelLength),
        counted(alike[i].rows, "row"),
        printable(alike[i].other, kLabelLength),
        counted(alike[i].other_rows, "row"));
  }
  if (alike.size() > kMostPairs) {
    warnings +=
        fmt::format("\nwarning: and {} more pairs of such labels", alike.size() - kMostPairs);
  }
  return warnings;
}

}  // namespace

std::string data_report(const std::string& file, const LabelledTexts& data) {
  const auto& counts = data.label_counts;
  std::string report = fmt::format("{}: {}, {}",
                                   printable(file),
                                   counted(std::ssize(data.texts), "row"),
                                   counted(std::ssize(data.label_names), "label"));
  if (!counts.empty()) {
    const auto [fewest, most] = std::minmax_element(counts.begin(), counts.end());
    report += fmt::format(" with {} ({}) to {} ({}) rows",
                          *fewest,
                          printable(data.label_names[fewest - counts.begin()], kLabelLength),
                          *most,
                          printable(data.label_names[most - counts.begin()], kLabelLength));
  }
  report += fmt::format("; {}", counted(data.duplicates, "repeated text"));
  if (data.conflicting_duplicates > 0) {
    report += fmt::format(", {} under another label than before", data.conflicting_duplicates);
  }
  report += fmt::format("; {} left out", counted(data.blank_texts, "blank text"));
  const std::string replaced = replaced_warning(file, data.replaced);
  report += replaced.empty() ? "" : "\n" + replaced;
  return report + alike_warnings(data);
}

}  // namespace fastintent::cli
