#include "evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "fastintent/printable.h"

namespace fastintent::cli {
namespace {

constexpr int kListed = 10;  // classes and pairs: fits a screen together with the figures

constexpr size_t kMostUnseen = 50;    // labels: some screens
constexpr size_t kLabelLength = 100;  // of characters: about a line

using Text = std::back_insert_iterator<std::string>;

void write_figures(const Evaluation& evaluation, Text out) {
  fmt::format_to(out, "{:<28}{:>9}\n", "examples", evaluation.examples);
  fmt::format_to(out, "{:<28}{:>9}\n", "accuracy", percent(evaluation.accuracy));
  fmt::format_to(out, "{:<28}{:>9}\n", "top-3 accuracy", percent(evaluation.top_3_accuracy));
  fmt::format_to(out, "{:<28}{:>9}\n", "top-5 accuracy", percent(evaluation.top_5_accuracy));
  fmt::format_to(out,
                 "{:<28}{:>9}\n",
                 "expected calibration error",
                 percent(evaluation.expected_calibration_error));
  fmt::format_to(out,
                 "{:<28}{:>9}\n",
                 "  before calibration",
                 percent(evaluation.uncalibrated_calibration_error));
  fmt::format_to(out, "{:<28}{:>9.4f}\n", "loss", evaluation.loss);
  fmt::format_to(out, "\n{:<28}{:>9}  {:>9}  {:>9}\n", "", "precision", "recall", "F1");
  fmt::format_to(out,
                 "{:<28}{:>9}  {:>9}  {:>9}\n",
                 "macro average",
                 percent(evaluation.macro_precision),
                 percent(evaluation.macro_recall),
                 percent(evaluation.macro_f1));
  fmt::format_to(out,
                 "{:<28}{:>9}  {:>9}  {:>9}\n",
                 "weighted average",
                 percent(evaluation.weighted_precision),
                 percent(evaluation.weighted_recall),
                 percent(evaluation.weighted_f1));
}

void write_worst_classes(const Evaluation& evaluation, Text out) {
  fmt::format_to(out,
                 "\nworst classes\n{:>9}  {:>9}  {:>9}  {:>9}\n",
                 "F1",
                 "precision",
                 "recall",
                 "examples");
  for (const ClassFigures& figures : evaluation.worst_classes(kListed)) {
    fmt::format_to(out,
                   "{:>9}  {:>9}  {:>9}  {:>9}  {}\n",
                   percent(figures.f1),
                   percent(figures.precision),
                   percent(figures.recall),
                   figures.support,
                   printable(figures.label, kLabelLength));
  }
}

void write_most_confused(const Evaluation& evaluation, Text out) {
  const auto confusions = evaluation.most_confused(kListed);
  if (confusions.empty()) {
    return;
  }
  fmt::format_to(out, "\nmost confused (label -> given instead)\n");
  for (const Confusion& confusion : confusions) {
    fmt::format_to(out,
                   "{:>9}  {} -> {}\n",
                   confusion.count,
                   printable(confusion.label, kLabelLength),
                   printable(confusion.predicted, kLabelLength));
  }
}

void write_unseen_labels(const Evaluation& evaluation, Text out) {
  if (evaluation.unseen_labels.empty()) {
    return;
  }
  fmt::format_to(out,
                 "\nlabels the model does not know: {} of {} examples, counted as wrong\n",
                 evaluation.unseen_label_examples,
                 evaluation.examples);
  const auto& labels = evaluation.unseen_labels;
  const size_t shown = std::min(labels.size(), kMostUnseen);
  for (size_t i = 0; i < shown; ++i) {
    fmt::format_to(out, "{:>9}  {}\n", labels[i].second, printable(labels[i].first, kLabelLength));
  }
  if (shown < labels.size()) {
    fmt::format_to(out, "{:>9}  more labels\n", labels.size() - shown);
  }
}

}  // namespace

std::string percent(double share) {
  return fmt::format("{:.2f} %", 100 * share);
}

std::string evaluation_report(const Evaluation& evaluation) {
  std::string report;
  const Text out(report);
  write_figures(evaluation, out);
  write_worst_classes(evaluation, out);
  write_most_confused(evaluation, out);
  write_unseen_labels(evaluation, out);
  return report;
}

}  // namespace fastintent::cli
