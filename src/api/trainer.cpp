#include "fastintent/trainer.h"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

#include "api/output_folder.h"
#include "base/available_cores.h"
#include "base/replace_folder.h"
#include "base/thread_pool.h"
#include "devices/create_backend.h"
#include "devices/create_process_group.h"
#include "fastintent/error.h"
#include "fastintent/tokenizer.h"
#include "model/load_weights.h"
#include "model/save_model.h"
#include "processes/launched_process.h"
#include "train/fit.h"
#include "train/fit_calibration.h"
#include "train/training_defaults.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// The intents in id order: those of the base when it was trained on exactly these labels, so that
// training continues with its head; else sorted.
std::vector<std::string> choose_intents(const ModelFolder& base, const LabelledTexts& training) {
  const std::set<std::string> labels(training.labels.begin(), training.labels.end());
  if (labels.size() < 2) {
    throw Error(
        ErrorCode::invalid_data,
        fmt::format("train: expected at least two different labels, found {}", labels.size()));
  }
  const std::vector<std::string>& known = base.config().intents;
  if (base.has_trained_head() && std::set<std::string>(known.begin(), known.end()) == labels) {
    return known;
  }
  return {labels.begin(), labels.end()};
}

HeadKind choose_head(HeadPooling pooling, HeadKind own) {
  switch (pooling) {
    case HeadPooling::automatic:
      return own;
    case HeadPooling::pooler:
      return HeadKind::pooler;
    case HeadPooling::cls:
      return HeadKind::cls;
    case HeadPooling::mean:
      return HeadKind::mean;
  }
  return own;
}

LabelledTexts join(const LabelledTexts& first, const LabelledTexts& second) {
  LabelledTexts all = first;
  all.texts.insert(all.texts.end(), second.texts.begin(), second.texts.end());
  all.labels.insert(all.labels.end(), second.labels.begin(), second.labels.end());
  return all;
}

// All of `pool`, unless fewer threads keep the device busy.
std::shared_ptr<ThreadPool> choose_pool(ThreadPool& pool, const WorkSizes& sizes) {
  if (sizes.training_workers == 0) {
    return {std::shared_ptr<void>(), &pool};
  }
  return std::make_shared<ThreadPool>(sizes.training_workers);
}

// Only process 0 reports progress; should_stop is called in every process.
TrainingCallbacks callbacks_of(const LaunchedProcess& process, const TrainingCallbacks& all) {
  if (process.rank == 0) {
    return all;
  }
  TrainingCallbacks quiet;
  quiet.should_stop = all.should_stop;
  return quiet;
}

// One run of Trainer::train: everything it opened and decided, then fit, refit, save.
class TrainingRun {
 public:
  TrainingRun(const TrainingOptions& options,
              const TrainingCallbacks& callbacks,
              const LaunchedProcess& process,
              const LabelledTexts& training,
              const LabelledTexts* validation)
      : options_(options),
        process_(process),
        callbacks_(callbacks_of(process, callbacks)),
        folder_(options.output, process.rank),
        gpu_(options.gpu.value_or(process.local_rank)),
        base_(options.base_model),
        tokenizer_(base_.encoder_path(), options.max_length),
        pool_(options.threads > 0 ? options.threads : available_cores()),
        backends_([device = options.device, gpu = gpu_] { return create_backend(device, gpu); }),
        memory_(backends_()),
        fit_pool_(choose_pool(pool_, memory_->traits().work_sizes)),
        config_(base_.config()) {
    base_.require_vocabulary(tokenizer_.vocabulary_size());
    base_.require_length(tokenizer_.max_length());
    config_.head = choose_head(options.pooling, config_.head);
    config_.intents = choose_intents(base_, training);
    weights_ = allocate_weights(*memory_, config_, config_.encoder.vocabulary);
    if (validation != nullptr) {
      all_ = join(training, *validation);
      search_ = encode(training, "training");
      validation_ = encode(*validation, "validation");
    } else {
      all_ = training;
      HoldOut split = hold_out_stratified(training.labels, options.validation_share, options.seed);
      tell(fmt::format("holding out {} of {} rows for validation",
                       split.validation.size(),
                       training.labels.size()));
      search_ = encode(select_rows(training, split.training), "training");
      validation_ = encode(select_rows(training, split.validation), "validation");
      held_out_rows_ = std::move(split.validation);
    }
    if (validation_.examples() == 0) {
      throw Error(ErrorCode::invalid_data,
                  "train: expected rows to validate on, found none; give a validation set, or more "
                  "than one row of a label");
    }
    used_ = resolve_options(options, config_, *memory_);
    used_.max_length = tokenizer_.max_length();
    used_.threads = pool_.size();
    settings_ = fit_settings(used_, config_, all_);
    shared_fingerprint_ = shared_fingerprint(used_, config_, training, validation);
    fingerprint_ = fingerprint(used_, shared_fingerprint_, memory_->name(), process.size);
  }

  TrainingReport run() {
    FitProgress progress;
    if (options_.resume) {
      progress = folder_.load_progress(fingerprint_);
    } else {
      folder_.create();
    }
    join_group(progress);
    tell(fmt::format("training in {} on {} with {} worker{}",
                     precision_name(settings_.precision),
                     memory_->name(),
                     fit_pool_->size(),
                     fit_pool_->size() == 1 ? "" : "s"));
    if (settings_.precision == Precision::bf16 && memory_->traits().training == Precision::fp32) {
      tell("this processor gains no speed by bf16");
    }
    TrainingReport report;
    report.options = used_;
    report.device_name = memory_->name();
    report.held_out_rows = held_out_rows_;
    if (progress.refitting) {
      report_search(report);
    } else {
      progress = search(progress, report);
    }
    if (options_.refit) {
      refit(progress, report);
    }
    if (process_.rank == 0) {
      save();
    }
    group_->sum(0.0);  // no process returns before the model is written
    folder_.remove();
    return report;
  }

 private:
  // Processes that differ from the first step on would wait for each other forever.
  void join_group(const FitProgress& progress) {
    Rendezvous rendezvous;
    rendezvous.purpose =
        fmt::format("{} {} {}", shared_fingerprint_, progress.refitting, progress.step);
    rendezvous.should_stop = callbacks_.should_stop;
    group_ = create_process_group(process_, rendezvous, gpu_);
    if (process_.size > 1) {
      tell(fmt::format("training in {} processes, each on a GPU of its own", process_.size));
    }
  }

  void save() {
    HostWeights host(*memory_, weights_, config_);
    host.read();
    replace_folder(options_.output, [&](const fs::path& out) {
      save_model(out, base_, config_, host.get(), tokenizer_.max_length(), calibration_);
    });
  }

  void tell(const std::string& message) const {
    if (callbacks_.on_message) {
      callbacks_.on_message(message);
    }
  }

  EncodedDataset encode(const LabelledTexts& data, const char* name) {
    EncodedDataset encoded = encode_dataset(data,
                                            config_.intents,
                                            tokenizer_,
                                            pool_,
                                            process_.size == 1 ? callbacks_.should_stop : nullptr);
    if (encoded.truncated > 0) {
      tell(fmt::format("{} of {} {} texts are longer than {} tokens and are truncated",
                       encoded.truncated,
                       encoded.examples(),
                       name,
                       tokenizer_.max_length()));
    }
    return encoded;
  }

  void load_base() {
    const HostWeights host(*memory_, weights_, config_);
    const auto initialised = load_base_weights(base_, config_, host.get(), options_.seed);
    host.write();
    memory_->synchronize();  // the workers' backends use it next
    for (const std::string& name : initialised) {
      tell("initialised: " + name);
    }
    // Maps the file again: the pages just read would stay resident during the complete run.
    base_ = ModelFolder(options_.base_model);
  }

  // Finds the best epoch on the validation rows; afterwards the weights are those of that epoch.
  FitProgress search(const FitProgress& from, TrainingReport& report) {
    load_base();
    Fit fit(*fit_pool_, backends_, config_, settings_, weights_, callbacks_, *group_);
    const FitProgress done = fit.run(search_, &validation_, from, folder_, fingerprint_);
    add_to(report, done);
    report.best_epoch = done.best_epoch;
    calibrate(fit.best_logits(), report);
    return done;
  }

  // Reports the result of the search that preceded an interrupted refit.
  void report_search(TrainingReport& report) {
    Fit fit(*fit_pool_, backends_, config_, settings_, weights_, callbacks_, *group_);
    folder_.load_best(*memory_, weights_);
    memory_->synchronize();
    calibrate(fit.logits(validation_), report);
  }

  // `logits`: of the best epoch on the validation rows, because a refit trains on those rows.
  void calibrate(const std::vector<std::vector<float>>& logits, TrainingReport& report) {
    const FittedCalibration fitted =
        fit_calibration(logits, validation_.classes, options_.review_accuracy);
    calibration_ = fitted.calibration;
    report.temperature = calibration_.temperature;
    report.review_threshold = calibration_.review_threshold;
    report.review_share = fitted.review_share;
    report.validation = evaluate_logits(
        logits, labels_of(validation_, config_.intents), config_.intents, calibration_.temperature);
  }

  // Trains again on all rows, for the best number of epochs.
  void refit(const FitProgress& from, TrainingReport& report) {
    FitProgress progress;
    if (from.refitting) {
      progress = from;
    } else {
      progress.refitting = true;
      progress.refit_epochs = from.best_epoch;
    }
    FitSettings settings = settings_;
    settings.epochs = progress.refit_epochs;
    const EncodedDataset all = encode(all_, "training");
    tell(fmt::format(
        "training once more on all {} rows, for {} epochs", all.examples(), settings.epochs));
    load_base();
    Fit fit(*fit_pool_, backends_, config_, settings, weights_, callbacks_, *group_);
    add_to(report, fit.run(all, nullptr, progress, folder_, fingerprint_));
    report.best_epoch = settings.epochs;
  }

  static void add_to(TrainingReport& report, const FitProgress& done) {
    report.epochs += done.epoch;
    report.steps += done.step;
    report.seconds += done.seconds;
    report.examples += done.examples;
    report.overflows += done.overflows;
    report.examples_per_second = static_cast<double>(report.examples) / report.seconds;
  }

  const TrainingOptions& options_;
  const LaunchedProcess process_;
  const TrainingCallbacks callbacks_;
  TrainingFolder folder_;
  const int gpu_;
  ModelFolder base_;
  Tokenizer tokenizer_;
  ThreadPool pool_;
  GradientWorkers::BackendFactory backends_;
  std::unique_ptr<Backend> memory_;  // holds the weights
  std::shared_ptr<ThreadPool> fit_pool_;
  ModelConfig config_;
  OwnedWeights weights_;
  LabelledTexts all_;
  EncodedDataset search_;
  EncodedDataset validation_;
  Calibration calibration_;
  std::vector<int64_t> held_out_rows_;
  TrainingOptions used_;  // resolved
  FitSettings settings_;
  std::string shared_fingerprint_;
  std::string fingerprint_;
  std::unique_ptr<ProcessGroup> group_;
};

// Checks before any work that the output may be written and that no existing files are lost.
void check_output(const TrainingOptions& options, int rank) {
  require_output_folder("train", options.output, options.overwrite);
  const TrainingFolder folder(options.output, rank);
  if (options.resume && !folder.has_state()) {
    throw Error(
        ErrorCode::missing_input,
        fmt::format("train: resume: expected the state of an interrupted run, found none in {}",
                    folder.path().string()));
  }
  if (folder.has_state() && !options.resume && !options.overwrite) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("train: expected to resume the interrupted run (--resume) or leave to "
                            "drop it (--force), found {}",
                            folder.path().string()));
  }
}

void check_data(const LabelledTexts& data) {
  if (data.texts.size() == data.labels.size()) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("train: expected a label for each of {} texts, found {}",
                          data.texts.size(),
                          data.labels.size()));
}

}  // namespace

Trainer::Trainer(TrainingOptions options, TrainingCallbacks callbacks)
    : options_(std::move(options)), callbacks_(std::move(callbacks)) {
  if (options_.output.empty()) {
    return;  // train() throws for it
  }
  options_.output = normalized_output(options_.output);
}

TrainingReport Trainer::train(const LabelledTexts& training, const LabelledTexts* validation) {
  check_options(options_);
  const LaunchedProcess process = launched_process();
  require_group_device(process, options_.device);
  check_output(options_, process.rank);
  check_data(training);
  if (validation != nullptr) {
    check_data(*validation);
  }
  return TrainingRun(options_, callbacks_, process, training, validation).run();
}

int training_rank() {
  return launched_process().rank;
}

}  // namespace fastintent
