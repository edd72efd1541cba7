#pragma once

#include <filesystem>
#include <memory>

#include "fastintent/tokenizer.h"
#include "model/model_folder.h"
#include "model/prepared_model.h"

namespace fastintent {

/// A trained folder, opened. Immutable: safe from many threads.
struct TrainedModel {
  /// `max_length` 0: the folder's own. Throws as ModelFolder and Tokenizer do, and bad_checkpoint
  /// when the folder has no trained head or its tokenizer gives ids that the model lacks.
  TrainedModel(const std::filesystem::path& path, int max_length);

  ModelFolder folder;
  Tokenizer tokenizer;
};

/// The model of `trained`, prepared for inference by `backend`. The word table is used where it
/// lies in the mapped file if it can be. `trained` stays open as long as the result lives.
std::shared_ptr<const PreparedModel> prepare_trained_model(
    std::shared_ptr<const TrainedModel> trained, Backend& backend, Precision precision);

}  // namespace fastintent
