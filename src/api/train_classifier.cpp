#include <fmt/format.h>

#include "api/classifier_state.h"
#include "api/output_folder.h"
#include "devices/create_backend.h"
#include "fastintent/error.h"
#include "fastintent/hub.h"
#include "model/load_weights.h"
#include "model/save_model.h"

namespace fastintent {
namespace {

// The folder of the model in use, from which training starts: it must still have that model.
std::filesystem::path folder_in_use(const TrainedModel& trained) {
  std::filesystem::path path = trained.folder.path();
  if (ModelFolder(path).fingerprint() != trained.folder.fingerprint()) {
    throw Error(
        ErrorCode::io_error,
        fmt::format("train: expected the model in use in its folder, found that another one "
                    "has replaced it; give base_model, or save() the model in use first and "
                    "train from there ({})",
                    path.string()));
  }
  return path;
}

}  // namespace

TrainingReport IntentClassifier::train(const LabelledTexts& training,
                                       const LabelledTexts* validation,
                                       TrainingOptions options,
                                       const TrainingCallbacks& callbacks) {
  const OneAtATime::Turn turn(state_->turns, "train", callbacks.should_stop);
  const ClassifierOptions& own = state_->options;
  if (options.base_model.empty()) {
    options.base_model =
        state_->is_loaded()
            ? folder_in_use(*state_->predictor()->trained())
            : find_model(own.model_name,
                         {callbacks.on_download, callbacks.should_stop, callbacks.on_message});
  }
  std::shared_ptr<ScratchFolder> scratch;
  if (options.output.empty()) {
    scratch = std::make_shared<ScratchFolder>();
    options.output = scratch->path() / "model";
  }
  options.device = own.device;
  options.gpu = own.gpu;
  options.threads = own.threads;
  if (options.max_length == 0) {
    options.max_length = own.max_length;
  }
  TrainingReport report = Trainer(options, callbacks).train(training, validation);
  if (training_rank() == 0) {
    state_->load(options.output, std::move(scratch));
  }
  return report;
}

void IntentClassifier::save(const std::filesystem::path& path, bool overwrite) const {
  const std::shared_ptr<Predictor> predictor = state_->predictor();
  const ModelFolder& source = predictor->trained()->folder;
  const OutputFolder output("save", path, overwrite);
  const ModelFiles files =
      compose_model_files(source, source.config(), predictor->trained()->tokenizer.max_length());
  // Read from the opened files again: the weights in memory may be packed in another precision.
  const OwnedWeights weights =
      allocate_host_weights(source.config(), source.config().encoder.vocabulary);
  load_trained_weights(source, source.config(), weights.weights);
  source.require_unchanged_weights("save");
  output.replace([&](const std::filesystem::path& out) {
    save_model(out, files, source.config(), weights.weights, source.calibration());
  });
}

}  // namespace fastintent
