#include "report/confused_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "evaluation_report.h"
#include "report/html.h"

namespace fastintent::cli {
namespace {

constexpr size_t kPairs = 20;            // as many as one reads before changing something
constexpr size_t kExamples = 5;          // of a pair: enough to see what they share
constexpr size_t kTextCharacters = 300;  // of an example or a label: some lines

using Labels = std::pair<std::string_view, std::string_view>;  // label, predicted

// The mistakes of each pair, most confident first.
std::map<Labels, std::vector<const Mistake*>> mistakes_by_pair(const Evaluation& evaluation) {
  std::map<Labels, std::vector<const Mistake*>> mistakes;
  for (const Mistake& mistake : evaluation.mistakes) {
    mistakes[{mistake.label, mistake.predicted}].push_back(&mistake);
  }
  for (auto& [pair, those] : mistakes) {
    std::stable_sort(those.begin(), those.end(), [](const Mistake* a, const Mistake* b) {
      return a->confidence > b->confidence;
    });
  }
  return mistakes;
}

std::map<std::string_view, int64_t> support_by_label(const Evaluation& evaluation) {
  std::map<std::string_view, int64_t> support;
  for (const ClassFigures& figures : evaluation.classes) {
    support[figures.label] = figures.support;
  }
  return support;
}

std::string example(const Mistake& mistake, const std::vector<std::string>& texts) {
  const std::string& text = texts[static_cast<size_t>(mistake.example)];
  return fmt::format("<li><q>{}</q><span class=\"number quiet\">{:.1f} %</span></li>\n",
                     html_escaped(shortened(text, kTextCharacters)),
                     100 * mistake.confidence);
}

}  // namespace

std::string confused_pairs(const Evaluation& evaluation, const std::vector<std::string>& texts) {
  const auto pairs = evaluation.most_confused(std::numeric_limits<int>::max());
  if (pairs.empty()) {
    return "<p>No example was given another intent of the model.</p>\n";
  }
  const size_t shown = std::min(pairs.size(), kPairs);
  std::string html = fmt::format(
      "<p>Label → given instead, with the texts that were most confidently mistaken and their "
      "confidence. {}</p>\n<ol class=\"pairs\">\n",
      shown == pairs.size() ? "These are all."
                            : fmt::format("These are {} of {} pairs; no other has more than {}.",
                                          shown,
                                          pairs.size(),
                                          pairs[shown].count));
  const auto mistakes = mistakes_by_pair(evaluation);
  const auto support = support_by_label(evaluation);
  for (size_t i = 0; i < shown; ++i) {
    const Confusion& pair = pairs[i];
    const int64_t examples = support.at(pair.label);
    html += fmt::format(
        "<li>\n<h3><span class=\"name\">{}</span> <span class=\"arrow\">→</span> "
        "<span class=\"name\">{}</span></h3>\n<div class=\"quiet\">{} of {} examples ({:.1f} %)"
        "</div>\n<ul>\n",
        html_escaped(shortened(pair.label, kTextCharacters)),
        html_escaped(shortened(pair.predicted, kTextCharacters)),
        pair.count,
        examples,
        100 * static_cast<double>(pair.count) / static_cast<double>(examples));
    const auto& those = mistakes.at({pair.label, pair.predicted});
    for (size_t j = 0; j < std::min(those.size(), kExamples); ++j) {
      html += example(*those[j], texts);
    }
    html += "</ul>\n</li>\n";
  }
  return html + "</ol>\n";
}

}  // namespace fastintent::cli
