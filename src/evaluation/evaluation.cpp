#include "fastintent/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

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

using Json = nlohmann::ordered_json;

Json bins_json(const std::vector<ReliabilityBin>& bins) {
  Json array = Json::array();
  for (const ReliabilityBin& bin : bins) {
    array.push_back({{"examples", bin.examples},
                     {"mean_confidence", bin.mean_confidence},
                     {"accuracy", bin.accuracy}});
  }
  return array;
}

}  // namespace

std::string to_json(const Evaluation& evaluation) {
  // Members are appended: operator[] would compare each label with all before it.
  Json::object_t unseen;
  for (const auto& [label, count] : evaluation.unseen_labels) {
    unseen.emplace_back(label, count);
  }
  const auto name = [&](int64_t c) { return evaluation.classes[static_cast<size_t>(c)].label; };
  Json cells = Json::array();
  for (const ConfusionCell& cell : evaluation.confusion_cells) {
    cells.push_back(
        {{"label", name(cell.label)}, {"predicted", name(cell.predicted)}, {"count", cell.count}});
  }
  Json::object_t per_class;
  for (const ClassFigures& figures : evaluation.classes) {
    per_class.emplace_back(figures.label,
                           Json{{"support", figures.support},
                                {"predicted", figures.predicted},
                                {"precision", figures.precision},
                                {"recall", figures.recall},
                                {"f1", figures.f1}});
  }
  const Json document = {
      {"examples", evaluation.examples},
      {"loss", evaluation.loss},
      {"accuracy", evaluation.accuracy},
      {"top_3_accuracy", evaluation.top_3_accuracy},
      {"top_5_accuracy", evaluation.top_5_accuracy},
      {"macro_precision", evaluation.macro_precision},
      {"macro_recall", evaluation.macro_recall},
      {"macro_f1", evaluation.macro_f1},
      {"weighted_precision", evaluation.weighted_precision},
      {"weighted_recall", evaluation.weighted_recall},
      {"weighted_f1", evaluation.weighted_f1},
      {"temperature", evaluation.temperature},
      {"expected_calibration_error", evaluation.expected_calibration_error},
      {"uncalibrated_calibration_error", evaluation.uncalibrated_calibration_error},
      {"reliability", bins_json(evaluation.reliability)},
      {"uncalibrated_reliability", bins_json(evaluation.uncalibrated_reliability)},
      {"unseen_label_examples", evaluation.unseen_label_examples},
      {"unseen_labels", unseen},
      {"per_class", per_class},
      {"confusion_matrix", cells}};
  // Labels that are not UTF-8 get U+FFFD, so that the document stays valid.
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fastintent
