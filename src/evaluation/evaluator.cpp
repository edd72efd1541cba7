#include "evaluation/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/softmax.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

void check_row(std::span<const float> row, size_t intents, int64_t example) {
  if (row.size() != intents) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format(
            "evaluate: expected {} logits, found {} (example {})", intents, row.size(), example));
  }
  if (!std::all_of(row.begin(), row.end(), [](float logit) { return std::isfinite(logit); })) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("evaluate: expected finite logits, found others (example {}); the "
                            "model's weights are not usable",
                            example));
  }
}

// Number of classes ranked before `label`: with a higher logit, or the same and a lower index.
size_t rank(std::span<const float> row, size_t label) {
  size_t ahead = 0;
  for (size_t c = 0; c < row.size(); ++c) {
    ahead += row[c] > row[label] || (row[c] == row[label] && c < label) ? 1 : 0;
  }
  return ahead;
}

// 0 / 0 is 0: a figure without examples.
double share(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

void fill_class_figures(Evaluation& evaluation) {
  std::vector<int64_t> right(evaluation.classes.size());
  for (const ConfusionCell& cell : evaluation.confusion_cells) {
    if (cell.label == cell.predicted) {
      right[static_cast<size_t>(cell.label)] = cell.count;
    }
  }
  for (size_t c = 0; c < evaluation.classes.size(); ++c) {
    ClassFigures& figures = evaluation.classes[c];
    const auto correct = static_cast<double>(right[c]);
    const auto predicted = static_cast<double>(figures.predicted);
    const auto support = static_cast<double>(figures.support);
    figures.precision = share(correct, predicted);
    figures.recall = share(correct, support);
    figures.f1 = share(2 * correct, predicted + support);
  }
}

void fill_averages(Evaluation& evaluation) {
  double present = 0;
  for (const ClassFigures& figures : evaluation.classes) {
    if (figures.support == 0) {
      continue;
    }
    present += 1;
    const auto weight = static_cast<double>(figures.support);
    evaluation.macro_precision += figures.precision;
    evaluation.macro_recall += figures.recall;
    evaluation.macro_f1 += figures.f1;
    evaluation.weighted_precision += weight * figures.precision;
    evaluation.weighted_recall += weight * figures.recall;
    evaluation.weighted_f1 += weight * figures.f1;
  }
  const auto examples = static_cast<double>(evaluation.examples);
  for (double* sum :
       {&evaluation.macro_precision, &evaluation.macro_recall, &evaluation.macro_f1}) {
    *sum = share(*sum, present);
  }
  for (double* sum :
       {&evaluation.weighted_precision, &evaluation.weighted_recall, &evaluation.weighted_f1}) {
    *sum = share(*sum, examples);
  }
}

}  // namespace

Evaluator::Evaluator(const std::vector<std::string>& intents, double temperature)
    : intents_(intents) {
  if (intents.empty()) {
    throw Error(ErrorCode::invalid_argument, "evaluate: expected intents, found none");
  }
  if (!std::isfinite(temperature) || temperature <= 0) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("evaluate: expected a positive, finite temperature, found {}", temperature));
  }
  evaluation_.temperature = temperature;
  for (size_t c = 0; c < intents.size(); ++c) {
    evaluation_.classes.push_back({.label = intents[c]});
    index_.emplace(intents[c], c);
  }
}

void Evaluator::add(std::span<const float> row, const std::string& label) {
  check_row(row, intents_.size(), evaluation_.examples);
  const auto predicted =
      static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
  const auto known = index_.find(label);
  const bool right = known != index_.end() && known->second == predicted;
  const Softmax uncalibrated(row);
  const double confidence =
      std::exp(Softmax(row, evaluation_.temperature).log_probability(predicted));
  calibrated_.add(confidence, right);
  uncalibrated_.add(std::exp(uncalibrated.log_probability(predicted)), right);
  evaluation_.classes[predicted].predicted += 1;
  if (!right) {
    evaluation_.mistakes.push_back({.example = evaluation_.examples,
                                    .label = label,
                                    .predicted = intents_[predicted],
                                    .confidence = static_cast<float>(confidence)});
  }
  evaluation_.examples += 1;
  if (known == index_.end()) {
    unseen_[label] += 1;
    evaluation_.unseen_label_examples += 1;
  } else {
    count_known(row, known->second, predicted);
    loss_ -= uncalibrated.log_probability(known->second);
  }
}

void Evaluator::count_known(std::span<const float> row, size_t label, size_t predicted) {
  const size_t ahead = rank(row, label);
  evaluation_.classes[label].support += 1;
  cells_[{label, predicted}] += 1;
  correct_ += label == predicted ? 1 : 0;
  in_top_3_ += ahead < 3 ? 1 : 0;
  in_top_5_ += ahead < 5 ? 1 : 0;
}

Evaluation Evaluator::finish() {
  const auto examples = static_cast<double>(evaluation_.examples);
  const auto unseen = static_cast<double>(evaluation_.unseen_label_examples);
  evaluation_.loss = share(loss_, examples - unseen);
  evaluation_.accuracy = share(static_cast<double>(correct_), examples);
  evaluation_.top_3_accuracy = share(static_cast<double>(in_top_3_), examples);
  evaluation_.top_5_accuracy = share(static_cast<double>(in_top_5_), examples);
  evaluation_.expected_calibration_error = calibrated_.expected_calibration_error();
  evaluation_.uncalibrated_calibration_error = uncalibrated_.expected_calibration_error();
  evaluation_.reliability = calibrated_.bins();
  evaluation_.uncalibrated_reliability = uncalibrated_.bins();
  evaluation_.unseen_labels.assign(unseen_.begin(), unseen_.end());
  for (const auto& [place, count] : cells_) {
    evaluation_.confusion_cells.push_back({.label = static_cast<int64_t>(place.first),
                                           .predicted = static_cast<int64_t>(place.second),
                                           .count = count});
  }
  fill_class_figures(evaluation_);
  fill_averages(evaluation_);
  return std::move(evaluation_);
}

}  // namespace fastintent
