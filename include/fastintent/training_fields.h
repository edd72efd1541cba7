#pragma once

#include <limits>
#include <optional>

#include "fastintent/trainer.h"

namespace fastintent {

/// What a training option affects, and therefore which runs must share its value.
enum class TrainingRole {
  files,       ///< input and output paths; a resumed run checks the base model separately
  weights,     ///< the weights: the same in a resumed run and in all processes of a run
  confidence,  ///< only the fitted confidences: a resumed run may have another value
  placement    ///< where a run computes; a resumed run checks the device and threads in use
};

/// The values an option may have; nan is outside every range.
struct NumberRange {
  double smallest = 0;                                       ///< lower end of the range
  double largest = std::numeric_limits<double>::infinity();  ///< upper end of the range
  bool with_smallest = true;                                 ///< `smallest` is in the range
  bool with_largest = true;                                  ///< `largest` is in the range

  /// Whether `value` is in the range.
  constexpr bool contains(double value) const {
    return (with_smallest ? value >= smallest : value > smallest) &&
           (with_largest ? value <= largest : value < largest);
  }
};

/// One member of TrainingOptions. The flag of the command line has its name with hyphens, unless
/// its role is `files`; the keyword argument in Python has its name.
struct TrainingField {
  const char* name = "";                      ///< of the member
  const char* meaning = "";                   ///< a phrase without a full stop
  const char* group = "";                     ///< heading in the help of the command line
  TrainingRole role = TrainingRole::weights;  ///< what the option decides
  const char* open_default = "";  ///< of an optional member: what a run uses without a value
  /// None: any value of the member's type, or checked elsewhere.
  std::optional<NumberRange> range = std::nullopt;
};

/// Calls visit(TrainingField, member) for every member of `options`, in their order. `Options` is
/// TrainingOptions, const or not.
///
/// The check, the fingerprint of a resumable run, the flags of `fastintent train`, the settings on
/// its page, the keyword arguments in Python and the table of docs/training.md all come from here.
template <typename Options, typename Visit>
void visit_training_fields(Options& options, Visit&& visit) {
  // Names every member, so that adding an option only to the struct does not compile.
  auto& [base_model,
         output,
         overwrite,
         resume,
         epochs,
         batch_size,
         learning_rate,
         head_learning_rate,
         weight_decay,
         warmup_share,
         gradient_clip,
         label_smoothing,
         dropout,
         layer_decay,
         balance_classes,
         max_length,
         pooling,
         seed,
         precision,
         device,
         gpu,
         threads,
         validation_share,
         patience,
         refit,
         review_accuracy] = options;

  using enum TrainingRole;
  constexpr NumberRange kFromZero = {.smallest = 0};
  constexpr NumberRange kFromOne = {.smallest = 1};
  constexpr NumberRange kAboveZero = {.smallest = 0, .with_smallest = false};
  constexpr NumberRange kShare = {.smallest = 0, .largest = 1};
  constexpr NumberRange kBelowOne = {.smallest = 0, .largest = 1, .with_largest = false};
  constexpr NumberRange kAboveZeroToOne = {.smallest = 0, .largest = 1, .with_smallest = false};
  constexpr NumberRange kBetween = {
      .smallest = 0, .largest = 1, .with_smallest = false, .with_largest = false};

  visit(TrainingField{"base_model", "Hugging Face folder to start from", "Files", files},
        base_model);
  visit(TrainingField{"output", "folder for the trained model", "Files", files}, output);
  visit(TrainingField{"overwrite", "replace the model in the output folder", "Files", files},
        overwrite);
  visit(
      TrainingField{
          "resume", "continue a run that was interrupted, if there is one", "Files", files},
      resume);
  visit(
      TrainingField{"epochs", "passes over the rows, at most", "Schedule", weights, "5", kFromOne},
      epochs);
  visit(TrainingField{"batch_size", "texts a step", "Schedule", weights, "", kFromOne}, batch_size);
  visit(
      TrainingField{
          "learning_rate", "peak, of the encoder", "Optimizer", weights, "by width", kAboveZero},
      learning_rate);
  visit(TrainingField{"head_learning_rate",
                      "peak, of the head",
                      "Optimizer",
                      weights,
                      "10 times the encoder's",
                      kAboveZero},
        head_learning_rate);
  visit(TrainingField{"weight_decay",
                      "of AdamW; not on biases and layer norms",
                      "Optimizer",
                      weights,
                      "",
                      kFromZero},
        weight_decay);
  visit(TrainingField{"warmup_share",
                      "of all steps; then the rate falls linearly to zero",
                      "Optimizer",
                      weights,
                      "",
                      kBelowOne},
        warmup_share);
  visit(TrainingField{"gradient_clip",
                      "largest norm of a step's gradient; 0 does not clip",
                      "Optimizer",
                      weights,
                      "",
                      kFromZero},
        gradient_clip);
  visit(TrainingField{"label_smoothing",
                      "share of the target spread over all intents",
                      "Optimizer",
                      weights,
                      "0.05",
                      kBelowOne},
        label_smoothing);
  visit(
      TrainingField{"dropout", "all dropout rates", "Model", weights, "the model's own", kBelowOne},
      dropout);
  visit(TrainingField{"layer_decay",
                      "learning rate of a layer relative to the one above it",
                      "Optimizer",
                      weights,
                      "",
                      kAboveZeroToOne},
        layer_decay);
  visit(
      TrainingField{
          "balance_classes", "weigh intents by the inverse of their counts", "Optimizer", weights},
      balance_classes);
  visit(TrainingField{"max_length",
                      "tokens a text, special ones included; 0: the folder's own",
                      "Model",
                      weights,
                      "",
                      kFromZero},
        max_length);
  visit(TrainingField{"pooling",
                      "how a text's tokens become one vector; auto follows the folder",
                      "Model",
                      weights},
        pooling);
  visit(TrainingField{"seed", "same seed, same weights", "Schedule", weights}, seed);
  visit(TrainingField{"precision",
                      "auto is the fastest on this device that costs no accuracy",
                      "Running",
                      weights},
        precision);
  visit(TrainingField{"device", "where to compute", "Running", placement}, device);
  visit(TrainingField{"gpu",
                      "number of the GPU",
                      "Running",
                      placement,
                      "the first, or by the number of the process"},
        gpu);
  visit(TrainingField{"threads", "workers; 0: one for each core", "Running", placement}, threads);
  visit(
      TrainingField{
          "validation_share", "share of the rows to hold out", "Data", weights, "", kBetween},
      validation_share);
  visit(TrainingField{"patience",
                      "epochs without a better accuracy before training stops",
                      "Schedule",
                      weights,
                      "",
                      kFromOne},
        patience);
  visit(TrainingField{"refit",
                      "then train once more on all rows, for the best number of epochs",
                      "Schedule",
                      weights},
        refit);
  visit(
      TrainingField{
          "review_accuracy",
          "share of the confident answers that are to be right; decides which need review",
          "Data",
          confidence,
          "",
          kShare},
      review_accuracy);
}

}  // namespace fastintent
