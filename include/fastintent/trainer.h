#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/evaluation.h"
#include "fastintent/hub.h"
#include "fastintent/options.h"

namespace fastintent {

/// How the encoder's rows become one vector a text. `automatic` follows the folder: the family's
/// own head for a plain encoder, the folder's own pooling for sentence-transformers.
enum class HeadPooling { automatic, pooler, cls, mean };

/// Everything that decides a training run. Optional values have defaults by encoder width and head;
/// see docs/training.md.
struct TrainingOptions {
  std::filesystem::path base_model;  ///< a Hugging Face folder, with or without a trained head
  std::filesystem::path output;      ///< where the trained folder goes
  bool overwrite = false;            ///< allow `output` to hold a model already
  bool resume = false;  ///< go on from the state an interrupted run left beside `output`

  std::optional<int> epochs;                 ///< passes over the training rows
  int batch_size = 32;                       ///< texts a step
  std::optional<double> learning_rate;       ///< peak, of the encoder
  std::optional<double> head_learning_rate;  ///< peak, of the head
  double weight_decay = 0.01;                ///< not on biases and layer norms
  double warmup_share = 0.1;                 ///< of all steps; then linear decay to zero
  double gradient_clip = 1.0;                ///< largest norm of a step's gradient; 0 does not clip
  std::optional<double> label_smoothing;     ///< share of the target given to all classes alike
  std::optional<double> dropout;             ///< all dropout rates; default: the model's own
  double layer_decay = 1.0;      ///< learning rate of a layer relative to the one above it
  bool balance_classes = false;  ///< weigh classes by the inverse of their counts

  int max_length = 0;                            ///< tokens a text; 0: the folder's own
  HeadPooling pooling = HeadPooling::automatic;  ///< see HeadPooling
  uint64_t seed = 42;                            ///< of the order, dropout and a new head
  Precision precision = Precision::automatic;    ///< automatic: the fastest that costs no accuracy
  Device device = Device::automatic;             ///< where the run computes
  std::optional<int> gpu;  ///< with Device::cuda: by its number; none: the first, or
                           ///< by the number of this process on its machine
  int threads = 0;         ///< workers; 0: one for each core this process may use

  double validation_share =
      0.1;           ///< held out of the training rows, stratified, when no validation set is given
  int patience = 3;  ///< epochs without a better accuracy before training stops
  bool refit = false;  ///< then train once more on all rows, for the best number of epochs
  /// Predictions above the review threshold are to be right this share of the time.
  double review_accuracy = 0.95;
};

/// One optimizer step.
struct StepReport {
  bool refitting = false;          ///< in the second fit, on all rows
  int64_t step = 0;                ///< from 1
  int64_t total_steps = 0;         ///< of this fit
  double epoch = 0;                ///< epochs done, as a fraction
  double loss = 0;                 ///< of this step's texts
  double learning_rate = 0;        ///< of the encoder, in this step
  double gradient_norm = 0;        ///< before clipping
  double examples_per_second = 0;  ///< of this step
};

/// One pass over the training rows and the evaluation after it.
struct EpochReport {
  bool refitting = false;                ///< in the second fit, on all rows
  int epoch = 0;                         ///< from 1
  int64_t step = 0;                      ///< steps done
  double training_loss = 0;              ///< mean over the epoch
  double examples_per_second = 0;        ///< of the epoch's training steps
  std::optional<Evaluation> validation;  ///< absent while refitting
  bool best = false;                     ///< the best so far
};

/// What the run tells while it goes; all may be empty. Called on the thread that trains.
struct TrainingCallbacks {
  std::function<void(const StepReport&)> on_step;      ///< after every optimizer step
  std::function<void(const EpochReport&)> on_epoch;    ///< after every epoch
  std::function<void(const std::string&)> on_message;  ///< a sentence worth a line
  /// Asked after every step, and ten times a second while processes wait for each other.
  std::function<bool()> should_stop;
  /// While IntentClassifier::train fetches its base model.
  std::function<void(const DownloadProgress&)> on_download;
};

/// What a training run did, and how good the model is.
struct TrainingReport {
  TrainingOptions options;  ///< as used: with the defaults chosen, except `dropout`, which may
                            ///< differ by layer in the model's own configuration
  std::string device_name;  ///< "cpu (avx512)"
  std::vector<int64_t> held_out_rows;    ///< of the training texts, in the order of `validation`;
                                         ///< empty when a validation set was given
  int best_epoch = 0;                    ///< whose weights were saved, from 1
  int epochs = 0;                        ///< done before stopping
  int64_t steps = 0;                     ///< optimizer steps done
  int64_t examples = 0;                  ///< seen by the training steps
  int64_t overflows = 0;                 ///< steps done again with half the loss scale, in fp16
  double seconds = 0;                    ///< of the training steps
  double examples_per_second = 0;        ///< of the training steps
  std::optional<Evaluation> validation;  ///< of the best epoch, with calibrated confidences

  double temperature = 1;  ///< fitted on the validation rows of the best epoch, as the next two
  std::optional<double>
      review_threshold;     ///< none when no threshold reaches the accuracy that was asked
  double review_share = 0;  ///< of the validation rows: below the threshold
};

/// Fine-tunes an intent classifier and saves it as a Hugging Face folder.
///
/// Processes that torchrun or mpirun started train one model together, each on a GPU of its own;
/// docs/training.md tells how. Only process 0 writes the model and calls on_step, on_epoch and
/// on_message; all return when it is written.
///
/// Same options, data and machine with the same number of threads give the same bits; a resumed run
/// equals one that was never interrupted. One thread at a time; the work is spread over `threads`
/// workers.
class Trainer {
 public:
  /// Neither is looked at before train().
  explicit Trainer(TrainingOptions options, TrainingCallbacks callbacks = {});

  /// Trains on `training`, holding rows out when `validation` is null, and writes options.output.
  ///
  /// Throws cannot_create when the output holds a model and `overwrite` is off (before any work),
  /// interrupted when should_stop asked to stop (the resumable state is in `<output>.training`),
  /// invalid_argument when one of several processes has no GPU to train on or other settings or
  /// data than the rest, io_error when they do not all come, device_missing without NCCL,
  /// invalid_data when a validation label is not among the training labels, there are fewer than
  /// two labels, or no row to validate on.
  TrainingReport train(const LabelledTexts& training, const LabelledTexts* validation = nullptr);

 private:
  TrainingOptions options_;
  TrainingCallbacks callbacks_;
};

/// The number of this process among those that were started to train one model together, from 0; 0
/// for a process alone. Throws invalid_argument when the environment tells it wrongly.
int training_rank();

}  // namespace fastintent
