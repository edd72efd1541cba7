#include "train/training_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/json_document.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

using nlohmann::ordered_json;

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

TrainingFolder::TrainingFolder(const std::filesystem::path& output) {
  std::filesystem::path base = output.lexically_normal();
  if (!base.has_filename()) base = base.parent_path();  // "models/support/"
  path_ = base;
  path_ += ".training";
}

bool TrainingFolder::has_state() const {
  return std::filesystem::exists(path_ / "state.json");
}

void TrainingFolder::create() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  std::filesystem::create_directories(path_, error);
  if (error) {
    throw Error(
        ErrorCode::cannot_create,
        fmt::format("train: expected to create {}, found: {}", path_.string(), error.message()));
  }
}

void TrainingFolder::remove() {
  std::error_code ignored;  // the model is saved; a left-over folder does no harm
  std::filesystem::remove_all(path_, ignored);
}

void TrainingFolder::save_best(const OwnedWeights& weights) {
  const TensorToWrite tensors[] = {to_write("weights", weights.flat),
                                   to_write("words", weights.word)};
  write_safetensors(path_ / "best.safetensors", tensors);
}

void TrainingFolder::load_best(const OwnedWeights& weights) {
  const TensorFiles file = TensorFiles::open_file(path_ / "best.safetensors");
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
  write_safetensors(path_ / "state.safetensors", tensors);
  // Last: where state.json stands, the state is whole.
  write_json(path_ / "state.json",
             {{"fingerprint", fingerprint},
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
              {"word_steps", optimizer.word_steps}});
}

FitProgress TrainingFolder::load_progress(const std::string& fingerprint) const {
  const JsonDocument document = JsonDocument::read(path_ / "state.json");
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
  const TensorFiles file = TensorFiles::open_file(path_ / "state.safetensors");
  read_into(file, "weights", weights.flat);
  read_into(file, "words", weights.word);
  read_into(file, "first_moment", optimizer.first_moment);
  read_into(file, "second_moment", optimizer.second_moment);
  read_into(file, "word_first_moment", optimizer.word_first_moment);
  read_into(file, "word_second_moment", optimizer.word_second_moment);

  const JsonDocument document = JsonDocument::read(path_ / "state.json");
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
