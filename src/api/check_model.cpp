#include "fastintent/check_model.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "devices/create_backend.h"
#include "fastintent/devices.h"
#include "fastintent/error.h"
#include "model/family.h"
#include "model/load_weights.h"
#include "model/model_folder.h"
#include "model/packed_weights.h"
#include "model/prepared_model.h"
#include "text/open_tokenizer.h"
#include "text/read/prepared_tokenizer.h"

namespace fastintent {
namespace {

// Has characters of several scripts, and more pieces than words.
constexpr std::string_view kSample = "Where is my card? Größe 1,50 € 東京";

// The results so far. A check reports what it found, or throws.
class Checks {
 public:
  bool run(const char* part, const std::function<std::string()>& check) {
    try {
      list_.push_back({part, true, check()});
    } catch (const Error& error) {
      list_.push_back({part, false, error.what()});
    }
    return list_.back().passed;
  }
  std::vector<ModelCheck> take() { return std::move(list_); }

 private:
  std::vector<ModelCheck> list_;
};

[[noreturn]] void fail(const std::string& message) {
  throw Error(ErrorCode::bad_checkpoint, message);
}

std::string describe(const ModelFolder& folder) {
  const ModelConfig& config = folder.config();
  return fmt::format(
      "{}: {} layers, hidden {}, {}",
      config.encoder.family->model_type,
      config.encoder.layers,
      config.encoder.hidden,
      folder.has_trained_head() ? "with a trained classifier" : "without a trained classifier");
}

// Also a tensor that the model does not use: another reader may.
void require_finite(const StoredTensor& stored) {
  if (stored.type == StoredType::other) {
    return;
  }
  StoredTensor flat = stored;
  const uint64_t value_bytes = stored.type == StoredType::f32 ? sizeof(float) : sizeof(uint16_t);
  const auto count = static_cast<int64_t>(stored.size / value_bytes);
  flat.shape = {count};
  std::vector<float> values(static_cast<size_t>(count));
  read_tensor(flat, Tensor(values.data(), 1, count));
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[static_cast<size_t>(i)])) {
      fail(fmt::format("expected finite values, found {} as number {} ({}, tensor {})",
                       values[static_cast<size_t>(i)],
                       i,
                       stored.file,
                       stored.name));
    }
  }
}

// All tensors have their shapes, and `weights` their values afterwards.
std::string check_weights(const ModelFolder& folder, const OwnedWeights& weights) {
  if (folder.has_trained_head()) {
    load_trained_weights(folder, folder.config(), weights.weights);
  } else {
    load_base_weights(folder, folder.config(), weights.weights, 0);
  }
  const auto stored = folder.all_tensors();
  for (const StoredTensor* tensor : stored) {
    require_finite(*tensor);
  }
  folder.require_unchanged_weights("check model");
  return fmt::format("{} tensors, all values finite", stored.size());
}

std::string check_labels(const ModelFolder& folder) {
  const auto& intents = folder.config().intents;
  const JsonDocument& config = folder.config_json();
  if (config.has("label2id")) {
    const auto& ids = config.section("label2id").value();
    for (size_t id = 0; id < intents.size(); ++id) {
      const auto found = ids.find(intents[id]);
      if (found == ids.end() || *found != id) {
        fail(
            fmt::format("expected label2id to be the reverse of id2label, found that it has {} for "
                        "\"{}\" of id {} ({})",
                        found == ids.end() ? "nothing" : found->dump(),
                        intents[id],
                        id,
                        config.name()));
      }
    }
  }
  return fmt::format("{} intents", intents.size());
}

std::string check_tokenizer(const ModelFolder& folder) {
  const Tokenizer tokenizer = open_tokenizer(folder.encoder(), 0);
  folder.require_vocabulary(tokenizer.vocabulary_size());
  folder.require_length(tokenizer.max_length());
  if (tokenizer.encode(kSample).ids.empty()) {
    fail(fmt::format("expected tokens of a text, found none ({})", folder.encoder().string()));
  }
  const bool prepared = check_prepared_tokenizer(folder.encoder() / "tokenizer.json");
  return fmt::format("{} ids, texts of at most {} tokens{}",
                     tokenizer.vocabulary_size(),
                     tokenizer.max_length(),
                     prepared ? ", prepared" : "");
}

std::string check_packed(const ModelFolder& folder,
                         const PackedWeights& packed,
                         const OwnedWeights& weights) {
  const PackedMatrices matrices = packed.read();
  const Precision precision = packed.precision();
  const auto backend = create_backend(Device::cpu);
  std::string finding = fmt::format("{} in {}{}",
                                    precision_name(precision),
                                    packed.layout(),
                                    packed.has_checksums() ? "" : ", without checksums");
  if (backend->traits().packed_layout(precision) != packed.layout()) {
    return finding + "; another processor's, so not compared with the weights";
  }
  const PreparedModel model =
      prepare_model(*backend, folder.config(), weights.weights, precision, WeightUse::inference);
  for (const auto& [name, weight] : model.packable) {
    const PackedBytes expected = weight->packed();
    const PackedBytes found = matrices.find(name);
    if (found.bytes.size() != expected.bytes.size() ||
        std::memcmp(found.bytes.data(), expected.bytes.data(), found.bytes.size()) != 0) {
      fail(
          fmt::format("expected the model's weights packed, found others ({}, tensor {}); prepare "
                      "the model again (fastintent quantize)",
                      (folder.folder() / kPackedWeightsFile).string(),
                      name));
    }
  }
  return finding;
}

}  // namespace

std::vector<ModelCheck> check_model(const std::filesystem::path& path) {
  const SnapshotPath at(path);
  Checks checks;
  std::optional<ModelFolder> folder;
  const bool opened = checks.run("configuration", [&] {
    folder.emplace(at);
    return describe(*folder);
  });
  if (!opened) {
    return checks.take();
  }
  const OwnedWeights weights =
      allocate_host_weights(folder->config(), folder->config().encoder.vocabulary);
  const bool complete = checks.run("weights", [&] { return check_weights(*folder, weights); });
  if (folder->has_trained_head()) {
    checks.run("labels", [&] { return check_labels(*folder); });
  }
  checks.run("tokenizer", [&] { return check_tokenizer(*folder); });
  if (complete && (at / kPackedWeightsFile).exists()) {
    checks.run("packed weights",
               [&] { return check_packed(*folder, *PackedWeights::open(*folder), weights); });
  }
  checks.run("one model", [&] {
    at.snapshot().require_unchanged("check model");
    return "no file changed while it was read";
  });
  return checks.take();
}

}  // namespace fastintent
