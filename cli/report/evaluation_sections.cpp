#include "report/evaluation_sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluation_report.h"
#include "messages.h"
#include "report/class_table.h"
#include "report/confused_pairs.h"
#include "report/confusion_matrix.h"
#include "report/html.h"
#include "report/reliability_diagram.h"

namespace fastintent::cli {
namespace {

constexpr size_t kMostUnseen = 100;   // labels: enough to see what went wrong with the file
constexpr size_t kLabelLength = 200;  // of characters: a label may be as long as a text

std::string tile(const char* name, const std::string& figure, const std::string& remark = {}) {
  return fmt::format(
      "<li><span class=\"quiet\">{}</span><span class=\"figure\">{}</span>"
      "<span class=\"quiet\">{}</span></li>\n",
      name,
      figure,
      remark);
}

std::string unseen_labels(const Evaluation& evaluation) {
  if (evaluation.unseen_labels.empty()) {
    return {};
  }
  std::string html = fmt::format(
      "<div class=\"notice\">\nThe model does not know the labels of {} of {}; they count as "
      "wrong:\n"
      "<ul>\n",
      evaluation.unseen_label_examples,
      counted(evaluation.examples, "example"));
  const auto& labels = evaluation.unseen_labels;
  const size_t shown = std::min(labels.size(), kMostUnseen);
  for (size_t i = 0; i < shown; ++i) {
    html += fmt::format("<li><span class=\"name\">{}</span>: {}</li>\n",
                        html_escaped(shortened(labels[i].first, kLabelLength)),
                        counted(labels[i].second, "example"));
  }
  if (shown < labels.size()) {
    html += fmt::format("<li>and {} more labels</li>\n", labels.size() - shown);
  }
  return html + "</ul>\n</div>\n";
}

}  // namespace

std::string evaluation_summary(const Evaluation& evaluation) {
  const size_t intents = evaluation.classes.size();
  std::string tiles =
      tile("Accuracy",
           percent(evaluation.accuracy),
           fmt::format("{} of {} wrong", evaluation.mistakes.size(), evaluation.examples)) +
      tile("Macro F1", percent(evaluation.macro_f1));
  // With no more than three intents, every known label is among the top three; so for five.
  if (intents > 3) {
    tiles += tile("Top-3 accuracy", percent(evaluation.top_3_accuracy));
  }
  if (intents > 5) {
    tiles += tile("Top-5 accuracy", percent(evaluation.top_5_accuracy));
  }
  tiles += tile("Calibration error",
                percent(evaluation.expected_calibration_error),
                evaluation.temperature == 1
                    ? ""
                    : percent(evaluation.uncalibrated_calibration_error) + " before");
  tiles += tile("Loss", fmt::format("{:.4f}", evaluation.loss));
  return "<ul class=\"tiles\">\n" + tiles + "</ul>\n" + unseen_labels(evaluation);
}

std::vector<PageSection> evaluation_sections(const Evaluation& evaluation,
                                             const std::vector<std::string>& texts) {
  return {{"pairs", "Confused pairs", confused_pairs(evaluation, texts)},
          {"matrix", "Confusion matrix", confusion_matrix(evaluation)},
          {"classes", "Figures of each intent", class_table(evaluation)},
          {"reliability", "Reliability of the confidence", reliability_diagram(evaluation)}};
}

}  // namespace fastintent::cli
