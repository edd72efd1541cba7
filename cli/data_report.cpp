#include "data_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "fastintent/printable.h"
#include "messages.h"

namespace fastintent::cli {
namespace {

constexpr size_t kLabelLength = 100;  // of characters: about a line

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
  return report;
}

}  // namespace fastintent::cli
