// A fingerprint binds the file to the weights it was made of: their names, types and shapes and a
// few values of each matrix. Training changes every value of a matrix, so a few values are enough;
// the matrices are never read completely at a start.
#include "model/packed_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/fingerprint.h"
#include "fastintent/devices.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr const char* kFormatVersion = "1";  // increase when older readers would misread the file
// 16 values from either end of a matrix. They are stored beside the biases, which are read anyway,
// so that no further page of the file is touched.
constexpr size_t kSampledBytes = 64;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string fingerprint_matrices(const ModelFolder& folder) {
  Fingerprint fingerprint;
  for (const auto& [name, stored] : folder.encoder_tensors()) {
    if (stored.shape.size() != 2) {
      continue;
    }
    const size_t sampled = std::min(kSampledBytes, stored.bytes.size());
    fingerprint.add(name);
    fingerprint.add(stored.type_name);
    fingerprint.add(fmt::format("{},{}", stored.shape[0], stored.shape[1]));
    fingerprint.add(as_text(stored.bytes.first(sampled)));
    fingerprint.add(as_text(stored.bytes.last(sampled)));
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
  const std::filesystem::path path = folder.path() / kPackedWeightsFile;
  std::error_code error;  // a path that cannot be examined counts as a missing file
  if (!std::filesystem::exists(path, error)) {
    return std::nullopt;
  }
  PackedWeights weights(TensorFiles::open_file(path));
  const TensorFiles& file = weights.file_;
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

PackedBytes PackedWeights::find(const std::string& name) const {
  const StoredTensor* stored = file_.find(name);
  if (stored == nullptr) {
    fail(file_, fmt::format("a tensor {}", name), "none");
  }
  return {layout_, stored->bytes};
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
  write_safetensors(folder / kPackedWeightsFile,
                    tensors,
                    {{"format_version", kFormatVersion},
                     {"precision", std::string(precision_name(precision))},
                     {"layout", layout},
                     {"made_of", fingerprint_matrices(source)}});
  return bytes;
}

}  // namespace fastintent
