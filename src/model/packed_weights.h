#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/tensor_files.h"
#include "compute/operands.h"
#include "fastintent/options.h"
#include "model/model_folder.h"

namespace fastintent {

/// The matrices of a model as a backend runs them, by our own names ("layer.0.intermediate").
using PackableWeights = std::vector<std::pair<std::string, PreparedWeight*>>;

/// The packed weights of a prepared folder: the folder's matrices as prepare_model packed them in
/// one precision, in one mapped file beside the folder's own files. The format is documented in
/// docs/prepared_folders.md. Immutable: safe from many threads.
class PackedWeights {
 public:
  /// Opens the packed weights of `folder`; returns none if it is not prepared. Throws
  /// bad_checkpoint when the file is malformed, or was made of other weights than the folder has.
  static std::optional<PackedWeights> open(const ModelFolder& folder);

  Precision precision() const { return precision_; }
  const std::string& layout() const { return layout_; }  ///< as in PackedBytes

  /// Returns a weight by its name in PackableWeights. Throws bad_checkpoint when there is
  /// none.
  PackedBytes find(const std::string& name) const;

 private:
  explicit PackedWeights(TensorFiles file) : file_(std::move(file)) {}

  TensorFiles file_;
  Precision precision_ = Precision::automatic;
  std::string layout_;
};

/// Writes `weights`, made of the weights of `source` in `precision`, into `folder`, and returns
/// their size in bytes. Throws cannot_create or io_error.
int64_t write_packed_weights(const std::filesystem::path& folder,
                             const PackableWeights& weights,
                             Precision precision,
                             const ModelFolder& source);

/// The name of the file in a prepared folder.
constexpr const char* kPackedWeightsFile = "fastintent.safetensors";

}  // namespace fastintent
