#include "fastintent/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <unordered_map>
#include <utility>

#include "evaluation/reliability.h"
#include "evaluation/softmax.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

void check_row(std::span<const float> row, size_t intents, size_t example) {
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
  for (size_t c = 0; c < evaluation.classes.size(); ++c) {
    ClassFigures& figures = evaluation.classes[c];
    const auto correct = static_cast<double>(evaluation.confusion_matrix[c][c]);
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

void check_arguments(size_t rows, size_t labels, size_t intents, double temperature) {
  if (rows != labels || intents == 0) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("evaluate: expected as many labels as rows of logits, and intents; "
                            "found {}, {} and {}",
                            labels,
                            rows,
                            intents));
  }
  if (!std::isfinite(temperature) || temperature <= 0) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("evaluate: expected a positive, finite temperature, found {}", temperature));
  }
}

// Counts the examples one by one, then computes the figures from the counts.
class Evaluator {
 public:
  Evaluator(const std::vector<std::string>& intents, double temperature) : intents_(intents) {
    evaluation_.temperature = temperature;
    evaluation_.confusion_matrix.assign(intents.size(), std::vector<int64_t>(intents.size()));
    for (size_t c = 0; c < intents.size(); ++c) {
      evaluation_.classes.push_back({.label = intents[c]});
      index_.emplace(intents[c], c);
    }
  }

  // `row` holds a finite logit for each intent.
  void add(std::span<const float> row, const std::string& label) {
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

  Evaluation finish() {
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
    fill_class_figures(evaluation_);
    fill_averages(evaluation_);
    return std::move(evaluation_);
  }

 private:
  void count_known(std::span<const float> row, size_t label, size_t predicted) {
    const size_t ahead = rank(row, label);
    evaluation_.classes[label].support += 1;
    evaluation_.confusion_matrix[label][predicted] += 1;
    correct_ += label == predicted ? 1 : 0;
    in_top_3_ += ahead < 3 ? 1 : 0;
    in_top_5_ += ahead < 5 ? 1 : 0;
  }

  const std::vector<std::string>& intents_;
  std::unordered_map<std::string, size_t> index_;
  Evaluation evaluation_;
  Reliability calibrated_;
  Reliability uncalibrated_;
  std::map<std::string, int64_t> unseen_;
  int64_t correct_ = 0;
  int64_t in_top_3_ = 0;
  int64_t in_top_5_ = 0;
  double loss_ = 0;
};

}  // namespace

Evaluation evaluate_logits(const std::vector<std::vector<float>>& logits,
                           const std::vector<std::string>& labels,
                           const std::vector<std::string>& intents,
                           double temperature) {
  check_arguments(logits.size(), labels.size(), intents.size(), temperature);
  Evaluator evaluator(intents, temperature);
  for (size_t i = 0; i < logits.size(); ++i) {
    check_row(logits[i], intents.size(), i);
    evaluator.add(logits[i], labels[i]);
  }
  return evaluator.finish();
}

std::vector<Confusion> Evaluation::most_confused(int count) const {
  std::vector<Confusion> confusions;
  for (size_t label = 0; label < classes.size(); ++label) {
    for (size_t predicted = 0; predicted < classes.size(); ++predicted) {
      const int64_t examples_here = confusion_matrix[label][predicted];
      if (label != predicted && examples_here > 0) {
        confusions.push_back({classes[label].label, classes[predicted].label, examples_here});
      }
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
  Json unseen = Json::object();
  for (const auto& [label, count] : evaluation.unseen_labels) {
    unseen[label] = count;
  }
  Json labels = Json::array();
  Json per_class = Json::object();
  for (const ClassFigures& figures : evaluation.classes) {
    labels.push_back(figures.label);
    per_class[figures.label] = {{"support", figures.support},
                                {"predicted", figures.predicted},
                                {"precision", figures.precision},
                                {"recall", figures.recall},
                                {"f1", figures.f1}};
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
      {"confusion_matrix", {{"labels", labels}, {"counts", evaluation.confusion_matrix}}}};
  // Labels that are not UTF-8 get U+FFFD, so that the document stays valid.
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fastintent
