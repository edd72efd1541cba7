#include "api/classifier_state.h"
#include "api/output_folder.h"
#include "base/replace_folder.h"
#include "compute/create_backend.h"
#include "fastintent/hub.h"
#include "model/load_weights.h"
#include "model/save_model.h"

namespace fastintent {
namespace {

// A download tells that it has begun, and stops when training would.
HubCallbacks hub_callbacks(const std::string& model_name, const TrainingCallbacks& callbacks) {
  HubCallbacks hub;
  hub.should_stop = callbacks.should_stop;
  if (callbacks.on_message) {
    hub.on_progress = [&, told = false](const DownloadProgress&) mutable {
      if (!told) callbacks.on_message("downloading " + model_name);
      told = true;
    };
  }
  return hub;
}

}  // namespace

TrainingReport IntentClassifier::train(const LabelledTexts& training,
                                       const LabelledTexts* validation,
                                       TrainingOptions options,
                                       const TrainingCallbacks& callbacks) {
  const std::lock_guard one(state_->one_at_a_time);
  const ClassifierOptions& own = state_->options;
  if (options.base_model.empty()) {
    options.base_model = state_->is_loaded()
                             ? state_->predictor()->trained()->folder.path()
                             : find_model(own.model_name, hub_callbacks(own.model_name, callbacks));
  }
  std::shared_ptr<ScratchFolder> scratch;
  if (options.output.empty()) {
    scratch = std::make_shared<ScratchFolder>();
    options.output = scratch->path() / "model";
  }
  options.device = own.device;
  options.threads = own.threads;
  if (options.max_length == 0) options.max_length = own.max_length;
  TrainingReport report = Trainer(options, callbacks).train(training, validation);
  state_->load(options.output, std::move(scratch));
  return report;
}

void IntentClassifier::save(const std::filesystem::path& folder, bool overwrite) const {
  const std::shared_ptr<Predictor> predictor = state_->predictor();
  const ModelFolder& source = predictor->trained()->folder;
  const std::filesystem::path output = normalized_output(folder);
  require_output_folder("save", output, overwrite);
  // From the folder it was loaded from: what is in memory may be packed in another precision.
  const auto backend = create_backend(Device::cpu);
  const OwnedWeights weights =
      allocate_weights(*backend, source.config(), source.config().encoder.vocabulary);
  load_trained_weights(source, source.config(), weights.weights);
  replace_folder(output, [&](const std::filesystem::path& out) {
    save_model(out,
               source,
               source.config(),
               weights.weights,
               predictor->trained()->tokenizer.max_length(),
               source.calibration());
  });
}

}  // namespace fastintent
