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
  /// `max_length` 0: the folder's own. Throws as ModelFolder and Tokenizer do, and bad_checkpoint
  /// when the folder has no trained head or its tokenizer gives ids that the model lacks.
  /// `temporary`, which may be null, is a folder around `path` that is to live as long as this.
  TrainedModel(const std::filesystem::path& path,
               int max_length,
               std::shared_ptr<const ScratchFolder> temporary = nullptr);

  std::shared_ptr<const ScratchFolder> scratch;

  ModelFolder folder;
  Tokenizer tokenizer;
  std::optional<PackedWeights> packed;  // of a prepared folder

  /// Of a folder that was prepared in one; else fp32.
  Precision own_precision() const { return packed ? packed->precision() : Precision::fp32; }
};

/// The model of `trained`, prepared for inference by `backend`: from packed weights of that
/// precision and of this backend's layout where the folder has them, else by packing its own. The
/// word table is used where it lies in the mapped file if it can be. `trained` stays open as long
/// as the result lives.
std::shared_ptr<const PreparedModel> prepare_trained_model(
    std::shared_ptr<const TrainedModel> trained, Backend& backend, Precision precision);

}  // namespace fastintent
