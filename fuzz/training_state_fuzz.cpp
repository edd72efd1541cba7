#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "folder.h"
#include "reference/reference_backend.h"
#include "train/optimizer.h"
#include "train/training_folder.h"

// Reads the state of an interrupted training run: progress.json, then, after a zero byte,
// tensors.safetensors.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  static const fuzz::Folder folder;
  static const TrainingFolder state(folder.path() / "run");
  static const std::unique_ptr<Backend> backend = create_reference_backend();
  static OwnedWeights weights;
  static OptimizerState optimizer;
  static const bool ready = [] {
    std::filesystem::create_directories(state.path() / "state");
    for (Buffer* buffer : {&weights.flat,
                           &weights.word,
                           &optimizer.first_moment,
                           &optimizer.second_moment,
                           &optimizer.word_first_moment,
                           &optimizer.word_second_moment}) {
      *buffer = backend->allocate(1, 1);
    }
    optimizer.word_steps.assign(2, 0);
    return true;
  }();
  const std::string_view input = fuzz::as_text(data, size);
  const size_t end = std::min(input.find('\0'), input.size());
  folder.write("run.training/state/progress.json", input.substr(0, end));
  folder.write("run.training/state/tensors.safetensors",
               input.substr(std::min(end + 1, input.size())));
  fuzz::attempt([&] {
    fuzz::require(ready && state.has_state());
    const FitProgress progress = state.load_progress("fuzz");
    fuzz::require(progress.epoch >= 0 && progress.step >= 0 && progress.step_in_epoch >= 0);
    state.load_state(*backend, weights, optimizer);
    for (const int32_t step : optimizer.word_steps) {
      fuzz::require(step >= 0 && step <= progress.step);
    }
  });
  return 0;
}
