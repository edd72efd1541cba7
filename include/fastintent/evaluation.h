#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/dataset.h"

namespace fastintent {

/// Figures of one class; from 0 to 1.
struct ClassFigures {
  std::string label;      ///< name of the class
  int64_t support = 0;    ///< examples of this class
  int64_t predicted = 0;  ///< examples predicted as this class
  double precision = 0;   ///< 0 where nothing was predicted
  double recall = 0;      ///< share of its examples predicted as this class
  double f1 = 0;          ///< harmonic mean of precision and recall
};

/// A cell of the confusion matrix: the examples of one class that were predicted as one class.
struct ConfusionCell {
  int64_t label = 0;      ///< class of the examples, as an index of Evaluation::classes
  int64_t predicted = 0;  ///< predicted class, likewise
  int64_t count = 0;      ///< number of such examples

  /// Compares all members.
  bool operator==(const ConfusionCell&) const = default;
};

/// Examples of class `label` that were predicted as class `predicted`.
struct Confusion {
  std::string label;      ///< class of the examples
  std::string predicted;  ///< predicted class
  int64_t count = 0;      ///< number of such examples
};

/// Predictions with a confidence in one of 15 equal intervals of (0, 1].
struct ReliabilityBin {
  int64_t examples = 0;        ///< number of predictions in the interval
  double mean_confidence = 0;  ///< 0 without examples
  double accuracy = 0;         ///< share of them that is correct; 0 without examples
};

/// An example for which the model predicted another intent than its label.
struct Mistake {
  int64_t example = 0;    ///< index in the data
  std::string label;      ///< may be unknown to the model
  std::string predicted;  ///< predicted intent
  float confidence = 0;   ///< calibrated
};

/// Measures of a classifier on labelled texts; all shares are from 0 to 1.
///
/// An example with a label unknown to the model counts as wrong in accuracy, top-k and weighted
/// figures. It is listed in `unseen_labels` and never assigned to another class. Macro figures are
/// means over the classes that have support.
///
/// Calibrated figures use softmax(logits / temperature), uncalibrated ones softmax(logits). No
/// other figure depends on the temperature.
struct Evaluation {
  int64_t examples = 0;           ///< number of examples
  double loss = 0;                ///< mean cross-entropy, of examples with known labels
  double accuracy = 0;            ///< share of examples whose most probable intent is the label
  double top_3_accuracy = 0;      ///< share with the label among the 3 most probable intents
  double top_5_accuracy = 0;      ///< share with the label among the 5 most probable intents
  double macro_precision = 0;     ///< mean over classes with support
  double macro_recall = 0;        ///< mean over classes with support
  double macro_f1 = 0;            ///< mean over classes with support
  double weighted_precision = 0;  ///< mean weighted by support
  double weighted_recall = 0;     ///< mean weighted by support
  double weighted_f1 = 0;         ///< mean weighted by support
  double temperature = 1;         ///< divisor of the logits
  /// Mean distance of confidence from accuracy over 15 equal bins (Guo et al. 2017); calibrated.
  double expected_calibration_error = 0;
  double uncalibrated_calibration_error = 0;             ///< the same, uncalibrated
  std::vector<ReliabilityBin> reliability;               ///< [15], calibrated
  std::vector<ReliabilityBin> uncalibrated_reliability;  ///< [15]
  std::vector<ClassFigures> classes;                     ///< id2label order
  /// The cells of the confusion matrix that are not 0, by label, then by prediction: at most as many
  /// as examples. Right predictions are among them.
  std::vector<ConfusionCell> confusion_cells;
  int64_t unseen_label_examples = 0;  ///< number of examples with a label unknown to the model
  std::vector<std::pair<std::string, int64_t>> unseen_labels;  ///< label, examples; sorted by label
  std::vector<Mistake> mistakes;                               ///< in the order of the data

  /// The dense confusion matrix [label][predicted], id2label order. Its size is the square of the
  /// number of classes: 200 MB for 5,000.
  std::vector<std::vector<int64_t>> confusion_matrix() const;
  /// The `count` most frequent confusions, most frequent first.
  std::vector<Confusion> most_confused(int count) const;
  /// The `count` classes with the lowest F1 among those with support, lowest first.
  std::vector<ClassFigures> worst_classes(int count) const;
};

/// Evaluates logits [examples][intents] against labels by name, as IntentClassifier::evaluate does.
/// Throws invalid_argument when sizes differ or `temperature` is not positive and finite,
/// invalid_data for logits that are not finite.
Evaluation evaluate_logits(const std::vector<std::vector<float>>& logits,
                           const std::vector<std::string>& labels,
                           const std::vector<std::string>& intents,
                           double temperature = 1);

/// Returns JSON text with the figures at the top level under the names above, "per_class" and
/// "confusion_matrix", whose cells that are not 0 are listed by the names of their classes; without
/// the mistakes.
std::string to_json(const Evaluation& evaluation);

}  // namespace fastintent
