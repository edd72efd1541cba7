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

/// Where the word table is while the model is in use; see ClassifierOptions::map_word_table.
enum class WordTable { in_memory, mapped };

/// A trained folder, opened. Immutable: safe from many threads.
struct TrainedModel {
  /// `max_length` 0: the folder's value. Throws as ModelFolder and Tokenizer do, and bad_checkpoint
  /// when the folder has no trained head or its tokenizer returns ids that the model lacks.
  /// `temporary`, which may be null, is a temporary folder around `path`, kept as long as this.
  TrainedModel(const SnapshotPath& path,
               int max_length,
               WordTable where = WordTable::in_memory,
               std::shared_ptr<const ScratchFolder> temporary = nullptr);

  std::shared_ptr<const ScratchFolder> scratch;
  const WordTable word_table;

  ModelFolder folder;
  Tokenizer tokenizer;
  std::optional<PackedWeights> packed;  // of a prepared folder

  /// The precision of a prepared folder; else fp32.
  Precision own_precision() const { return packed ? packed->precision() : Precision::fp32; }
};

/// Prepares the model of `trained` for inference by `backend`: uses the folder's packed weights if
/// they have that precision and this backend's layout, else packs the folder's weights. All weights
/// are in memory then, except the word table under `WordTable::mapped`, which is used in place in
/// the folder's file if possible. Throws bad_checkpoint, and io_error when something wrote to the
/// weights since the folder was opened. `trained` stays open as long as the result exists.
std::shared_ptr<const PreparedModel> prepare_trained_model(
    std::shared_ptr<const TrainedModel> trained, Backend& backend, Precision precision);

}  // namespace fastintent
