#include "model/packed_weights.h"

#include <gtest/gtest.h>

#include <map>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
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
    write_safetensors(file(), {}, metadata);
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
    int64_t bytes = 0;
    for (const auto& [name, weight] : copy.model().packable) {
      const PackedBytes found = packed->find(name);
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

TEST(PackedWeightsFile, AMissingTensorIsTold) {
  const PreparedCopy copy;
  copy.change("layout", "any");  // without tensors
  const auto packed = copy.open();
  ASSERT_TRUE(packed);
  expect_error(ErrorCode::bad_checkpoint, "a tensor layer.0.output, found none", [&] {
    packed->find("layer.0.output");
  });
}

// As when a folder is trained again by hand and the old packed weights stay.
TEST(PackedWeightsFile, WeightsThatChangedAreNoticed) {
  const PreparedCopy copy;
  const fs::path weights = copy.path() / "model.safetensors";
  std::string bytes = read_whole(weights);
  {
    const TensorFiles file(copy.path());
    const StoredTensor* matrix = file.find("bert.encoder.layer.1.output.dense.weight");
    ASSERT_NE(matrix, nullptr);
    const std::string found(reinterpret_cast<const char*>(matrix->bytes.data()),
                            matrix->bytes.size());
    const size_t at = bytes.find(found);
    ASSERT_NE(at, std::string::npos);
    bytes[at + matrix->bytes.size() - 1] ^= 1;  // of its last value
  }
  std::ofstream(weights, std::ios::binary) << bytes;
  expect_error(ErrorCode::bad_checkpoint, "fastintent quantize", [&] { copy.open(); });
}

}  // namespace
}  // namespace fastintent
