#include "fastintent/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json_writer.h"
#include "evaluation/evaluator.h"
#include "fastintent/error.h"

namespace fastintent {

Evaluation evaluate_logits(const std::vector<std::vector<float>>& logits,
                           const std::vector<std::string>& labels,
                           const std::vector<std::string>& intents,
                           double temperature) {
  if (logits.size() != labels.size()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("evaluate: expected a label for each of {} rows of logits, found {}",
                            logits.size(),
                            labels.size()));
  }
  Evaluator evaluator(intents, temperature);
  for (size_t i = 0; i < logits.size(); ++i) {
    evaluator.add(logits[i], labels[i]);
  }
  return evaluator.finish();
}

std::vector<std::vector<int64_t>> Evaluation::confusion_matrix() const {
  std::vector<std::vector<int64_t>> matrix(classes.size(), std::vector<int64_t>(classes.size()));
  for (const ConfusionCell& cell : confusion_cells) {
    matrix[static_cast<size_t>(cell.label)][static_cast<size_t>(cell.predicted)] = cell.count;
  }
  return matrix;
}

std::vector<Confusion> Evaluation::most_confused(int count) const {
  std::vector<Confusion> confusions;
  for (const ConfusionCell& cell : confusion_cells) {
    if (cell.label != cell.predicted) {
      confusions.push_back({classes[static_cast<size_t>(cell.label)].label,
                            classes[static_cast<size_t>(cell.predicted)].label,
                            cell.count});
    }
  }
  std::stable_sort(confusions.begin(),
                   confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  const auto kept = static_cast<size_t>(std::max(count, 0));
  confusions.resize(std::min(confusions.size(), kept));
  return confusions;
}

std::vector<ClassFigures> Evaluation::worst_classes(int count) const {
  std::vector<ClassFigures> worst;
  std::copy_if(
      classes.begin(), classes.end(), std::back_inserter(worst), [](const ClassFigures& figures) {
        return figures.support > 0;
      });
  std::stable_sort(worst.begin(), worst.end(), [](const ClassFigures& a, const ClassFigures& b) {
    return a.f1 < b.f1;
  });
  const auto kept = static_cast<size_t>(std::max(count, 0));
  worst.resize(std::min(worst.size(), kept));
  return worst;
}

namespace {

void write_bins(JsonWriter& out, const char* name, const std::vector<ReliabilityBin>& bins) {
  out.key(name);
  out.begin_array();
  for (const ReliabilityBin& bin : bins) {
    out.begin_object();
    out.member("examples", bin.examples);
    out.member("mean_confidence", bin.mean_confidence);
    out.member("accuracy", bin.accuracy);
    out.end_object();
  }
  out.end_array();
}

void write_classes(JsonWriter& out, const std::vector<ClassFigures>& classes) {
  out.key("per_class");
  out.begin_object();
  for (const ClassFigures& figures : classes) {
    out.key(figures.label);
    out.begin_object();
    out.member("support", figures.support);
    out.member("predicted", figures.predicted);
    out.member("precision", figures.precision);
    out.member("recall", figures.recall);
    out.member("f1", figures.f1);
    out.end_object();
  }
  out.end_object();
}

void write_cells(JsonWriter& out, const Evaluation& evaluation) {
  const auto name = [&](int64_t c) -> const std::string& {
    return evaluation.classes[static_cast<size_t>(c)].label;
  };
  out.key("confusion_matrix");
  out.begin_array();
  for (const ConfusionCell& cell : evaluation.confusion_cells) {
    out.begin_object();
    out.member("label", name(cell.label));
    out.member("predicted", name(cell.predicted));
    out.member("count", cell.count);
    out.end_object();
  }
  out.end_array();
}

}  // namespace

std::string to_json(const Evaluation& evaluation) {
  // Labels that are not UTF-8 get U+FFFD, so that the document stays valid.
  JsonWriter out(JsonWriter::Layout::indented, JsonWriter::Invalid::replaced);
  out.begin_object();
  out.member("examples", evaluation.examples);
  out.member("loss", evaluation.loss);
  out.member("accuracy", evaluation.accuracy);
  out.member("top_3_accuracy", evaluation.top_3_accuracy);
  out.member("top_5_accuracy", evaluation.top_5_accuracy);
  out.member("macro_precision", evaluation.macro_precision);
  out.member("macro_recall", evaluation.macro_recall);
  out.member("macro_f1", evaluation.macro_f1);
  out.member("weighted_precision", evaluation.weighted_precision);
  out.member("weighted_recall", evaluation.weighted_recall);
  out.member("weighted_f1", evaluation.weighted_f1);
  out.member("temperature", evaluation.temperature);
  out.member("expected_calibration_error", evaluation.expected_calibration_error);
  out.member("uncalibrated_calibration_error", evaluation.uncalibrated_calibration_error);
  write_bins(out, "reliability", evaluation.reliability);
  write_bins(out, "uncalibrated_reliability", evaluation.uncalibrated_reliability);
  out.member("unseen_label_examples", evaluation.unseen_label_examples);
  out.key("unseen_labels");
  out.begin_object();
  for (const auto& [label, count] : evaluation.unseen_labels) {
    out.member(label, count);
  }
  out.end_object();
  write_classes(out, evaluation.classes);
  write_cells(out, evaluation);
  out.end_object();
  return out.text();
}

}  // namespace fastintent
