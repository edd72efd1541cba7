#include "train/training_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/replace_folder.h"
#include "checkpoint/json_document.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kTensors = "tensors.safetensors";
constexpr const char* kProgress = "progress.json";

// Buffers end in filler; both sides of a copy have the same.
std::span<float> all_of(const Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

TensorToWrite to_write(const char* name, const Buffer& buffer) {
  return {name, {buffer.size()}, all_of(buffer)};
}

void read_into(const TensorFiles& file, const char* name, const Buffer& buffer) {
  const StoredTensor* stored = file.find(name);
  if (stored == nullptr) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("resume: expected a tensor {}, found none ({})", name, file.description()));
  }
  read_tensor(*stored, Tensor(buffer.data(), 1, buffer.size()));
}

}  // namespace

TrainingFolder::TrainingFolder(const fs::path& output) : path_(output) {
  path_ += ".training";
}

bool TrainingFolder::has_state() const {
  std::error_code ignored;
  return fs::exists(state() / kProgress, ignored);
}

void TrainingFolder::create() {
  remove();
  std::error_code error;
  const bool in_use = fs::exists(path_, error) && !fs::is_empty(path_, error);
  if (!error && !in_use) fs::create_directories(path_, error);
  if (error || in_use) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("train: expected to create {}, found: {}",
                            path_.string(),
                            in_use ? "files that are not a training run's" : error.message()));
  }
}

void TrainingFolder::remove() {
  std::error_code ignored;  // create() tells of what is left; after a run it does no harm
  for (const char* name : {kProgress, kTensors}) fs::remove(state() / name, ignored);
  fs::remove(state(), ignored);
  fs::remove(best(), ignored);
  fs::remove(path_, ignored);  // only when empty
}

void TrainingFolder::save_best(const OwnedWeights& weights) {
  const TensorToWrite tensors[] = {to_write("weights", weights.flat),
                                   to_write("words", weights.word)};
  write_safetensors(best(), tensors);
}

void TrainingFolder::load_best(const OwnedWeights& weights) {
  const TensorFiles file = TensorFiles::open_file(best());
  read_into(file, "weights", weights.flat);
  read_into(file, "words", weights.word);
}

void TrainingFolder::save_state(const std::string& fingerprint,
                                const FitProgress& progress,
                                const OwnedWeights& weights,
                                const OptimizerState& optimizer) {
  const TensorToWrite tensors[] = {to_write("weights", weights.flat),
                                   to_write("words", weights.word),
                                   to_write("first_moment", optimizer.first_moment),
                                   to_write("second_moment", optimizer.second_moment),
                                   to_write("word_first_moment", optimizer.word_first_moment),
                                   to_write("word_second_moment", optimizer.word_second_moment)};
  const ordered_json standing = {{"fingerprint", fingerprint},
                                 {"refitting", progress.refitting},
                                 {"refit_epochs", progress.refit_epochs},
                                 {"epoch", progress.epoch},
                                 {"step", progress.step},
                                 {"step_in_epoch", progress.step_in_epoch},
                                 {"epoch_loss", progress.epoch_loss},
                                 {"epoch_seconds", progress.epoch_seconds},
                                 {"seconds", progress.seconds},
                                 {"examples", progress.examples},
                                 {"best_epoch", progress.best_epoch},
                                 {"best_accuracy", progress.best_accuracy},
                                 {"best_loss", progress.best_loss},
                                 {"word_steps", optimizer.word_steps}};
  // As one folder, so that a run killed here leaves the state before it whole.
  replace_folder(state(), [&](const fs::path& out) {
    write_safetensors(out / kTensors, tensors);
    write_json(out / kProgress, standing);
  });
}

FitProgress TrainingFolder::load_progress(const std::string& fingerprint) const {
  const JsonDocument document = JsonDocument::read(state() / kProgress);
  if (document.text_or("fingerprint", "") != fingerprint) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("resume: expected the settings, base model and data of the interrupted "
                            "run, found others ({})",
                            document.name()));
  }
  FitProgress progress;
  progress.refitting = document.boolean_or("refitting", false);
  progress.refit_epochs = static_cast<int>(document.integer("refit_epochs"));
  progress.epoch = static_cast<int>(document.integer("epoch"));
  progress.step = document.integer("step");
  progress.step_in_epoch = document.integer("step_in_epoch");
  progress.epoch_loss = document.number_or("epoch_loss", 0);
  progress.epoch_seconds = document.number_or("epoch_seconds", 0);
  progress.seconds = document.number_or("seconds", 0);
  progress.examples = document.integer("examples");
  progress.best_epoch = static_cast<int>(document.integer("best_epoch"));
  progress.best_accuracy = document.number_or("best_accuracy", -1);
  progress.best_loss = document.number_or("best_loss", 0);
  return progress;
}

void TrainingFolder::load_state(const OwnedWeights& weights, OptimizerState& optimizer) const {
  const TensorFiles file = TensorFiles::open_file(state() / kTensors);
  read_into(file, "weights", weights.flat);
  read_into(file, "words", weights.word);
  read_into(file, "first_moment", optimizer.first_moment);
  read_into(file, "second_moment", optimizer.second_moment);
  read_into(file, "word_first_moment", optimizer.word_first_moment);
  read_into(file, "word_second_moment", optimizer.word_second_moment);

  const JsonDocument document = JsonDocument::read(state() / kProgress);
  const auto& steps = document.value().value("word_steps", nlohmann::json::array());
  const bool whole = steps.is_array() && steps.size() == optimizer.word_steps.size() &&
                     std::all_of(steps.begin(), steps.end(), [](const auto& step) {
                       return step.is_number_integer();
                     });
  if (!whole) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("resume: expected {} word steps, found others ({})",
                            optimizer.word_steps.size(),
                            document.name()));
  }
  optimizer.word_steps = steps.get<std::vector<int32_t>>();
}

}  // namespace fastintent
