// A fingerprint binds the file to the weights it was made of: their names, types and shapes and a
// few values of each matrix. Training changes every value of a matrix, so a few values are enough;
// the matrices are never read completely at a start.
#include "model/packed_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/fingerprint.h"
#include "checkpoint/checksum.h"
#include "compute/host_memory.h"
#include "fastintent/devices.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr const char* kFormatVersion = "1";  // increase when older readers would misread the file
constexpr uint64_t kSampledBytes = 64;       // 16 values from either end of a matrix

std::string sample(const StoredTensor& stored, uint64_t offset, uint64_t bytes) {
  std::string text(static_cast<size_t>(bytes), '\0');
  stored.content->read(stored.offset + offset, std::as_writable_bytes(std::span(text)));
  return text;
}

std::string fingerprint_matrices(const ModelFolder& folder) {
  Fingerprint fingerprint;
  for (const auto& [name, stored] : folder.encoder_tensors()) {
    if (stored.shape.size() != 2) {
      continue;
    }
    const uint64_t sampled = std::min(kSampledBytes, stored.size);
    fingerprint.add(name);
    fingerprint.add(stored.type_name);
    fingerprint.add(fmt::format("{},{}", stored.shape[0], stored.shape[1]));
    fingerprint.add(sample(stored, 0, sampled));
    fingerprint.add(sample(stored, stored.size - sampled, sampled));
  }
  return fingerprint.text();
}

[[noreturn]] void fail(const TensorFiles& file, std::string_view expected, std::string_view found) {
  throw Error(
      ErrorCode::bad_checkpoint,
      fmt::format(
          "read packed weights: expected {}, found {} ({})", expected, found, file.description()));
}

std::string metadata(const TensorFiles& file, const char* key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    fail(file, fmt::format("metadata '{}'", key), "none");
  }
  return found->second;
}

Precision read_precision(const TensorFiles& file) {
  const std::string name = metadata(file, "precision");
  const std::optional<Precision> precision = parse_precision(name);
  if (precision == Precision::bf16 || precision == Precision::int8) {
    return *precision;
  }
  fail(file, "the precision bf16 or int8", name.substr(0, 20));  // enough to recognise it
}

}  // namespace

std::optional<PackedWeights> PackedWeights::open(const ModelFolder& folder) {
  const SnapshotPath path = folder.folder() / kPackedWeightsFile;
  if (!path.exists()) {
    return std::nullopt;
  }
  PackedWeights weights(TensorFiles::open_file(path));
  const TensorFiles& file = weights.file_;
  if (fastintent::has_checksums(file)) {
    verify_metadata(file);
  }
  const std::string version = metadata(file, "format_version");
  if (version != kFormatVersion) {
    fail(file,
         fmt::format("format_version {}, all that this release reads", kFormatVersion),
         version.substr(0, 20));
  }
  if (metadata(file, "made_of") != fingerprint_matrices(folder)) {
    fail(file,
         "them to be made of the model's weights",
         "other weights; remove the file, or prepare the model again (fastintent quantize)");
  }
  weights.precision_ = read_precision(file);
  weights.layout_ = metadata(file, "layout");
  return weights;
}

bool PackedWeights::has_checksums() const {
  return fastintent::has_checksums(file_);
}

PackedMatrices PackedWeights::read() const {
  PackedMatrices matrices(file_, layout_);
  file_.require_unchanged("read packed weights");
  if (!has_checksums()) {
    return matrices;
  }
  for (const auto& [name, stored] : file_.tensors()) {
    verify_checksum(file_, stored, matrices.find(name).bytes);
  }
  return matrices;
}

// All tensors in one read: they follow one another in the file, and keep their alignment.
PackedMatrices::PackedMatrices(const TensorFiles& file, const std::string& layout)
    : file_(file), layout_(layout) {
  if (file.tensors().empty()) {
    return;
  }
  uint64_t end = 0;
  begin_ = std::numeric_limits<uint64_t>::max();
  for (const auto& [name, stored] : file.tensors()) {
    begin_ = std::min(begin_, stored.offset);
    end = std::max(end, stored.offset + stored.size);
  }
  const uint64_t floats = (end - begin_ + sizeof(float) - 1) / sizeof(float);
  bytes_ = allocate_host_memory(static_cast<int64_t>(floats));
  prefer_huge_pages(bytes_);
  const std::span all(bytes_.data(), static_cast<size_t>(bytes_.size()));
  file.tensors().begin()->second.content->read(
      begin_, std::as_writable_bytes(all).first(static_cast<size_t>(end - begin_)));
}

PackedBytes PackedMatrices::find(const std::string& name) const {
  const StoredTensor* stored = file_.find(name);
  if (stored == nullptr) {
    fail(file_, fmt::format("a tensor {}", name), "none");
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(bytes_.data());
  return {layout_, {bytes + (stored->offset - begin_), static_cast<size_t>(stored->size)}};
}

int64_t write_packed_weights(const std::filesystem::path& folder,
                             const PackableWeights& weights,
                             Precision precision,
                             const ModelFolder& source) {
  std::vector<TensorToWrite> tensors;
  int64_t bytes = 0;
  std::string layout;
  for (const auto& [name, weight] : weights) {
    const PackedBytes packed = weight->packed();
    layout = packed.layout;
    tensors.emplace_back(name, packed.bytes);
    bytes += static_cast<int64_t>(packed.bytes.size());
  }
  const FileMetadata metadata = {{"format_version", kFormatVersion},
                                 {"precision", std::string(precision_name(precision))},
                                 {"layout", layout},
                                 {"made_of", fingerprint_matrices(source)}};
  write_safetensors(folder / kPackedWeightsFile, tensors, with_checksums(metadata, tensors));
  return bytes;
}

}  // namespace fastintent
