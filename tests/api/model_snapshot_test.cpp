// A model is one model: while its folder is exchanged, and after it was loaded.
#include <gtest/gtest.h>

#include <thread>

#include "base/exchange_folders.h"
#include "base/expect_error.h"
#include "base/replace_folder.h"
#include "fastintent/quantize.h"
#include "tiny_training.h"
#include "two_models.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

class ModelSnapshot : public testing::Test {
 protected:
  ModelSnapshot() {
    copy_model("bert_pooler", model_);
    copy_model("bert_pooler", other_);
    make_other(other_);
  }
  static IntentsAndLogits load(const fs::path& folder) {
    IntentClassifier classifier = open_model(folder);
    return answers_of(classifier);
  }
  // Every file of the model in use gets other bytes, or none.
  void overwrite_in_place(bool truncated) const {
    for (const auto& entry : fs::recursive_directory_iterator(model_)) {
      if (!entry.is_regular_file()) {
        continue;
      }
      if (truncated) {
        fs::resize_file(entry.path(), 0);
      } else {
        const std::string junk(static_cast<size_t>(entry.file_size()), '\x55');
        std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary) << junk;
      }
    }
  }

  const TemporaryFolder folder_;
  const fs::path model_ = folder_ / "model";
  const fs::path other_ = folder_ / "other";
};

TEST_F(ModelSnapshot, TwoHundredLoadsOfExchangedFoldersAreNeverMixed) {
  const IntentsAndLogits first = load(model_);
  const IntentsAndLogits second = load(other_);
  ASSERT_NE(first, second);
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      exchange_folders(other_, model_);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const IntentsAndLogits found = load(model_);
    EXPECT_TRUE(found == first || found == second) << "load " << i;
  }
}

TEST_F(ModelSnapshot, LoadsWhileSavesReplaceTheFolderAreNeverMixed) {
  const IntentsAndLogits first = load(model_);
  const IntentsAndLogits second = load(other_);
  const IntentClassifier one = open_model(model_);
  const IntentClassifier two = open_model(other_);
  std::jthread writer([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      (i % 2 == 0 ? two : one).save(model_, true);
    }
  });
  for (int i = 0; i < 50; ++i) {
    const IntentsAndLogits found = load(model_);
    EXPECT_TRUE(found == first || found == second) << "load " << i;
  }
}

TEST_F(ModelSnapshot, AModelInUseDoesNotDependOnItsFiles) {
  const fs::path prepared = folder_ / "prepared";
  for (const bool truncated : {true, false}) {
    for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
      for (const bool packed : {false, true}) {
        if (packed && precision == Precision::fp32) {
          continue;
        }
        SCOPED_TRACE(testing::Message() << precision_name(precision) << packed << truncated);
        fs::remove_all(model_);
        copy_model("bert_pooler", prepared);
        if (packed) {
          quantize_model(prepared, model_, {.precision = precision});
          fs::remove_all(prepared);
        } else {
          fs::rename(prepared, model_);
        }
        IntentClassifier classifier = open_model(model_, precision);
        IntentClassifier untouched = open_model(model_, precision);
        const IntentsAndLogits expected = answers_of(untouched);
        overwrite_in_place(truncated);
        EXPECT_EQ(answers_of(classifier), expected);
        // What needs the weights again refuses, and the model stays in use.
        expect_error(ErrorCode::io_error, "save model: expected the weights as they were", [&] {
          classifier.save(folder_ / "saved");
        });
        EXPECT_FALSE(fs::exists(folder_ / "saved"));
        const Precision another = precision == Precision::fp32 ? Precision::bf16 : Precision::fp32;
        expect_error(ErrorCode::io_error, "model.safetensors", [&] {
          classifier.optimize_for_inference(another);
        });
        expect_error(ErrorCode::io_error, "model.safetensors", [&] { classifier.fingerprint(); });
        EXPECT_EQ(answers_of(classifier), expected);
      }
    }
  }
}

TEST_F(ModelSnapshot, SavesTheModelThatWasLoaded) {
  for (const bool removed : {false, true}) {
    for (const char* name : {"bert_pooler", "bert_mean", "distilbert", "roberta"}) {
      SCOPED_TRACE(testing::Message() << name << removed);
      fs::remove_all(model_);
      copy_model(name, model_);
      const IntentClassifier classifier = open_model(model_);
      classifier.save(folder_ / "expected");
      if (removed) {
        fs::remove_all(model_);
      } else {
        fs::rename(model_, folder_ / "away");
        fs::copy(other_, model_, fs::copy_options::recursive);
        std::ofstream(model_ / "vocab.txt") << "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nother\n";
        fs::remove_all(folder_ / "away");
      }
      const std::string fingerprint = classifier.fingerprint();
      classifier.save(folder_ / "saved");
      EXPECT_EQ(folder_bytes(folder_ / "saved"), folder_bytes(folder_ / "expected"));
      EXPECT_EQ(open_model(folder_ / "saved").intents(), classifier.intents());
      EXPECT_EQ(fingerprint.size(), 16U);
      fs::remove_all(folder_ / "saved");
      fs::remove_all(folder_ / "expected");
    }
  }
}

TEST_F(ModelSnapshot, PreparesTheModelThatWasLoaded) {
  IntentClassifier int8 = open_model(model_, Precision::int8);
  const IntentsAndLogits expected = answers_of(int8);
  IntentClassifier classifier = open_model(model_);
  ASSERT_TRUE(exchange_folders(other_, model_));
  fs::remove_all(other_);
  classifier.optimize_for_inference(Precision::int8);
  EXPECT_EQ(answers_of(classifier), expected);
}

TEST_F(ModelSnapshot, TrainingUsesTheBaseItStartedWith) {
  const auto train = [&](const char* output, const std::function<void()>& disturb) {
    const fs::path base = folder_ / "base";
    copy_model("sentence_base", base);
    TrainingOptions options = tiny_options(folder_ / output);
    options.base_model = base;
    options.refit = true;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const StepReport& step) {
      if (step.step == 1) {
        disturb();
      }
    };
    Trainer(options, callbacks).train(tiny_texts());
    fs::remove_all(base);
    return folder_bytes(folder_ / output);
  };
  const auto expected = train("undisturbed", [] {});
  const auto replaced = train("replaced", [&] {
    fs::remove_all(folder_ / "base");
    copy_model("bert_mean", folder_ / "base");
  });
  EXPECT_EQ(replaced, expected);
  EXPECT_EQ(train("removed", [&] { fs::remove_all(folder_ / "base"); }), expected);
}

TEST_F(ModelSnapshot, TrainingDoesNotStartFromAnotherModelThanTheOneInUse) {
  IntentClassifier classifier = open_model(model_);
  ASSERT_TRUE(exchange_folders(other_, model_));
  TrainingOptions options = tiny_options(folder_ / "trained");
  options.base_model.clear();
  expect_error(ErrorCode::io_error, "train: expected the model in use in its folder", [&] {
    classifier.train(tiny_texts(), nullptr, options);
  });
}

TEST_F(ModelSnapshot, AFingerprintIsOfTheContent) {
  const std::string expected = open_model(model_).fingerprint();
  EXPECT_EQ(open_model(model_, Precision::int8).fingerprint(), expected);
  fs::copy(model_, folder_ / "copy", fs::copy_options::recursive);
  EXPECT_EQ(open_model(folder_ / "copy").fingerprint(), expected);
  EXPECT_NE(open_model(other_).fingerprint(), expected);
  std::string weights = read_whole(folder_ / "copy/model.safetensors");
  weights[weights.size() / 2] ^= 1;
  std::ofstream(folder_ / "copy/model.safetensors", std::ios::binary) << weights;
  EXPECT_NE(open_model(folder_ / "copy").fingerprint(), expected) << "one bit of a weight";
}

}  // namespace
}  // namespace fastintent
