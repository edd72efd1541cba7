#include "train/training_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <list>
#include <vector>

#include "base/file_writer.h"
#include "base/folder_entries.h"
#include "base/output_place.h"
#include "base/replace_folder.h"
#include "checkpoint/checksum.h"
#include "checkpoint/json_document.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTensors = "tensors.safetensors";
constexpr const char* kProgress = "progress.json";
constexpr const char* kChecksum = "checksum";
// Format version of an interrupted run's state. Version 1 had no such number, and its fingerprint
// was made from the settings without their names; version 2 had no checksums.
constexpr int64_t kStateVersion = 3;

// A state of more steps was not written by a training run.
constexpr int64_t kMostSteps = std::numeric_limits<int32_t>::max();

// A number of steps or epochs in the state.
int64_t count_of(const JsonDocument& document, const char* key) {
  const int64_t count = document.integer(key);
  if (count < 0 || count > kMostSteps) {
    document.fail(key, fmt::format("a count from 0 to {}", kMostSteps));
  }
  return count;
}

// Buffers of a backend as tensors of a file. Buffers end with filler, the same on both sides of a
// copy.
class BuffersToWrite {
 public:
  explicit BuffersToWrite(Backend& backend) : backend_(backend) {}

  void add(const char* name, const Buffer& buffer) {
    HostView& view = views_.emplace_back(backend_, buffer);
    view.read();
    tensors_.push_back({name, {buffer.size()}, view.values()});
  }
  void add(const OwnedWeights& weights) {
    add("weights", weights.flat);
    add("words", weights.word);
  }

  const std::vector<TensorToWrite>& tensors() const { return tensors_; }

 private:
  Backend& backend_;
  std::list<HostView> views_;
  std::vector<TensorToWrite> tensors_;
};

// The values of `document` with their checksum, which verify_progress compares.
JsonTree with_checksum(const JsonWriter& document) {
  JsonTree values = parse_json(document.text(), kProgress);
  const std::string sum = checksum(values->dump());
  values.renew(kChecksum) = sum;
  return values;
}

void verify_progress(const JsonDocument& document) {
  JsonTree values(document.value());
  values.erase(kChecksum);
  const std::string found = checksum(values->dump());
  if (document.text_or(kChecksum, "") != found) {
    document.fail(kChecksum, fmt::format("{}, that of the other values,", found));
  }
}

TensorFiles open_tensors(const fs::path& file) {
  TensorFiles tensors = TensorFiles::open_file(file);
  verify_metadata(tensors);
  return tensors;
}

void read_into(Backend& backend, const TensorFiles& file, const char* name, const Buffer& buffer) {
  const StoredTensor* stored = file.find(name);
  if (stored == nullptr) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("resume: expected a tensor {}, found none ({})", name, file.description()));
  }
  const HostView view(backend, buffer);
  read_tensor(*stored, Tensor(view.values().data(), 1, buffer.size()));
  verify_checksum(file, *stored, std::as_bytes(view.values()));
  view.write();
}

void read_weights(Backend& backend, const TensorFiles& file, const OwnedWeights& weights) {
  read_into(backend, file, "weights", weights.flat);
  read_into(backend, file, "words", weights.word);
}

// Begins the document of a state; it ends with end_object().
void begin_progress(JsonWriter& document,
                    const std::string& fingerprint,
                    const FitProgress& progress) {
  document.begin_object();
  document.member("format_version", kStateVersion);
  document.member("fingerprint", fingerprint);
  document.member("refitting", progress.refitting);
  document.member("refit_epochs", progress.refit_epochs);
  document.member("trained", progress.trained);
  document.member("epoch", progress.epoch);
  document.member("step", progress.step);
  document.member("step_in_epoch", progress.step_in_epoch);
  document.member("epoch_loss", progress.epoch_loss);
  document.member("epoch_seconds", progress.epoch_seconds);
  document.member("seconds", progress.seconds);
  document.member("examples", progress.examples);
  document.member("best_epoch", progress.best_epoch);
  document.member("best_accuracy", progress.best_accuracy);
  document.member("best_loss", progress.best_loss);
  document.member("loss_scale", progress.loss_scale);
  document.member("loss_scale_steps", progress.loss_scale_steps);
  document.member("overflows", progress.overflows);
}

// Replaced as one folder, so that the previous state stays complete if the run is killed here.
void replace_state(const fs::path& state,
                   const JsonWriter& progress,
                   const std::vector<TensorToWrite>& tensors) {
  const auto contains = [](const fs::path& file) { return file == kTensors || file == kProgress; };
  replace_folder(state, {contains}, [&](const fs::path& out) {
    if (!tensors.empty()) {
      write_safetensors(out / kTensors, tensors, with_checksums({}, tensors));
    }
    write_file(out / kProgress, json_text(with_checksum(progress), kProgress));
  });
}

bool has_progress(const fs::path& state) {
  std::error_code ignored;
  return fs::exists(complete_folder(state) / kProgress, ignored);
}

// fs::remove() alone would also remove a file in the folder's place, which no run wrote.
void remove_empty_folder(const fs::path& folder) {
  std::error_code ignored;
  if (fs::is_directory(fs::symlink_status(folder, ignored))) {
    fs::remove(folder, ignored);
  }
}

// Removes the folder of a state, but no file that was not written for it.
void remove_state(const fs::path& state) {
  if (complete_folder(state) != state) {
    remove_tree(complete_folder(state));
  }
  std::error_code ignored;
  for (const char* name : {kProgress, kTensors}) {
    fs::remove(state / name, ignored);
  }
  remove_empty_folder(state);
}

// `state`: the folder of a state.
FitProgress read_progress(const fs::path& state, const std::string& fingerprint) {
  const JsonDocument document = JsonDocument::read(state / kProgress);
  const int64_t version = document.integer_or("format_version", 1);
  if (version != kStateVersion) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("resume: expected a state of format version {}, found {}, of another "
                            "version of fastintent; train anew, with overwrite (--force) ({})",
                            kStateVersion,
                            version,
                            document.name()));
  }
  verify_progress(document);
  if (document.text_or("fingerprint", "") != fingerprint) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("resume: expected the settings, base model and data of the interrupted "
                            "run, found others ({})",
                            document.name()));
  }
  FitProgress progress;
  progress.refitting = document.boolean_or("refitting", false);
  progress.refit_epochs = static_cast<int>(count_of(document, "refit_epochs"));
  progress.trained = document.boolean_or("trained", false);
  progress.epoch = static_cast<int>(count_of(document, "epoch"));
  progress.step = count_of(document, "step");
  progress.step_in_epoch = count_of(document, "step_in_epoch");
  progress.epoch_loss = document.number_or("epoch_loss", 0);
  progress.epoch_seconds = document.number_or("epoch_seconds", 0);
  progress.seconds = document.number_or("seconds", 0);
  progress.examples = document.integer("examples");
  progress.best_epoch = static_cast<int>(count_of(document, "best_epoch"));
  progress.best_accuracy = document.number_or("best_accuracy", -1);
  progress.best_loss = document.number_or("best_loss", 0);
  progress.loss_scale = document.number_or("loss_scale", 1);
  progress.loss_scale_steps = document.integer("loss_scale_steps");
  progress.overflows = document.integer("overflows");
  return progress;
}

}  // namespace

TrainingFolder::TrainingFolder(const fs::path& output, int rank, int processes)
    : path_(companion(output, rank == 0 ? ".training" : fmt::format(".training.{}", rank))),
      keeps_previous_(processes > 1) {}

// The state that the run continues from. A process that was killed in keep_previous, or in its first
// state after that, has only the previous one.
fs::path TrainingFolder::current() const {
  return complete_folder(has_progress(state()) || !has_progress(previous()) ? state() : previous());
}

bool TrainingFolder::has_state() const {
  return has_progress(state()) || has_progress(previous());
}

bool TrainingFolder::has_results() const {
  std::error_code ignored;
  return has_state() || fs::exists(best(), ignored);
}

void TrainingFolder::create(bool keep_best) {
  std::error_code error;
  const bool is_link = fs::is_symlink(path_, error);
  if (!is_link && !keep_best) {
    remove();
  }
  const bool is_file = fs::exists(path_, error) && !fs::is_directory(path_, error);
  const bool in_use =
      !is_file && fs::exists(path_, error) && !entries_of(path_).empty() && !keep_best;
  if (!error && !is_link && !is_file && !in_use) {
    fs::create_directories(path_, error);
  }
  if (error || is_link || is_file || in_use) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("train: expected to create {}, found: {}",
                            path_.string(),
                            is_link   ? "a link"
                            : is_file ? "a file"
                            : in_use  ? "files that are not a training run's"
                                      : error.message()));
  }
}

void TrainingFolder::remove() {
  std::error_code ignored;  // create() reports remaining files; after a run they are harmless
  for (const fs::path& written : {state(), best()}) {  // what killed processes left
    for (const fs::path& partial : companions_of_all(written, ".partial")) {
      remove_tree(partial);
    }
  }
  remove_state(state());
  remove_state(previous());
  fs::remove(best(), ignored);
  remove_empty_folder(path_);
}

// There is a complete state at every moment: the previous one from the renaming on.
void TrainingFolder::keep_previous() const {
  if (!keeps_previous_ || !has_progress(state())) {
    return;
  }
  remove_state(previous());
  std::error_code error;
  fs::rename(state(), previous(), error);
  if (error) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("train: expected to rename {} to {}, found: {}",
                            state().string(),
                            previous().filename().string(),
                            error.message()));
  }
}

void TrainingFolder::save_best(Backend& backend, const OwnedWeights& weights) {
  BuffersToWrite buffers(backend);
  buffers.add(weights);
  write_safetensors(best(), buffers.tensors(), with_checksums({}, buffers.tensors()));
}

void TrainingFolder::load_best(Backend& backend, const OwnedWeights& weights) {
  read_weights(backend, open_tensors(best()), weights);
}

void TrainingFolder::save_state(const std::string& fingerprint,
                                const FitProgress& progress,
                                Backend& backend,
                                const OwnedWeights& weights,
                                const OptimizerState& optimizer) {
  BuffersToWrite buffers(backend);
  buffers.add(weights);
  buffers.add("first_moment", optimizer.first_moment);
  buffers.add("second_moment", optimizer.second_moment);
  buffers.add("word_first_moment", optimizer.word_first_moment);
  buffers.add("word_second_moment", optimizer.word_second_moment);
  JsonWriter document;
  begin_progress(document, fingerprint, progress);
  document.member("word_steps", optimizer.word_steps);
  document.end_object();
  keep_previous();
  replace_state(state(), document, buffers.tensors());
}

void TrainingFolder::save_state(const std::string& fingerprint,
                                const FitProgress& progress,
                                Backend& backend,
                                const OwnedWeights* weights) {
  BuffersToWrite buffers(backend);
  if (weights != nullptr) {
    buffers.add(*weights);
  }
  JsonWriter document;
  begin_progress(document, fingerprint, progress);
  document.end_object();
  keep_previous();
  replace_state(state(), document, buffers.tensors());
}

FitProgress TrainingFolder::load_progress(const std::string& fingerprint) const {
  return read_progress(current(), fingerprint);
}

std::optional<FitProgress> TrainingFolder::load_previous_progress(
    const std::string& fingerprint) const {
  if (!has_progress(state()) || !has_progress(previous())) {
    return std::nullopt;
  }
  return read_progress(complete_folder(previous()), fingerprint);
}

void TrainingFolder::return_to_previous() {
  remove_state(state());
  if (has_progress(state())) {
    throw Error(ErrorCode::io_error,
                fmt::format("resume: expected to remove {}, found that it is still there",
                            state().string()));
  }
}

void TrainingFolder::load_state(Backend& backend,
                                const OwnedWeights& weights,
                                OptimizerState& optimizer) const {
  const TensorFiles file = open_tensors(current() / kTensors);
  read_weights(backend, file, weights);
  read_into(backend, file, "first_moment", optimizer.first_moment);
  read_into(backend, file, "second_moment", optimizer.second_moment);
  read_into(backend, file, "word_first_moment", optimizer.word_first_moment);
  read_into(backend, file, "word_second_moment", optimizer.word_second_moment);

  const JsonDocument document = JsonDocument::read(current() / kProgress);
  verify_progress(document);
  const auto& steps = document.array("word_steps");
  const auto last_step = static_cast<uint64_t>(count_of(document, "step"));
  const bool whole =
      steps.is_array() && steps.size() == optimizer.word_steps.size() &&
      std::all_of(steps.begin(), steps.end(), [&](const auto& step) {
        return step.is_number_unsigned() && step.template get<uint64_t>() <= last_step;
      });
  if (!whole) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("resume: expected {} word steps, found others ({})",
                            optimizer.word_steps.size(),
                            document.name()));
  }
  optimizer.word_steps = steps.get<std::vector<int32_t>>();
}

void TrainingFolder::load_weights(Backend& backend, const OwnedWeights& weights) const {
  read_weights(backend, open_tensors(current() / kTensors), weights);
}

}  // namespace fastintent
