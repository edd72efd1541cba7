#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "model/model_folder.h"
#include "model/model_weights.h"

namespace fastintent {

/// Everything in the folder of a trained model but its weights and calibration. It is composed
/// before the training, so that nothing at its end depends on the base folder, which may be gone or
/// another model's by then.
struct ModelFiles {
  /// A tensor of the base that the model does not use, but the other readers of its folder expect.
  struct Unused {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<float> values;
  };

  std::map<std::string, std::string> texts;  ///< contents by path in the folder
  std::vector<Unused> unused;

  int64_t bytes() const;  ///< of the texts and the unused tensors

  /// The paths in the folder of all files that save_model writes.
  std::vector<std::filesystem::path> paths() const;
};

/// The files for a model of `config` that is trained from `base`, in the format of its head: a
/// pooler head as transformers' …ForSequenceClassification, a cls or mean head as
/// sentence-transformers' Transformer, Pooling, Dense. Tokenizer files and the rest of config.json
/// are those of `base`; `max_length` is written where both libraries, and Tokenizer, read it.
///
/// Throws missing_input or bad_checkpoint; invalid_data for an intent that is not UTF-8.
ModelFiles compose_model_files(const ModelFolder& base, const ModelConfig& config, int max_length);

/// Writes a trained model into the empty folder `out`. The calibration is the model's own, never
/// that of its base.
///
/// Throws cannot_create or io_error.
void save_model(const std::filesystem::path& out,
                const ModelFiles& files,
                const ModelConfig& config,
                const ModelWeights& weights,
                const Calibration& calibration);

}  // namespace fastintent
