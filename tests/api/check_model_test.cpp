#include "fastintent/check_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/expect_error.h"
#include "fastintent/quantize.h"
#include "model/packed_weights.h"
#include "two_models.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// The parts that did not pass, with their findings.
std::string failures(const fs::path& folder) {
  std::string list;
  for (const ModelCheck& check : check_model(folder)) {
    if (!check.passed) {
      list += check.part + ": " + check.finding + "\n";
    }
  }
  return list;
}

class CheckModel : public testing::Test {
 protected:
  void damage(const char* file, const std::function<void(std::string&)>& change) const {
    std::string bytes = read_whole(model_ / file);
    change(bytes);
    std::ofstream(model_ / file, std::ios::binary) << bytes;
  }
  void expect_failure(const std::string& part) const {
    const std::string found = failures(model_);
    EXPECT_NE(found.find(part), std::string::npos) << part << "\n" << found;
  }

  const TemporaryFolder folder_;
  const fs::path model_ = folder_ / "model";
};

TEST_F(CheckModel, PassesWhatIsWhole) {
  std::vector<std::string> models = trained_models();
  models.insert(models.end(), {"bert_base", "sentence_base"});
  for (const std::string& name : models) {
    EXPECT_EQ(failures(GoldenCase(name).model()), "") << name;
  }
  for (const Precision precision : {Precision::int8, Precision::bf16}) {
    quantize_model(
        GoldenCase("bert_mean").model(), model_, {.precision = precision, .overwrite = true});
    EXPECT_EQ(failures(model_), "");
    EXPECT_EQ(check_model(model_).at(4).part, "packed weights");
  }
}

TEST_F(CheckModel, AMissingFolderIsAnError) {
  expect_error(ErrorCode::missing_input, "none", [&] { check_model(folder_ / "none"); });
}

TEST_F(CheckModel, NamesWhatIsWrong) {
  const auto damaged = [&](const char* part, const auto& change) {
    fs::remove_all(model_);
    copy_model("bert_pooler", model_);
    change();
    expect_failure(part);
  };
  const auto replace = [&](const char* file, const std::string& from, const std::string& to) {
    damage(file, [&](std::string& bytes) { bytes.replace(bytes.find(from), from.size(), to); });
  };
  damaged("configuration: ", [&] { fs::remove(model_ / "config.json"); });
  damaged("configuration: ", [&] { damage("config.json", [](auto& text) { text = "{"; }); });
  damaged("configuration: ", [&] { fs::remove(model_ / "model.safetensors"); });
  damaged("configuration: ",
          [&] { damage("model.safetensors", [](auto& bytes) { bytes.pop_back(); }); });
  damaged("configuration: ", [&] {
    std::ofstream(model_ / "fastintent.json") << R"({"format_version":1,"temperature":0})";
  });
  damaged("tokenizer: ", [&] {
    for (const char* name : {"tokenizer.json", "vocab.txt"}) {
      fs::remove(model_ / name);
    }
  });
  damaged("weights: expected finite values, found nan as number 7", [&] {
    const TensorFiles file = TensorFiles::open_file(model_ / "model.safetensors");
    const auto at = file.find("bert.encoder.layer.1.output.dense.weight")->offset + 7 * 4;
    damage("model.safetensors", [&](std::string& bytes) {
      const float bad = std::numeric_limits<float>::quiet_NaN();
      std::memcpy(&bytes[at], &bad, sizeof(bad));
    });
  });
  damaged("weights: ",
          [&] { replace("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"); });
  damaged("labels: expected label2id to be the reverse",
          [&] { replace("config.json", "\"card_lost\": 0", "\"card_lost\": 3"); });
}

TEST_F(CheckModel, NoticesEveryDamagedPackedWeight) {
  quantize_model(GoldenCase("bert_mean").model(), model_, {.precision = Precision::int8});
  const std::string whole = read_whole(model_ / kPackedWeightsFile);
  const TensorFiles file = TensorFiles::open_file(model_ / kPackedWeightsFile);
  for (const auto& [name, stored] : file.tensors()) {
    for (const uint64_t at : {uint64_t{0}, stored.size / 2, stored.size - 1}) {
      damage(kPackedWeightsFile, [&](std::string& bytes) {
        bytes = whole;
        bytes[stored.offset + at] ^= 1;
      });
      expect_failure("packed weights: verify: expected the checksum");
      expect_failure("tensor " + name);
      expect_error(ErrorCode::bad_checkpoint, "tensor " + name, [&] {
        open_model(model_, Precision::int8);
      });
    }
  }
}

// As an earlier release wrote them.
TEST_F(CheckModel, ComparesPackedWeightsWithoutChecksums) {
  quantize_model(GoldenCase("bert_mean").model(), model_, {.precision = Precision::int8});
  const TensorFiles file = TensorFiles::open_file(model_ / kPackedWeightsFile);
  std::vector<std::vector<std::byte>> bytes;
  for (const auto& [name, stored] : file.tensors()) {
    bytes.push_back(read_bytes(stored));
  }
  FileMetadata metadata;
  for (const char* key : {"format_version", "precision", "layout", "made_of"}) {
    metadata[key] = file.metadata().at(key);
  }
  const auto write = [&] {
    std::vector<TensorToWrite> tensors;
    size_t at = 0;
    for (const auto& [name, stored] : file.tensors()) {
      tensors.emplace_back(name, bytes[at++]);
    }
    write_safetensors(model_ / kPackedWeightsFile, tensors, metadata);
  };
  write();
  EXPECT_EQ(failures(model_), "");
  bytes[1][5] ^= std::byte{1};
  write();
  expect_failure("packed weights: expected the model's weights packed, found others");
}

}  // namespace
}  // namespace fastintent
