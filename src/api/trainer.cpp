#include "fastintent/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "api/measure_agreement.h"
#include "api/output_folder.h"
#include "base/available_cores.h"
#include "base/output_place.h"
#include "base/thread_pool.h"
#include "base/utf8.h"
#include "devices/create_backend.h"
#include "devices/create_process_group.h"
#include "fastintent/error.h"
#include "fastintent/tokenizer.h"
#include "model/load_weights.h"
#include "model/save_model.h"
#include "processes/launched_process.h"
#include "text/open_tokenizer.h"
#include "train/data_memory.h"
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

// The bytes of a model's tensors as they are saved.
int64_t bytes_of(const OwnedWeights& weights) {
  return (weights.flat.size() + weights.word.size()) * static_cast<int64_t>(sizeof(float));
}

std::string size_text(int64_t bytes) {
  constexpr int64_t kMegabyte = 1'000'000;
  return bytes < kMegabyte ? fmt::format("{} kB", bytes / 1000)
                           : fmt::format("{} MB", bytes / kMegabyte);
}

// A number above 0 that grows from each state of a run to the next; exact in a double.
double order_of(const FitProgress& progress) {
  constexpr double kMostSteps = 1LL << 32;
  const double steps = static_cast<double>(progress.step) + (progress.refitting ? kMostSteps : 0);
  return 4 * steps + (progress.step_in_epoch == 0 ? 2 : 0) + (progress.trained ? 1 : 0) + 1;
}

// One run of Trainer::train: everything it opened and decided, then fit, refit, save.
class TrainingRun {
 public:
  // `output`: null in all processes but the first, which saves.
  TrainingRun(const TrainingOptions& options,
              const TrainingCallbacks& callbacks,
              const LaunchedProcess& process,
              const OutputFolder* output,
              const LabelledTexts& training,
              const LabelledTexts* validation)
      : options_(options),
        process_(process),
        callbacks_(callbacks_of(process, callbacks)),
        output_(output),
        folder_(options.output, process.rank, process.size),
        gpu_(options.gpu.value_or(process.local_rank)),
        base_(options.base_model),
        tokenizer_(open_tokenizer(base_.folder(), options.max_length)),
        pool_(options.threads > 0 ? options.threads : available_cores()),
        backends_([device = options.device, gpu = gpu_] { return create_backend(device, gpu); }),
        memory_(backends_()),
        fit_pool_(choose_pool(pool_, memory_->traits().work_sizes)),
        config_(base_.config()) {
    base_.require_vocabulary(tokenizer_.vocabulary_size());
    base_.require_length(tokenizer_.max_length());
    require_data_memory(training, validation, tokenizer_.max_length());
    config_.head = choose_head(options.pooling, config_.head);
    if (config_.head == HeadKind::pooler) {
      base_.require_plain_texts("train");
    }
    config_.intents = choose_intents(base_, training);
    files_ = compose_model_files(base_, config_, tokenizer_.max_length());
    if (output_ != nullptr) {
      output_->require_places(files_.paths());
    }
    base_.folder().snapshot().require_unchanged("train");
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
    bool resumes = options_.resume && folder_.has_state();
    FitProgress progress = resumes ? folder_.load_progress(fingerprint_) : FitProgress{};
    require_room(resumes, progress);
    if (!resumes) {
      folder_.create(options_.resume);
    }
    join_group();
    if (process_.size > 1) {
      resumes = agree_on_state(resumes, progress);
    }
    tell_start(resumes, progress);
    TrainingReport report;
    report.options = used_;
    report.device_name = memory_->name();
    report.held_out_rows = held_out_rows_;
    if (progress.refitting || progress.trained) {
      report_search(report);
    } else {
      progress = search(progress, report);
    }
    if (progress.trained) {
      report_trained(progress, report);
    } else if (options_.refit) {
      refit(progress, report);
    }
    if (output_ != nullptr) {
      save(report);
    }
    group_->sum(0.0);  // no process returns before the model is written
    folder_.remove();
    return report;
  }

 private:
  // Processes that differ from the first step on would wait for each other forever.
  void join_group() {
    Rendezvous rendezvous;
    rendezvous.purpose = fmt::format("{} {}", shared_fingerprint_, options_.resume);
    rendezvous.should_stop = callbacks_.should_stop;
    group_ = create_process_group(process_, rendezvous, gpu_);
    if (process_.size > 1) {
      tell(fmt::format("training in {} processes, each on a GPU of its own", process_.size));
    }
  }

  // Of processes that were killed while they saved a state, some have only the one before: all
  // continue from the newest that every process has. Returns false when that is none, because they
  // were killed in their first; then all begin anew.
  bool agree_on_state(bool has_state, FitProgress& progress) {
    constexpr double kNone = 0;
    const auto previous =
        has_state ? folder_.load_previous_progress(fingerprint_) : std::optional<FitProgress>();
    const double newest = has_state ? order_of(progress) : kNone;
    const double before = previous ? order_of(*previous) : kNone;
    double common = newest;
    for (int rank = 0; rank < process_.size; ++rank) {
      common = std::min(common, group_->sum(rank == process_.rank ? newest : 0));
    }
    if (group_->sum(common == newest || common == before ? 0 : 1) > 0) {
      throw Error(
          ErrorCode::invalid_argument,
          fmt::format("resume: expected a state that all {} processes have, found none; start "
                      "where the folders of all of them are, or anew with overwrite (--force) "
                      "({})",
                      process_.size,
                      folder_.path().string()));
    }
    if (common == newest) {
      return has_state;
    }
    if (common == kNone) {
      folder_.create(/*keep_best=*/false);
      progress = {};
      return false;
    }
    folder_.return_to_previous();
    progress = *previous;
    return true;
  }

  // A run keeps the best weights, after a refit also those of the refit, and then writes the model
  // beside them.
  void require_room(bool resumes, const FitProgress& progress) const {
    const int64_t model = bytes_of(weights_) + files_.bytes();
    const int64_t models = progress.trained ? 1 : (resumes ? 1 : 2) + (options_.refit ? 1 : 0);
    // They differ where the output is a link to another file system.
    const int64_t room = std::min(free_bytes(folder_.path()), free_bytes(options_.output));
    if (room < models * model) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("train: expected room for {} of {}, found {} ({}); make room, or "
                              "choose another output",
                              models == 1 ? "a model" : fmt::format("{} models", models),
                              size_text(model),
                              size_text(room),
                              options_.output.string()));
    }
    // Weights and two moments, the new ones beside the old.
    constexpr int64_t kStates = 6;
    if (!progress.trained && room < (models + kStates) * model) {
      tell(
          fmt::format("there is room for the model ({} free), but perhaps not for the state from "
                      "which a run that is killed could continue ({} are needed)",
                      size_text(room),
                      size_text((models + kStates) * model)));
    }
  }

  void tell_start(bool resumes, const FitProgress& progress) const {
    if (options_.resume && !resumes) {
      tell(fmt::format("there is no state of an earlier run in {}: training from the start",
                       folder_.path().string()));
    }
    if (progress.trained) {
      tell("the training was complete; its model is saved now");
      return;
    }
    tell(fmt::format("training in {} on {} with {} worker{}",
                     precision_name(settings_.precision),
                     memory_->name(),
                     fit_pool_->size(),
                     fit_pool_->size() == 1 ? "" : "s"));
    if (settings_.precision == Precision::bf16 && memory_->traits().training == Precision::fp32) {
      tell("this processor gains no speed by bf16");
    }
  }

  void save(TrainingReport& report) try {
    HostWeights host(*memory_, weights_, config_);
    host.read();
    output_->replace([&](const fs::path& out) {
      save_model(out, files_, config_, host.get(), calibration_);
      // What fails here is as if saving failed: the state is kept, and resuming does it again.
      const std::vector<std::string_view> texts = measured_texts();
      tell(fmt::format("measuring which labels int8 and bf16 keep on {} rows", texts.size()));
      calibration_.label_agreement =
          measure_agreement(out, texts, pool_.size(), callbacks_.should_stop);
      write_calibration(out, calibration_);
    });
    report.label_agreement = calibration_.label_agreement;
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("{}; what was learnt is kept in {}: the same call with resume "
                            "(--resume) saves the model{}",
                            error.what(),
                            folder_.path().string(),
                            kept_ ? " without training again" : ""));
  }

  // The texts of the validation rows, of many an evenly spread part: enough to distinguish 99.5 % from
  // 99 %, while more would take longer than a training on a GPU.
  std::vector<std::string_view> measured_texts() const {
    constexpr size_t kMost = 10'000;
    std::vector<std::string_view> texts;
    for (const int64_t row : held_out_rows_) {
      texts.emplace_back(all_.texts[static_cast<size_t>(row)]);
    }
    if (texts.empty()) {  // a validation set, which is behind the training rows
      texts.assign(all_.texts.end() - validation_.examples(), all_.texts.end());
    }
    const size_t count = std::min(texts.size(), kMost);
    for (size_t i = 0; i < count; ++i) {
      texts[i] = texts[i * texts.size() / count];
    }
    texts.resize(count);
    return texts;
  }

  // Saves the state of a moment between two fits, or before the model is saved. Without it, an
  // earlier state is there, from which the same weights come again.
  void keep(const FitProgress& progress, const OwnedWeights* weights) {
    try {
      folder_.save_state(fingerprint_, progress, *memory_, weights);
      kept_ = progress.trained;
    } catch (const Error& error) {
      tell(fmt::format("the state of the run could not be saved ({})", error.what()));
    }
  }

  void tell(const std::string& message) const {
    if (callbacks_.on_message) {
      callbacks_.on_message(message);
    }
  }

  EncodedDataset encode(const LabelledTexts& data, const char* name) {
    EncodedDataset encoded =
        encode_dataset(data, config_.intents, tokenizer_, pool_, callbacks_.should_stop);
    if (encoded.truncated > 0) {
      tell(fmt::format("{} of {} {} texts are longer than {} tokens and are truncated",
                       encoded.truncated,
                       encoded.examples(),
                       name,
                       tokenizer_.max_length()));
    }
    return encoded;
  }

  // The same once the processes have met, where one that stopped alone would leave the others waiting.
  EncodedDataset encode_together(const LabelledTexts& data, const char* name) {
    EncodedDataset encoded;
    std::optional<Error> stopped;
    try {
      encoded = encode(data, name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::interrupted) {
        throw;
      }
      stopped = error;
    }
    if (group_->sum(stopped ? 1 : 0) > 0) {
      throw stopped.value_or(
          Error(ErrorCode::interrupted, "train: stopped while another process read the texts"));
    }
    return encoded;
  }

  void load_base() {
    const HostWeights host(*memory_, weights_, config_);
    const auto initialised = load_base_weights(base_, config_, host.get(), options_.seed);
    base_.require_unchanged_weights("train");
    host.write();
    memory_->synchronize();  // the workers' backends use it next
    for (const std::string& name : initialised) {
      tell("initialised: " + name);
    }
  }

  // Finds the best epoch on the validation rows; afterwards the weights are those of that epoch.
  FitProgress search(const FitProgress& from, TrainingReport& report) {
    load_base();
    Fit fit(*fit_pool_, backends_, config_, settings_, weights_, callbacks_, *group_);
    const FitProgress done = fit.run(search_, &validation_, from, folder_, fingerprint_);
    add_to(report, done);
    report.best_epoch = done.best_epoch;
    calibrate(fit.best_logits(), report);
    FitProgress next;
    if (options_.refit) {
      next.refitting = true;
      next.refit_epochs = done.best_epoch;
      keep(next, nullptr);
    } else {
      FitProgress trained = done;
      trained.trained = true;
      keep(trained, nullptr);
    }
    return next;
  }

  // The weights and figures of a run that was complete, but not saved.
  void report_trained(const FitProgress& done, TrainingReport& report) {
    kept_ = true;
    add_to(report, done);
    report.best_epoch = done.best_epoch;
    if (done.refitting) {
      folder_.load_weights(*memory_, weights_);
      memory_->synchronize();
    }
  }

  // Reports the result of a search that ended in an earlier call; its best weights are then in use.
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
    FitSettings settings = settings_;
    settings.epochs = from.refit_epochs;
    tell(fmt::format(
        "training once more on all {} rows, for {} epochs", all_.texts.size(), settings.epochs));
    const EncodedDataset all = encode_together(all_, "training");
    load_base();
    Fit fit(*fit_pool_, backends_, config_, settings, weights_, callbacks_, *group_);
    FitProgress done = fit.run(all, nullptr, from, folder_, fingerprint_);
    add_to(report, done);
    report.best_epoch = settings.epochs;
    done.trained = true;
    keep(done, &weights_);
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
  const OutputFolder* output_;
  TrainingFolder folder_;
  const int gpu_;
  const ModelFolder base_;
  Tokenizer tokenizer_;
  ThreadPool pool_;
  GradientWorkers::BackendFactory backends_;
  std::unique_ptr<Backend> memory_;  // holds the weights
  std::shared_ptr<ThreadPool> fit_pool_;
  ModelConfig config_;
  ModelFiles files_;
  OwnedWeights weights_;
  LabelledTexts all_;
  EncodedDataset search_;
  EncodedDataset validation_;
  Calibration calibration_;
  bool kept_ = false;  // the state says that the weights only have to be saved
  std::vector<int64_t> held_out_rows_;
  TrainingOptions used_;  // resolved
  FitSettings settings_;
  std::string shared_fingerprint_;
  std::string fingerprint_;
  std::unique_ptr<ProcessGroup> group_;
};

// Checks before any work that nothing that an earlier run learnt is lost.
void check_earlier_run(const TrainingOptions& options, int rank) {
  const TrainingFolder folder(options.output, rank);
  if (folder.has_results() && !options.resume && !options.overwrite) {
    throw Error(
        ErrorCode::cannot_create,
        fmt::format("train: expected to resume the interrupted run (--resume) or permission "
                    "to drop it (--force), found {}",
                    folder.path().string()));
  }
}

// A label that is not UTF-8 could be learnt, but not be saved.
void check_data(const LabelledTexts& data, const char* name) {
  if (data.texts.size() != data.labels.size()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("train: expected a label for each of {} texts, found {}",
                            data.texts.size(),
                            data.labels.size()));
  }
  for (size_t row = 0; row < data.labels.size(); ++row) {
    const std::string& label = data.labels[row];
    if (valid_utf8_prefix(label) != label.size()) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("train: expected labels in UTF-8, found '{}' at index {} of the {} "
                              "labels",
                              replace_invalid_utf8(label),
                              row,
                              name));
    }
  }
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
  check_data(training, "training");
  if (validation != nullptr) {
    check_data(*validation, "validation");
  }
  std::optional<OutputFolder> output;
  if (process.rank == 0) {
    output.emplace("train", options_.output, options_.overwrite);
  }
  check_earlier_run(options_, process.rank);
  const OutputFolder* const place = output ? &*output : nullptr;
  return TrainingRun(options_, callbacks_, process, place, training, validation).run();
}

int training_rank() {
  return launched_process().rank;
}

}  // namespace fastintent
