#pragma once

#include <filesystem>

#include "model/model_folder.h"
#include "model/model_weights.h"

namespace fastintent {

/// Writes a trained model into the empty folder `out`, in the format of its head: a pooler head as
/// transformers' …ForSequenceClassification, a cls or mean head as sentence-transformers'
/// Transformer, Pooling, Dense. Tokenizer files and the rest of config.json are copied from `base`;
/// `max_length` is written where both libraries, and Tokenizer, read it. The calibration is the
/// model's own, never that of `base`.
///
/// Throws cannot_create or io_error.
void save_model(const std::filesystem::path& out,
                const ModelFolder& base,
                const ModelConfig& config,
                const ModelWeights& weights,
                int max_length,
                const Calibration& calibration);

}  // namespace fastintent
