#include "arrow_predictions.h"

#include <gtest/gtest.h>

#include <memory>

#include "arrow_texts.h"

namespace fastintent::python {
namespace {

IntentPrediction answer(std::string intent, float confidence, std::vector<ScoredIntent> others) {
  IntentPrediction prediction;
  prediction.intent = std::move(intent);
  prediction.confidence = confidence;
  prediction.alternatives = std::move(others);
  return prediction;
}

IntentPrediction failure(std::string error) {
  IntentPrediction prediction;
  prediction.error = std::move(error);
  return prediction;
}

// Three answers, a blank text and a null.
std::shared_ptr<const ArrowPredictions> five_rows(bool with_alternatives,
                                                  std::vector<std::string> intents = {"close",
                                                                                      "open"}) {
  std::vector<IntentPrediction> predictions = {answer("open", 0.75F, {{"close", 0.25F}}),
                                               failure("a blank one"),
                                               answer("close", 0.5F, {{"open", 0.125F}}),
                                               failure("a blank one"),
                                               answer("new", 1, {})};
  predictions[0].truncated = true;
  predictions[2].needs_review = true;
  const std::vector<std::string_view> texts = {"a", " ", "b", {}, "c"};
  return std::make_shared<const ArrowPredictions>(
      std::move(intents), texts, predictions, with_alternatives);
}

std::vector<std::string> texts_of(const ArrowArray& array,
                                  const ArrowSchema& schema,
                                  const char* column) {
  std::vector<std::string_view> views;
  ArrowTexts(schema, column).append(array, views);
  std::vector<std::string> all;
  for (const std::string_view view : views) {
    all.emplace_back(view.data() == nullptr ? "null" : view);
  }
  return all;
}

bool bit(const ArrowArray& array, int buffer, int row) {
  return (static_cast<const uint8_t*>(array.buffers[buffer])[row / 8] >> (row % 8) & 1) != 0;
}

template <typename T>
T value(const ArrowArray& array, int row) {
  return static_cast<const T*>(array.buffers[1])[row];
}

TEST(ArrowPredictions, EveryColumnHasItsValues) {
  const auto predictions = five_rows(false);
  const ArrowOwned<ArrowSchema> schema = predictions->schema();
  const ArrowOwned<ArrowArray> array = array_of(predictions);
  EXPECT_EQ(array.get().length, 5);
  ASSERT_EQ(array.get().n_children, 5);
  ASSERT_EQ(schema.get().n_children, 5);
  EXPECT_EQ(texts_of(array.get(), schema.get(), "intent"),
            std::vector<std::string>({"open", "null", "close", "null", "new"}));
  EXPECT_EQ(texts_of(array.get(), schema.get(), "error"),
            std::vector<std::string>(
                {"null", "a blank one", "null", "predict: expected a text, found null", "null"}));
  const ArrowArray& confidence = *array.get().children[1];
  EXPECT_EQ(confidence.null_count, 2);
  EXPECT_EQ(value<float>(confidence, 0), 0.75F);
  EXPECT_FALSE(bit(confidence, 0, 1));
  EXPECT_EQ(value<float>(confidence, 4), 1);
  for (int row = 0; row < 5; ++row) {
    EXPECT_EQ(bit(*array.get().children[2], 1, row), row == 2);  // needs_review
    EXPECT_EQ(bit(*array.get().children[3], 1, row), row == 0);  // truncated
  }
}

TEST(ArrowPredictions, AlternativesAreListsThatShareTheDictionary) {
  const auto predictions = five_rows(true);
  const ArrowOwned<ArrowArray> array = array_of(predictions);
  const ArrowOwned<ArrowSchema> schema = predictions->schema();
  ASSERT_EQ(array.get().n_children, 6);
  const ArrowArray& lists = *array.get().children[5];
  const std::vector<int32_t> expected = {0, 1, 1, 2, 2, 2};
  for (int row = 0; row <= 5; ++row) {
    EXPECT_EQ(value<int32_t>(lists, row), expected[static_cast<size_t>(row)]);
  }
  const ArrowArray& scored = *lists.children[0];
  const ArrowSchema& scored_schema = *schema.get().children[5]->children[0];
  EXPECT_EQ(texts_of(scored, scored_schema, "intent"), std::vector<std::string>({"close", "open"}));
  EXPECT_EQ(value<float>(*scored.children[1], 1), 0.125F);
}

TEST(ArrowPredictions, IndicesHave32BitsWhere16AreTooFew) {
  EXPECT_STREQ(five_rows(false)->schema().get().children[0]->format, "s");
  std::vector<std::string> intents;
  for (int i = 0; i < 32'768; ++i) {
    intents.push_back(std::to_string(i));
  }
  const auto predictions = five_rows(false, intents);  // which has three more names
  const ArrowOwned<ArrowSchema> schema = predictions->schema();
  EXPECT_STREQ(schema.get().children[0]->format, "i");
  const ArrowOwned<ArrowArray> array = array_of(predictions);
  EXPECT_EQ(texts_of(array.get(), schema.get(), "intent").back(), "new");
}

TEST(ArrowPredictions, AMovedColumnOutlivesTheBatchAndThePredictions) {
  ArrowOwned<ArrowArray> intent;
  const ArrowOwned<ArrowSchema> schema = five_rows(false)->schema();
  {
    ArrowOwned<ArrowArray> array = array_of(five_rows(false));
    intent = ArrowOwned<ArrowArray>(*array.get().children[0]);
    EXPECT_EQ(array.get().children[0]->release, nullptr);
  }
  std::vector<std::string_view> views;
  ArrowTexts(*schema.get().children[0], "").append(intent.get(), views);
  EXPECT_EQ(views[0], "open");
}

TEST(ArrowPredictions, AStreamHasTheBatchOnce) {
  ArrowOwned<ArrowArrayStream> stream = stream_of(five_rows(true));
  const ArrowInput input = read_stream(std::move(stream), "intent", [] { return false; });
  ASSERT_EQ(input.arrays.size(), 1U);
  EXPECT_EQ(input.texts.size(), 5U);
  EXPECT_EQ(input.texts[2], "close");
}

TEST(ArrowPredictions, NoTextsAreAnEmptyBatch) {
  const auto none = std::make_shared<const ArrowPredictions>(std::vector<std::string>{"open"},
                                                             std::span<const std::string_view>{},
                                                             std::span<const IntentPrediction>{},
                                                             true);
  const ArrowOwned<ArrowArray> array = array_of(none);
  EXPECT_EQ(array.get().length, 0);
  EXPECT_TRUE(texts_of(array.get(), none->schema().get(), "error").empty());
}

}  // namespace
}  // namespace fastintent::python
