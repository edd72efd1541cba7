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

class PackedMatrices;

/// The packed weights of a prepared folder: the folder's matrices as prepare_model packed them in
/// one precision, in one file beside the folder's own files. The format is documented in
/// docs/prepared_folders.md. Immutable: safe from many threads.
class PackedWeights {
 public:
  /// Opens the packed weights of `folder`; returns none if it is not prepared. Throws
  /// bad_checkpoint when the file is malformed, or was made of other weights than the folder has.
  static std::optional<PackedWeights> open(const ModelFolder& folder);

  Precision precision() const { return precision_; }
  const std::string& layout() const { return layout_; }  ///< as in PackedBytes

  /// Whether read() compares the weights with checksums: files of earlier releases have none.
  bool has_checksums() const;
  /// Reads all weights into memory. Throws bad_checkpoint when they are not those that were
  /// written, io_error when the file was written to since it was opened.
  PackedMatrices read() const;

 private:
  explicit PackedWeights(TensorFiles file) : file_(std::move(file)) {}

  TensorFiles file_;
  Precision precision_ = Precision::automatic;
  std::string layout_;
};

/// Packed weights in memory. Immutable: safe from many threads.
class PackedMatrices {
 public:
  /// Returns a weight by its name in PackableWeights, in place. Throws bad_checkpoint when
  /// there is none.
  PackedBytes find(const std::string& name) const;

 private:
  friend PackedWeights;
  PackedMatrices(const TensorFiles& file, const std::string& layout);

  TensorFiles file_;
  std::string layout_;
  uint64_t begin_ = 0;  // of the tensors' bytes in the file
  Buffer bytes_;
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
