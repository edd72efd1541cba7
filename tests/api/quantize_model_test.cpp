#include <gtest/gtest.h>

#include <fstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "checkpoint/checksum.h"
#include "checkpoint/tensor_files.h"
#include "devices/create_backend.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/quantize.h"
#include "golden_case.h"
#include "model/packed_weights.h"
#include "text/read/prepared_tokenizer.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kTexts = {
    "my card", "please close my old account", "fee", "why was I charged twice for this?"};

IntentClassifier open(const fs::path& folder,
                      Precision precision = Precision::automatic,
                      Device device = Device::cpu) {
  ClassifierOptions options;
  options.model_path = folder;
  options.precision = precision;
  options.device = device;
  options.threads = 1;
  return IntentClassifier(options);
}

std::vector<std::vector<float>> logits_of(IntentClassifier classifier) {
  PredictOptions options;
  options.with_logits = true;
  std::vector<std::vector<float>> logits;
  for (const IntentPrediction& answer : classifier.predict_batch(kTexts, options)) {
    logits.push_back(answer.logits);
  }
  return logits;
}

class QuantizeModel : public testing::Test {
 protected:
  const fs::path model_ = GoldenCase("bert_pooler").model();
  const TemporaryFolder folder_;
  const fs::path output_ = folder_ / "prepared";
};

TEST_F(QuantizeModel, AnswersAreThoseOfThePrecision) {
  for (const std::string& name : trained_models()) {
    const fs::path model = GoldenCase(name).model();
    for (const Precision precision : {Precision::int8, Precision::bf16}) {
      quantize_model(model, output_, {.precision = precision, .overwrite = true});
      EXPECT_EQ(open(output_).precision(), precision);
      EXPECT_EQ(logits_of(open(output_)), logits_of(open(model, precision))) << name;
      EXPECT_EQ(logits_of(open(output_, Precision::fp32)), logits_of(open(model))) << name;
    }
    // Another precision than the packed one, which is bf16 here.
    EXPECT_EQ(logits_of(open(output_, Precision::int8)), logits_of(open(model, Precision::int8)));
  }
}

TEST_F(QuantizeModel, AllFilesStay) {
  fs::create_directories(folder_ / "model" / "notes");
  fs::copy(model_, folder_ / "model", fs::copy_options::recursive);
  folder_.write("model/notes/readme.txt", "ours");
  fs::create_symlink(folder_ / "model/notes/readme.txt", folder_ / "model/linked.txt");
  quantize_model(folder_ / "model/", output_);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "model")) {
    if (entry.is_directory()) {
      continue;
    }
    ++files;
    const fs::path copy = output_ / fs::relative(entry.path(), folder_ / "model");
    EXPECT_TRUE(read_whole(copy) == read_whole(entry.path())) << copy;
    EXPECT_FALSE(fs::is_symlink(copy));
  }
  EXPECT_GE(files, 5);
}

TEST_F(QuantizeModel, TellsSizesAndAgreement) {
  const std::vector<std::string> labels(kTexts.size(), open(model_).predict(kTexts[0]).intent);
  const QuantizationReport plain = quantize_model(model_, output_);
  EXPECT_FALSE(plain.agreement);
  EXPECT_EQ(plain.precision, Precision::int8);
  EXPECT_EQ(plain.packed_bytes % 64, 0);
  EXPECT_GT(plain.fp32_bytes, 0);

  int64_t last_done = 0;
  const QuantizationReport report =
      quantize_model(model_,
                     output_,
                     {.overwrite = true,
                      .texts = kTexts,
                      .labels = labels,
                      .on_progress = [&](int64_t done, int64_t total) {
                        EXPECT_EQ(total, 2 * std::ssize(kTexts));
                        last_done = done;
                        return true;
                      }});
  EXPECT_EQ(last_done, 2 * std::ssize(kTexts));
  ASSERT_TRUE(report.agreement);
  EXPECT_EQ(report.agreement->texts, std::ssize(kTexts));
  EXPECT_GT(report.agreement->largest_confidence_change, 0);
  EXPECT_LT(report.agreement->largest_confidence_change, 0.05F);
  EXPECT_EQ(report.agreement->label_agreement, 1);
  ASSERT_TRUE(report.agreement->accuracy);
  EXPECT_GE(*report.agreement->fp32_accuracy, 0.25);
  EXPECT_EQ(report.agreement->accuracy, report.agreement->fp32_accuracy);
}

TEST_F(QuantizeModel, AFolderOfOtherHardwareIsPackedAtStart) {
  quantize_model(model_, output_);
  FileMetadata metadata = TensorFiles::open_file(output_ / kPackedWeightsFile).metadata();
  metadata["layout"] = "of a processor to come";
  write_safetensors(output_ / kPackedWeightsFile, {}, with_checksums(metadata, {}));
  EXPECT_EQ(open(output_).precision(), Precision::int8);
  EXPECT_EQ(logits_of(open(output_)), logits_of(open(model_, Precision::int8)));
}

TEST_F(QuantizeModel, AnotherDevicePacksForItself) {
  quantize_model(model_, output_);
  EXPECT_EQ(logits_of(open(output_, Precision::automatic, Device::reference)),
            logits_of(open(model_, Precision::int8, Device::reference)));
}

TEST_F(QuantizeModel, APreparedFolderCanBePreparedAgainAndSaved) {
  quantize_model(model_, output_);
  quantize_model(output_, folder_ / "again", {.precision = Precision::bf16});
  EXPECT_EQ(open(folder_ / "again").precision(), Precision::bf16);
  open(output_).save(folder_ / "saved");
  EXPECT_EQ(open(folder_ / "saved").precision(), Precision::fp32);
  EXPECT_EQ(logits_of(open(folder_ / "saved")), logits_of(open(model_)));
}

TEST_F(QuantizeModel, WhatCannotBeUsedIsRefused) {
  const auto refuse = [&](ErrorCode code,
                          const std::string& part,
                          const fs::path& model,
                          const fs::path& output,
                          const QuantizationOptions& options = {}) {
    expect_error(code, part, [&] { quantize_model(model, output, options); });
  };
  const auto bad = ErrorCode::invalid_argument;
  refuse(bad, "int8 or bf16, found fp32", model_, output_, {.precision = Precision::fp32});
  refuse(bad,
         "label for each of 4 texts, found 1",
         model_,
         output_,
         {.texts = kTexts, .labels = {"a"}});
  refuse(ErrorCode::missing_input, "found none", folder_ / "absent", output_);
  refuse(ErrorCode::bad_checkpoint, "train it first", GoldenCase("bert_base").model(), output_);
  EXPECT_FALSE(fs::exists(output_));

  fs::copy(model_, folder_ / "model", fs::copy_options::recursive);
  for (const char* other : {"model", "model/", "model/in/it", "model/../model", "."}) {
    refuse(bad, "apart from the model's", folder_ / "model", folder_ / other, {.overwrite = true});
  }
  fs::create_directory(output_);
  std::ofstream(output_ / "file") << "mine";
  refuse(ErrorCode::cannot_create, "new or empty", model_, output_);
  refuse(
      ErrorCode::cannot_create, "a model folder to replace", model_, output_, {.overwrite = true});
  EXPECT_EQ(read_whole(output_ / "file"), "mine");
}

TEST_F(QuantizeModel, AFailureLeavesTheOldFolder) {
  quantize_model(model_, output_);
  const std::string before = read_whole(output_ / kPackedWeightsFile);
  QuantizationOptions options{.precision = Precision::bf16, .overwrite = true, .texts = {"a", " "}};
  expect_error(ErrorCode::invalid_data, "blank", [&] { quantize_model(model_, output_, options); });
  options.texts = kTexts;
  options.on_progress = [](int64_t, int64_t) { return false; };
  expect_error(ErrorCode::interrupted, "", [&] { quantize_model(model_, output_, options); });
  EXPECT_TRUE(read_whole(output_ / kPackedWeightsFile) == before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(QuantizeModel, TheTokenizerIsPreparedToo) {
  const fs::path model = folder_ / "model";
  for (const std::string name : {"roberta", "xlm_roberta_mean"}) {
    fs::remove_all(model);
    fs::copy(GoldenCase(name).model(), model, fs::copy_options::recursive);
    quantize_model(model, output_, {.overwrite = true});
    EXPECT_TRUE(fs::exists(output_ / kPreparedTokenizerFile)) << name;
    EXPECT_EQ(logits_of(open(output_)), logits_of(open(model, Precision::int8))) << name;
    std::ofstream(output_ / "tokenizer.json", std::ios::app) << "\n";
    expect_error(ErrorCode::bad_checkpoint, kPreparedTokenizerFile, [&] { open(output_); });
    // A folder that is prepared again, after a change.
    std::ofstream(model / "tokenizer.json", std::ios::app) << "\n";
    fs::copy(output_ / kPreparedTokenizerFile, model);
    quantize_model(model, output_, {.overwrite = true});
    EXPECT_EQ(logits_of(open(output_)).size(), kTexts.size()) << name;
  }
}

// In a folder of sentence-transformers the tokenizer may be in a folder of its own.
TEST_F(QuantizeModel, TheTokenizerIsPreparedBesideItsFile) {
  const fs::path model = folder_ / "model";
  fs::copy(GoldenCase("xlm_roberta_mean").model(), model, fs::copy_options::recursive);
  const fs::path inner = model / "0_Transformer";
  fs::create_directory(inner);
  for (const char* name : {"config.json",
                           "model.safetensors",
                           "tokenizer.json",
                           "tokenizer_config.json",
                           "sentence_bert_config.json"}) {
    if (fs::exists(model / name)) {
      fs::rename(model / name, inner / name);
    }
  }
  std::ifstream stream(model / "modules.json");
  std::string modules(std::istreambuf_iterator<char>(stream), {});
  const std::string path = R"("path": "")";
  ASSERT_NE(modules.find(path), std::string::npos);
  modules.replace(modules.find(path), path.size(), R"("path": "0_Transformer")");
  std::ofstream(model / "modules.json") << modules;
  quantize_model(model, output_);
  EXPECT_TRUE(fs::exists(output_ / "0_Transformer" / kPreparedTokenizerFile));
  EXPECT_EQ(logits_of(open(output_)), logits_of(open(model, Precision::int8)));
}

}  // namespace
}  // namespace fastintent
