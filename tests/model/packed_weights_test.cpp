#include "model/packed_weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <map>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "checkpoint/checksum.h"
#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/load_weights.h"
#include "model/prepared_model.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// A copy of a golden model with packed weights, to damage or vary.
class PreparedCopy {
 public:
  explicit PreparedCopy(Precision precision = Precision::int8) {
    fs::copy(GoldenCase("bert_pooler").model(), path(), fs::copy_options::recursive);
    const ModelFolder folder(path());
    weights_ = allocate_weights(*backend_, folder.config(), 0);
    load_trained_weights(folder, folder.config(), weights_.weights);
    model_ = prepare_model(
        *backend_, folder.config(), weights_.weights, precision, WeightUse::inference);
    bytes_ = write_packed_weights(path(), model_.packable, precision, folder);
  }

  fs::path path() const { return folder_ / "model"; }
  fs::path file() const { return path() / kPackedWeightsFile; }
  const PreparedModel& model() const { return model_; }
  int64_t bytes() const { return bytes_; }
  std::optional<PackedWeights> open() const { return PackedWeights::open(ModelFolder(path())); }

  // Writes the file again with other metadata.
  void change(const std::string& key, const std::string& value) const {
    FileMetadata metadata = TensorFiles::open_file(file()).metadata();
    metadata[key] = value;
    write_safetensors(file(), {}, with_checksums(metadata, {}));
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Backend> backend_ = create_backend(Device::cpu);
  OwnedWeights weights_;
  PreparedModel model_;
  int64_t bytes_ = 0;
};

TEST(PackedWeightsFile, RoundTrip) {
  for (const Precision precision : {Precision::bf16, Precision::int8}) {
    const PreparedCopy copy(precision);
    const auto packed = copy.open();
    ASSERT_TRUE(packed);
    EXPECT_EQ(packed->precision(), precision);
    EXPECT_EQ(packed->layout(), create_backend(Device::cpu)->traits().packed_layout(precision));
    EXPECT_TRUE(packed->has_checksums());
    const PackedMatrices matrices = packed->read();
    int64_t bytes = 0;
    for (const auto& [name, weight] : copy.model().packable) {
      const PackedBytes found = matrices.find(name);
      const PackedBytes expected = weight->packed();
      EXPECT_EQ(found.layout, expected.layout);
      EXPECT_TRUE(std::equal(
          found.bytes.begin(), found.bytes.end(), expected.bytes.begin(), expected.bytes.end()))
          << name;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(found.bytes.data()) % 64, 0U) << name;
      bytes += std::ssize(found.bytes);
    }
    EXPECT_EQ(bytes, copy.bytes());
    // Two layers: the first complete, the last for first tokens, and the head's dense layer.
    EXPECT_EQ(copy.model().packable.size(), 4U + 5U + 1U);
  }
}

TEST(PackedWeightsFile, AFolderThatIsNotPreparedHasNone) {
  EXPECT_FALSE(PackedWeights::open(ModelFolder(GoldenCase("bert_pooler").model())));
}

TEST(PackedWeightsFile, BadFilesAreRefused) {
  const auto expect_bad = [](const std::string& part, const auto& damage) {
    const PreparedCopy copy;
    damage(copy);
    expect_error(ErrorCode::bad_checkpoint, part, [&] { copy.open(); });
    expect_error(ErrorCode::bad_checkpoint, kPackedWeightsFile, [&] { copy.open(); });
  };
  expect_bad("bytes of tensors, as the header says",
             [](const PreparedCopy& copy) { std::ofstream(copy.file(), std::ios::app) << "x"; });
  expect_bad("its bytes from", [](const PreparedCopy& copy) {
    fs::resize_file(copy.file(), fs::file_size(copy.file()) - 1);
  });
  expect_bad("header", [](const PreparedCopy& copy) { fs::resize_file(copy.file(), 20); });
  expect_bad("metadata 'format_version', found none",
             [](const PreparedCopy& copy) { write_safetensors(copy.file(), {}, {}); });
  expect_bad("format_version 1",
             [](const PreparedCopy& copy) { copy.change("format_version", "2"); });
  expect_bad("the precision bf16 or int8, found fp32",
             [](const PreparedCopy& copy) { copy.change("precision", "fp32"); });
  expect_bad("other weights", [](const PreparedCopy& copy) { copy.change("made_of", "0"); });
}

// Every kind of byte: length, header, padding, the weights themselves.
TEST(PackedWeightsFile, ADamagedByteIsRefused) {
  const PreparedCopy copy;
  const std::string whole = read_whole(copy.file());
  const uint64_t data = TensorFiles::open_file(copy.file()).find("layer.0.query_key_value")->offset;
  for (size_t at = 0; at < whole.size(); at += at < data ? 7 : 499) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::ofstream(copy.file(), std::ios::binary) << bytes;
    expect_error(ErrorCode::bad_checkpoint, kPackedWeightsFile, [&] { copy.open()->read(); });
  }
}

TEST(PackedWeightsFile, ScalesAreFinite) {
  const PreparedCopy copy;
  const TensorFiles file = TensorFiles::open_file(copy.file());
  const StoredTensor& stored = *file.find("layer.0.output");
  std::vector<std::byte> bytes = read_bytes(stored);
  const auto backend = create_backend(Device::cpu);
  const std::string_view layout = backend->traits().packed_layout(Precision::int8);
  const EncoderConfig& config = copy.model().config.encoder;
  const auto adopt = [&] {
    backend->adopt_weight({layout, bytes}, config.hidden, config.intermediate, Precision::int8);
  };
  adopt();
  // The scales of one panel of outputs are before their sums, at the end.
  const float bad = std::numeric_limits<float>::infinity();
  for (const size_t from_end : {size_t{64}, size_t{128}}) {
    std::vector<std::byte> good = bytes;
    std::memcpy(&bytes[bytes.size() - from_end * sizeof(float)], &bad, sizeof(bad));
    expect_error(ErrorCode::bad_checkpoint, "expected finite scales", adopt);
    bytes = good;
  }
}

TEST(PackedWeightsFile, AMissingTensorIsTold) {
  const PreparedCopy copy;
  copy.change("layout", "any");  // without tensors
  const auto packed = copy.open();
  ASSERT_TRUE(packed);
  expect_error(ErrorCode::bad_checkpoint, "a tensor layer.0.output, found none", [&] {
    packed->read().find("layer.0.output");
  });
}

// As when a folder is trained again by hand and the old packed weights stay.
TEST(PackedWeightsFile, WeightsThatChangedAreNoticed) {
  const PreparedCopy copy;
  const fs::path weights = copy.path() / "model.safetensors";
  std::string bytes = read_whole(weights);
  {
    const TensorFiles file{SnapshotPath(copy.path())};
    const StoredTensor* matrix = file.find("bert.encoder.layer.1.output.dense.weight");
    ASSERT_NE(matrix, nullptr);
    bytes[matrix->offset + matrix->size - 1] ^= 1;  // of its last value
  }
  std::ofstream(weights, std::ios::binary) << bytes;
  expect_error(ErrorCode::bad_checkpoint, "fastintent quantize", [&] { copy.open(); });
}

}  // namespace
}  // namespace fastintent
