#include "train/encoded_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/expect_error.h"
#include "golden_case.h"

namespace fastintent {
namespace {

using Rows = std::vector<int64_t>;
using Labels = std::vector<std::string>;

Labels labels_of(const std::map<std::string, int>& counts) {
  Labels labels;
  for (const auto& [label, count] : counts) {
    labels.insert(labels.end(), static_cast<size_t>(count), label);
  }
  return labels;
}

std::map<std::string, int> held_by_label(const Labels& labels, const HoldOut& split) {
  std::map<std::string, int> held;
  for (const int64_t row : split.validation) {
    ++held[labels[static_cast<size_t>(row)]];
  }
  return held;
}

TEST(HoldOut, TakesEveryRowOnceInFileOrder) {
  const Labels labels = labels_of({{"a", 13}, {"b", 7}, {"c", 31}});
  const HoldOut split = hold_out_stratified(labels, 0.2, 5);
  EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
  EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
  Rows all;
  std::merge(split.training.begin(),
             split.training.end(),
             split.validation.begin(),
             split.validation.end(),
             std::back_inserter(all));
  ASSERT_EQ(all.size(), labels.size());
  for (size_t row = 0; row < all.size(); ++row) {
    EXPECT_EQ(all[row], static_cast<int64_t>(row));
  }
}

TEST(HoldOut, TakesItsShareOfEveryClassRounded) {
  const Labels labels = labels_of({{"a", 100}, {"b", 40}, {"c", 15}, {"d", 14}});
  EXPECT_EQ(held_by_label(labels, hold_out_stratified(labels, 0.1, 42)),
            (std::map<std::string, int>{{"a", 10}, {"b", 4}, {"c", 2}, {"d", 1}}));
}

TEST(HoldOut, TakesAtLeastOneButNeverAClassesLastRow) {
  const Labels labels = labels_of({{"one", 1}, {"two", 2}, {"three", 3}});
  EXPECT_EQ(held_by_label(labels, hold_out_stratified(labels, 0.01, 42)),
            (std::map<std::string, int>{{"two", 1}, {"three", 1}}));
  EXPECT_EQ(held_by_label(labels, hold_out_stratified(labels, 0.99, 42)),
            (std::map<std::string, int>{{"two", 1}, {"three", 2}}));
}

TEST(HoldOut, IsChosenByTheSeed) {
  const Labels labels = labels_of({{"a", 50}, {"b", 50}});
  EXPECT_EQ(hold_out_stratified(labels, 0.1, 7).validation,
            hold_out_stratified(labels, 0.1, 7).validation);
  EXPECT_NE(hold_out_stratified(labels, 0.1, 7).validation,
            hold_out_stratified(labels, 0.1, 8).validation);
}

TEST(SelectRows, GivesTextsWithTheirLabels) {
  LabelledTexts data;
  data.texts = {"r", "s", "t"};
  data.labels = {"1", "2", "3"};
  const LabelledTexts some = select_rows(data, Rows{2, 0});
  EXPECT_EQ(some.texts, Labels({"t", "r"}));
  EXPECT_EQ(some.labels, Labels({"3", "1"}));
}

class EncodeDataset : public testing::Test {
 protected:
  static LabelledTexts data() {
    LabelledTexts data;
    data.texts = {"I lost my card", "transfer", "how do I change the pin of my card?", ""};
    data.labels = {"card", "money", "pin", "card"};
    return data;
  }
  EncodedDataset encode(const LabelledTexts& texts, int max_length, int workers) {
    ThreadPool pool(workers);
    return encode_dataset(texts, {"pin", "card", "money"}, Tokenizer(model_, max_length), pool);
  }
  const std::filesystem::path model_ = GoldenCase("bert_base").model();
};

TEST_F(EncodeDataset, GivesIdsAndClassesInFileOrder) {
  const Tokenizer tokenizer(model_);
  for (const int workers : {1, 3}) {
    const EncodedDataset encoded = encode(data(), 0, workers);
    ASSERT_EQ(encoded.examples(), 4);
    EXPECT_EQ(encoded.classes, std::vector<int32_t>({1, 2, 0, 1}));
    EXPECT_EQ(encoded.truncated, 0);
    for (int64_t example = 0; example < 4; ++example) {
      const auto ids = tokenizer.encode(data().texts[static_cast<size_t>(example)]).ids;
      const auto found = encoded.tokens(example);
      EXPECT_EQ(std::vector<int32_t>(found.begin(), found.end()), ids);
      EXPECT_EQ(encoded.length(example), static_cast<int32_t>(ids.size()));
    }
  }
}

TEST_F(EncodeDataset, CountsTruncatedTexts) {
  const EncodedDataset encoded = encode(data(), 6, 2);
  EXPECT_EQ(encoded.truncated, 1);
  EXPECT_EQ(encoded.length(2), 6);
  EXPECT_EQ(encoded.length(0), 6);
}

TEST_F(EncodeDataset, RefusesAnUnknownLabel) {
  LabelledTexts unknown = data();
  unknown.labels[1] = "weather";
  expect_error(
      ErrorCode::invalid_data, "\"weather\" (text \"transfer\")", [&] { encode(unknown, 0, 1); });
}

TEST_F(EncodeDataset, TakesNoTexts) {
  const EncodedDataset encoded = encode(LabelledTexts(), 0, 2);
  EXPECT_EQ(encoded.examples(), 0);
  EXPECT_EQ(encoded.starts, Rows({0}));
}

}  // namespace
}  // namespace fastintent
