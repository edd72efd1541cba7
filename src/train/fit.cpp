#include "train/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "base/checked_size.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

// The order of an epoch depends only on seed and epoch, so a resumed run can continue within it.
std::vector<int64_t> shuffled(int64_t examples, uint64_t seed, int epoch) {
  std::vector<int64_t> order(static_cast<size_t>(examples));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::mt19937_64 generator(DropoutPlan::split_seed(seed, static_cast<uint64_t>(epoch)));
  std::shuffle(order.begin(), order.end(), generator);
  return order;
}

// Random stream of an epoch's dropout; different from the seeds of the orders.
constexpr uint64_t kDropoutStream = uint64_t{1} << 40;

// Saving the state takes at most this share of the time, unless that would be too rarely.
constexpr int kSaveShare = 100;
constexpr auto kFewMinutes = std::chrono::minutes(3);    // between two states in a long epoch
constexpr auto kMostMinutes = std::chrono::minutes(10);  // that a killed process may lose

// Returns the value of process 0, so that all processes decide by the same number even if kernels
// of another GPU rounded differently.
double value_of_first(ProcessGroup& group, double value) {
  return group.sum(group.rank() == 0 ? value : 0.0);
}

}  // namespace

struct Fit::Run {
  const EncodedDataset& training;
  const EncodedDataset* validation;
  FitProgress progress;
  TrainingFolder& folder;
  const std::string& fingerprint;
  int64_t steps_per_epoch;
  int64_t total_steps;
};

struct Fit::Requests {
  bool stop = false;
  bool save = false;
};

Fit::Fit(ThreadPool& pool,
         const GradientWorkers::BackendFactory& create_backend,
         const ModelConfig& config,
         const FitSettings& settings,
         const OwnedWeights& weights,
         const TrainingCallbacks& callbacks,
         ProcessGroup& group)
    : config_(config),
      settings_(settings),
      weights_(weights),
      callbacks_(callbacks),
      group_(group),
      workers_(pool, create_backend, config, &group),
      loss_scale_(settings.precision == Precision::fp16),
      model_(prepare_model(
          workers_.backend(0), config, weights.weights, settings.precision, WeightUse::training)),
      evaluation_model_(prepare_model(
          workers_.backend(0), config, weights.weights, Precision::fp32, WeightUse::training)),
      optimizer_(pool, workers_, settings, weights, model_),
      validation_(pool, workers_, config),
      last_save_(Clock::now()) {}

// Repeats the step with a smaller loss scale, if there is one, until no gradient overflows.
StepGradient Fit::gradient_of(const Run& run, int64_t step, std::span<const int64_t> examples) {
  const DropoutPlan dropout{
      settings_.hidden_dropout,
      settings_.attention_dropout,
      settings_.head_dropout,
      DropoutPlan::split_seed(settings_.seed, kDropoutStream + static_cast<uint64_t>(step))};
  for (;;) {
    const StepLoss loss{settings_.label_smoothing, settings_.class_weights, loss_scale_.value()};
    const StepGradient gradient = workers_.run(model_, run.training, examples, loss, dropout);
    if (std::isfinite(gradient.loss) && std::isfinite(gradient.norm)) {
      return gradient;
    }
    if (std::isfinite(gradient.loss) && loss_scale_.try_smaller()) {
      continue;
    }
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format(
            "train: expected a finite loss, found {} with gradient norm {} in step {}; a lower "
            "learning rate than {} may help",
            gradient.loss,
            gradient.norm,
            step,
            settings_.learning_rate));
  }
}

void Fit::run_step(Run& run, std::span<const int64_t> examples) {
  FitProgress& progress = run.progress;
  const auto begin = Clock::now();
  const int64_t step = progress.step + 1;
  const double share = learning_rate_share(step, run.total_steps, settings_.warmup_share);
  const StepGradient gradient = gradient_of(run, step, examples);
  optimizer_.step(step, share, gradient.norm, loss_scale_.value());
  loss_scale_.step_is_done();
  progress.loss_scale = loss_scale_.value();
  progress.loss_scale_steps = loss_scale_.good_steps();
  progress.overflows = loss_scale_.overflows();

  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  progress.step = step;
  ++progress.step_in_epoch;
  progress.epoch_loss += gradient.loss * static_cast<double>(examples.size());
  progress.epoch_seconds += seconds;
  progress.seconds += seconds;
  progress.examples += static_cast<int64_t>(examples.size());
  if (callbacks_.on_step) {
    StepReport report;
    report.refitting = progress.refitting;
    report.step = step;
    report.total_steps = run.total_steps;
    report.epoch = static_cast<double>(step) / static_cast<double>(run.steps_per_epoch);
    report.loss = gradient.loss;
    report.learning_rate = settings_.learning_rate * share;
    report.gradient_norm = gradient.norm;
    report.examples_per_second = static_cast<double>(examples.size()) / seconds;
    callbacks_.on_step(report);
  }
}

void Fit::run_epoch(Run& run) {
  FitProgress& progress = run.progress;
  const std::vector<int64_t> order =
      shuffled(run.training.examples(), settings_.seed, progress.epoch);
  while (progress.step_in_epoch < run.steps_per_epoch) {
    const auto begin = static_cast<size_t>(progress.step_in_epoch * settings_.batch_size);
    const size_t size = std::min(static_cast<size_t>(settings_.batch_size), order.size() - begin);
    run_step(run, std::span(order).subspan(begin, size));
    const Requests requested = requests();
    if (requested.stop) {
      stop(run);
    }
    if (requested.save) {
      try_to_save_state(run);
    }
  }
}

// A Ctrl-C may reach all processes or only one, at different steps of each, and their clocks
// differ; the sum makes all stop, or save, after the same step.
Fit::Requests Fit::requests() {
  constexpr double kSave = 1 << 20;  // more than there are processes
  double sum = callbacks_.should_stop && callbacks_.should_stop() ? 1 : 0;
  if (group_.rank() == 0 && state_is_due(false)) {
    sum += kSave;
  }
  sum = group_.sum(sum);
  return {std::fmod(sum, kSave) > 0, sum >= kSave};
}

bool Fit::state_is_due(bool epoch_is_done) const {
  const Clock::duration since = Clock::now() - last_save_;
  const Clock::duration cheap = kSaveShare * save_time_;
  const Clock::duration wait =
      epoch_is_done ? cheap : std::max<Clock::duration>(cheap, kFewMinutes);
  return since >= std::min<Clock::duration>(wait, kMostMinutes);
}

void Fit::save_state(Run& run) {
  const auto begin = Clock::now();
  run.folder.save_state(
      run.fingerprint, run.progress, workers_.backend(0), weights_, optimizer_.state());
  last_save_ = Clock::now();
  save_time_ = last_save_ - begin;
}

void Fit::save_stopped(Run& run) {
  try {
    save_state(run);
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("train: stopped after step {}, and the state could not be saved; an "
                            "earlier one, if there is one, is in {} ({})",
                            run.progress.step,
                            run.folder.path().string(),
                            error.what()));
  }
}

// Training continues without: the state before it is still there.
void Fit::try_to_save_state(Run& run) {
  try {
    save_state(run);
  } catch (const Error& error) {
    last_save_ = Clock::now();
    if (callbacks_.on_message) {
      callbacks_.on_message(
          fmt::format("the state of the run could not be saved; a process that is killed now loses "
                      "what it learnt since the last one ({})",
                      error.what()));
    }
  }
}

void Fit::stop(Run& run) {
  save_stopped(run);
  group_.sum(0.0);  // when one process ends, its launcher may end those that are still saving
  throw Error(ErrorCode::interrupted,
              fmt::format("train: stopped after step {} of {}; the state is in {}",
                          run.progress.step,
                          run.total_steps,
                          run.folder.path().string()));
}

// A state that is saved in here says that the epoch is not done, although it has all its steps: a run
// that continues from it begins with the validation.
EpochReport Fit::measure_epoch(Run& run) {
  FitProgress& progress = run.progress;
  std::optional<std::vector<std::vector<float>>> found;
  if (run.validation != nullptr) {
    found = try_logits(*run.validation);
    if (!found) {
      stop(run);
    }
  }
  ++progress.epoch;
  EpochReport report;
  report.refitting = progress.refitting;
  report.epoch = progress.epoch;
  report.step = progress.step;
  report.training_loss = progress.epoch_loss / static_cast<double>(run.training.examples());
  report.examples_per_second =
      static_cast<double>(run.training.examples()) / progress.epoch_seconds;
  report.best = true;
  if (found) {
    report.validation =
        evaluate_logits(*found, labels_of(*run.validation, config_.intents), config_.intents);
    const double accuracy = value_of_first(group_, report.validation->accuracy);
    const double loss = value_of_first(group_, report.validation->loss);
    report.best = accuracy > progress.best_accuracy ||
                  (accuracy == progress.best_accuracy && loss < progress.best_loss);
    if (report.best) {
      progress.best_accuracy = accuracy;
      progress.best_loss = loss;
      best_logits_ = std::move(*found);
      run.folder.save_best(workers_.backend(0), weights_);
    }
  }
  return report;
}

void Fit::finish_epoch(Run& run) {
  FitProgress& progress = run.progress;
  optimizer_.catch_up();
  const EpochReport report = measure_epoch(run);
  if (report.best) {
    progress.best_epoch = progress.epoch;
  }
  progress.step_in_epoch = 0;
  progress.epoch_loss = 0;
  progress.epoch_seconds = 0;
  // Before the report, whose reader may end the process.
  if (value_of_first(group_, state_is_due(true) ? 1 : 0) > 0) {
    try_to_save_state(run);
  }
  if (callbacks_.on_epoch) {
    callbacks_.on_epoch(report);
  }
}

bool Fit::continues(const FitProgress& progress) const {
  return progress.epoch < settings_.epochs &&
         progress.epoch - progress.best_epoch < settings_.patience;
}

FitProgress Fit::run(const EncodedDataset& training,
                     const EncodedDataset* validation,
                     FitProgress progress,
                     TrainingFolder& folder,
                     const std::string& fingerprint) {
  const int64_t steps_per_epoch =
      (training.examples() + settings_.batch_size - 1) / settings_.batch_size;
  const auto total_steps = checked_product(steps_per_epoch, settings_.epochs);
  if (!total_steps || progress.step > *total_steps || progress.epoch > settings_.epochs) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("resume: expected at most {} epochs of {} steps, found step {} of epoch "
                    "{} ({})",
                    settings_.epochs,
                    steps_per_epoch,
                    progress.step,
                    progress.epoch,
                    folder.path().string()));
  }
  Run run{training, validation, progress, folder, fingerprint, steps_per_epoch, *total_steps};
  if (progress.step > 0) {
    folder.load_state(workers_.backend(0), weights_, optimizer_.state());
    loss_scale_.restore(progress.loss_scale, progress.loss_scale_steps, progress.overflows);
    optimizer_.restore_rates(progress.step, [&](int64_t step) {
      return learning_rate_share(step, run.total_steps, settings_.warmup_share);
    });
    optimizer_.refresh_weights();
  }
  while (continues(run.progress)) {
    run_epoch(run);
    finish_epoch(run);
  }
  // The best epoch was before an interruption: its logits are computed again.
  const bool lacks_logits = validation != nullptr && best_logits_.empty();
  if (validation != nullptr && run.progress.best_epoch != run.progress.epoch) {
    if (lacks_logits) {
      try_to_save_state(run);  // while its weights are here, in case that is interrupted, too
    }
    folder.load_best(workers_.backend(0), weights_);
    optimizer_.refresh_weights();
  }
  if (lacks_logits) {
    best_logits_ = logits(*validation);
  }
  return run.progress;
}

std::vector<std::vector<float>> Fit::logits(const EncodedDataset& data) {
  auto found = try_logits(data);
  if (!found) {
    throw Error(ErrorCode::interrupted,
                "train: stopped while the best epoch was measured; its weights are kept");
  }
  return std::move(*found);
}

// Nothing when any process is to stop.
std::optional<std::vector<std::vector<float>>> Fit::try_logits(const EncodedDataset& data) {
  Backend& backend = workers_.backend(0);
  for (const WeightToRefresh& weight : weights_to_refresh(evaluation_model_, weights_.weights)) {
    backend.refresh_weight(*weight.prepared, 0, weight.source.rows);
  }
  backend.synchronize();  // the other workers' backends read the weights
  auto found = validation_.run(evaluation_model_, data, callbacks_.should_stop);
  if (group_.sum(found ? 0.0 : 1.0) > 0) {
    return std::nullopt;
  }
  return found;
}

}  // namespace fastintent
