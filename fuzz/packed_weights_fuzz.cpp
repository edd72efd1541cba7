#include <cstdint>
#include <optional>
#include <string_view>

#include "folder.h"
#include "model/model_folder.h"
#include "model/packed_weights.h"

namespace {

using namespace fastintent;

// The smallest model folder: one layer of width 1, whose weights are all 0.
constexpr std::string_view kConfig = R"({"model_type": "bert", "vocab_size": 1, "hidden_size": 1,
  "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 1,
  "max_position_embeddings": 3, "type_vocab_size": 1, "hidden_act": "gelu"})";

std::string weights() {
  const std::string header =
      R"({"embeddings.word_embeddings.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  return file + header + std::string(4, '\0');
}

}  // namespace

// Reads the packed weights of a prepared folder.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Folder folder;
  static const bool written = [] {
    folder.write("config.json", kConfig);
    folder.write("model.safetensors", weights());
    return true;
  }();
  fuzz::require(written);
  folder.write(kPackedWeightsFile, fuzz::as_text(data, size));
  fuzz::attempt([&] {
    const ModelFolder model{SnapshotPath(folder.path())};
    const std::optional<PackedWeights> packed = PackedWeights::open(model);
    fuzz::require(packed.has_value());
    fuzz::require(packed->precision() == Precision::bf16 || packed->precision() == Precision::int8);
    (void)packed->read().find("a");
  });
  return 0;
}
