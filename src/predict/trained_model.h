#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/scratch_folder.h"
#include "fastintent/tokenizer.h"
#include "model/model_folder.h"
#include "model/packed_weights.h"
#include "model/prepared_model.h"

namespace fastintent {

/// A trained folder, opened. Immutable: safe from many threads.
struct TrainedModel {
  /// `max_length` 0: the folder's value. Throws as ModelFolder and Tokenizer do, and bad_checkpoint
  /// when the folder has no trained head or its tokenizer returns ids that the model lacks.
  /// `temporary`, which may be null, is a temporary folder around `path`, kept as long as this.
  TrainedModel(const std::filesystem::path& path,
               int max_length,
               std::shared_ptr<const ScratchFolder> temporary = nullptr);

  std::shared_ptr<const ScratchFolder> scratch;

  ModelFolder folder;
  Tokenizer tokenizer;
  std::optional<PackedWeights> packed;  // of a prepared folder

  /// The precision of a prepared folder; else fp32.
  Precision own_precision() const { return packed ? packed->precision() : Precision::fp32; }
};

/// Prepares the model of `trained` for inference by `backend`: uses the folder's packed weights if
/// they have that precision and this backend's layout, else packs the folder's weights. The word
/// table is used in place in the mapped file if possible. `trained` stays open as long as the
/// result exists.
std::shared_ptr<const PreparedModel> prepare_trained_model(
    std::shared_ptr<const TrainedModel> trained, Backend& backend, Precision precision);

}  // namespace fastintent
