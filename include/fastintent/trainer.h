#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/evaluation.h"
#include "fastintent/hub.h"
#include "fastintent/options.h"

namespace fastintent {

/// How the encoder's rows are combined to one vector per text. `automatic` follows the folder: the
/// family's head for a plain encoder, the folder's pooling for sentence-transformers.
enum class HeadPooling { automatic, pooler, cls, mean };

/// All options of a training run. The defaults of optional values depend on encoder width and head;
/// see docs/training.md.
struct TrainingOptions {
  std::filesystem::path base_model;  ///< a Hugging Face folder, with or without a trained head
  std::filesystem::path output;      ///< where the trained folder is written
  /// Allow replacing a model in `output`, and dropping the state of an interrupted run. Files in
  /// the folder that are no model's are kept: see is_model_file.
  bool overwrite = false;
  /// Continue from the state that an interrupted run left beside `output`, or save the model of a
  /// run that was complete but could not save it; without a state, train from the start.
  bool resume = false;

  std::optional<int> epochs;                 ///< passes over the training rows
  int batch_size = 32;                       ///< texts per step
  std::optional<double> learning_rate;       ///< peak, of the encoder
  std::optional<double> head_learning_rate;  ///< peak, of the head
  double weight_decay = 0.01;                ///< not on biases and layer norms
  double warmup_share = 0.1;                 ///< of all steps; then linear decay to zero
  double gradient_clip = 1.0;                ///< largest norm of a step's gradient; 0: no clipping
  std::optional<double> label_smoothing;     ///< share of the target spread evenly over all classes
  std::optional<double> dropout;             ///< all dropout rates; default: the model's
  double layer_decay = 1.0;      ///< learning rate of a layer relative to the one above it
  bool balance_classes = false;  ///< weight classes by the inverse of their counts

  int max_length = 0;                            ///< most tokens per text; 0: the folder's value
  HeadPooling pooling = HeadPooling::automatic;  ///< see HeadPooling
  uint64_t seed = 42;                            ///< of the order, dropout and a new head
  Precision precision = Precision::automatic;    ///< of the products; see Precision
  Device device = Device::automatic;             ///< where the run computes
  /// With Device::cuda: the number of the GPU; none: the first or, in one of several processes, the
  /// number of this process on its machine.
  std::optional<int> gpu;
  int threads = 0;  ///< workers; 0: one for each core this process may use

  /// Share of the training rows held out, stratified, when no validation set is passed.
  double validation_share = 0.1;
  int patience = 3;    ///< epochs without a better accuracy before training stops
  bool refit = false;  ///< then train once more on all rows, for the best number of epochs
  /// Required share of correct predictions above the review threshold.
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

/// Callbacks of a training run; all may be empty. Called on the thread that trains.
struct TrainingCallbacks {
  std::function<void(const StepReport&)> on_step;      ///< after every optimizer step
  std::function<void(const EpochReport&)> on_epoch;    ///< after every epoch
  std::function<void(const std::string&)> on_message;  ///< one sentence, to be shown on a line
  /// Called after every step, and ten times per second while the validation rows are measured and
  /// while processes wait for each other; true stops the run.
  std::function<bool()> should_stop;
  /// Called while IntentClassifier::train downloads its base model.
  std::function<void(const DownloadProgress&)> on_download;
};

/// Results of a training run, and the quality of the model.
struct TrainingReport {
  /// As used, with the defaults resolved; except `dropout`, which may differ by layer in the
  /// model's configuration.
  TrainingOptions options;
  std::string device_name;  ///< "cpu (avx512)"
  /// Rows of the training texts, in the order of `validation`; empty when a validation set was
  /// passed.
  std::vector<int64_t> held_out_rows;
  int best_epoch = 0;                    ///< epoch of the saved weights, from 1
  int epochs = 0;                        ///< done before stopping
  int64_t steps = 0;                     ///< optimizer steps done
  int64_t examples = 0;                  ///< number of texts in all training steps
  int64_t overflows = 0;                 ///< steps repeated with half the loss scale, in fp16
  double seconds = 0;                    ///< of the training steps
  double examples_per_second = 0;        ///< of the training steps
  std::optional<Evaluation> validation;  ///< of the best epoch, with calibrated confidences

  double temperature = 1;  ///< fitted on the validation rows of the best epoch, as the next two
  /// None when no threshold reaches `review_accuracy`.
  std::optional<double> review_threshold;
  double review_share = 0;  ///< share of the validation rows below the threshold
  /// Share of the validation rows (of at most 10,000, evenly spread), 0 to 1, that have the same label
  /// as in fp32 when the saved model predicts on the processor in that precision.
  std::map<Precision, double> label_agreement;
};

/// Fine-tunes an intent classifier and saves it as a Hugging Face folder.
///
/// All that can be checked before the first step is: labels that can be saved, an output that can be
/// written and that no other run writes, room for the model. The state of the run is saved in
/// `<output>.training` after an epoch and every few minutes: a process that is killed loses no more.
/// When the model cannot be saved at the end, the trained weights are kept there. For an output that
/// is the root of a mounted file system the folder is `<output>/.fastintent.training`.
///
/// Processes started by torchrun or mpirun train one model together, each on a separate GPU; see
/// docs/training.md. Only process 0 writes the model and calls on_step, on_epoch and on_message;
/// all processes return after it is written.
///
/// The same options, data, machine and number of threads produce the same bits; a resumed run
/// equals an uninterrupted one. One thread at a time; the work is spread over `threads` workers.
class Trainer {
 public:
  /// Neither argument is checked before train().
  explicit Trainer(TrainingOptions options, TrainingCallbacks callbacks = {});

  /// Trains on `training`, holding rows out when `validation` is null, and writes options.output.
  ///
  /// Throws cannot_create, before any work, when the output holds a model and `overwrite` is off,
  /// when there is the state of an interrupted run and neither `overwrite` nor `resume` is on, when
  /// another run writes the output, or when there is no room; invalid_data before any work for a
  /// label that is not UTF-8; interrupted when should_stop returned true (the resumable state is in `<output>.training`),
  /// invalid_argument when one of several processes has no GPU to train on or other settings or
  /// data than the rest, io_error when not all processes connect, device_missing without NCCL,
  /// invalid_data when a validation label is not among the training labels, there are fewer than
  /// two labels, or no row to validate on.
  TrainingReport train(const LabelledTexts& training, const LabelledTexts* validation = nullptr);

 private:
  TrainingOptions options_;
  TrainingCallbacks callbacks_;
};

/// Whether a file, by its path in a model folder, is part of a model as fastintent, transformers or
/// sentence-transformers write it: the files that `overwrite` replaces. Every other file is kept.
bool is_model_file(const std::filesystem::path& file);

/// The rank of this process among those started to train one model together, from 0; 0 for a single
/// process. Throws invalid_argument when the environment variables for it are invalid.
int training_rank();

}  // namespace fastintent
