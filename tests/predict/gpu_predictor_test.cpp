#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "devices/create_backend.h"
#include "golden_texts.h"
#include "predict/predictor.h"
#include "predict/rank_intents.h"

// Predictors with a device that computes the answers itself; the GPU is emulated where there is
// none.
namespace fastintent {
namespace {

Predictor make_predictor(const std::filesystem::path& folder, Device device, int threads = 2) {
  return {std::make_shared<const TrainedModel>(SnapshotPath(folder), 0),
          [device](int /*worker*/) { return create_backend(device); },
          Precision::fp32,
          std::make_shared<WorkQueue>(threads)};
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

class GpuPredictor : public testing::TestWithParam<std::string> {
 protected:
  const GoldenCase golden_{GetParam()};
  const std::vector<std::string> texts_ = golden_texts(golden_);
};

TEST_P(GpuPredictor, AnswersAsTheProcessorDoes) {
  Predictor gpu = make_predictor(golden_.model(), Device::cuda);
  Predictor cpu = make_predictor(golden_.model(), Device::cpu);
  const std::vector<std::string_view> views = views_of(texts_);
  const Rankings found = gpu.run(views, {.top_k = 2});
  const Rankings expected = cpu.run(views, {.top_k = 2});
  EXPECT_TRUE(found.logits.empty());
  EXPECT_EQ(found.truncated, expected.truncated);
  ASSERT_EQ(found.best.size(), expected.best.size());
  for (size_t i = 0; i < found.best.size(); ++i) {
    EXPECT_EQ(found.best[i].index, expected.best[i].index) << i;
    EXPECT_NEAR(found.best[i].probability, expected.best[i].probability, 1e-5) << i;
  }
  const Rankings with_logits = gpu.run(views, {.top_k = 2, .with_logits = true});
  EXPECT_EQ(with_logits.best, found.best);
  EXPECT_LT(largest_difference(with_logits.logits, golden_.values("logits")), 1e-4);
}

// Calls that share a pass each get what they requested, and the same bits as alone.
TEST_P(GpuPredictor, GivesEachCallOfAPassAsManyClassesAsItAsksFor) {
  Predictor predictor = make_predictor(golden_.model(), Device::cuda);
  const size_t C = predictor.config().intents.size();
  const auto request_of = [](size_t call) {
    return RankingRequest{static_cast<int>(call % 4), call % 3 == 0};
  };
  constexpr size_t kCalls = 60;
  std::vector<PendingRankings> pending;
  for (size_t call = 0; call < kCalls; ++call) {
    const std::string_view text = texts_[call % texts_.size()];
    pending.push_back(predictor.start(std::span(&text, 1), request_of(call)));
  }
  for (size_t call = 0; call < kCalls; ++call) {
    const Rankings found = pending[call].get();
    const std::string_view text = texts_[call % texts_.size()];
    const Rankings alone = predictor.run(std::span(&text, 1), request_of(call));
    EXPECT_EQ(found.best.size(), std::min(C, call % 4 + 1));
    EXPECT_EQ(found.best, alone.best);
    EXPECT_EQ(found.logits, alone.logits);
    EXPECT_EQ(found.logits.size(), call % 3 == 0 ? C : 0);
  }
}

TEST_P(GpuPredictor, AnswersALoneTextAtOnce) {
  Predictor predictor = make_predictor(golden_.model(), Device::cuda);
  for (const std::string& text : texts_) {
    const std::string_view view = text;
    const Rankings expected = predictor.run(std::span(&view, 1), {.top_k = 3});
    std::optional<Rankings> found;
    // Until the worker has returned from the previous text.
    while (!(found = predictor.try_run_now(std::span(&view, 1), {.top_k = 3}))) {
      std::this_thread::yield();
    }
    EXPECT_EQ(found->best, expected.best) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(AllHeads,
                         GpuPredictor,
                         testing::ValuesIn(trained_models()),
                         [](const auto& test) { return test.param; });

// A copy of a model in which a token's word row holds NaN.
void copy_with_a_broken_word(const std::filesystem::path& from,
                             const std::filesystem::path& to,
                             int32_t token) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::string bytes = read_whole(to / "model.safetensors");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  const auto header = nlohmann::json::parse(bytes.substr(sizeof(header_bytes), header_bytes));
  for (const auto& [name, tensor] : header.items()) {
    if (!name.ends_with("word_embeddings.weight")) {
      continue;
    }
    ASSERT_EQ(tensor.at("dtype"), "F32");
    const size_t row_bytes = tensor.at("shape").at(1).get<size_t>() * sizeof(float);
    const size_t begin = sizeof(header_bytes) + header_bytes +
                         tensor.at("data_offsets").at(0).get<size_t>() +
                         static_cast<size_t>(token) * row_bytes;
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(bytes.data() + begin, &kNan, sizeof(kNan));
  }
  std::ofstream(to / "model.safetensors", std::ios::binary) << bytes;
}

TEST(BrokenWeights, FailTheTextsThatMeetThemAndNoOther) {
  const GoldenCase golden("bert_mean");
  const TrainedModel healthy(SnapshotPath(golden.model()), 0);
  std::vector<int32_t> ids;
  healthy.tokenizer.append_ids("card", ids);
  ASSERT_EQ(ids.size(), 3U);  // between the two special ones
  const TemporaryFolder folder;
  copy_with_a_broken_word(golden.model(), folder / "model", ids[1]);
  for (const Device device : {Device::cpu, Device::reference, Device::cuda}) {
    Predictor predictor = make_predictor(folder / "model", device, 1);
    Predictor expected = make_predictor(golden.model(), device, 1);
    const std::vector<std::string_view> texts = {"please close my old account", "card", "fee"};
    const Rankings rankings = predictor.run(texts, {.top_k = 1});
    const Rankings expected_rankings = expected.run(texts, {.top_k = 1});
    const auto& intents = predictor.config().intents;
    for (const size_t text : {size_t{0}, size_t{2}}) {
      EXPECT_EQ(name_intents(rankings.of(text).best, intents),
                name_intents(expected_rankings.of(text).best, intents));
    }
    expect_error(ErrorCode::bad_checkpoint, "finite logits, found nan", [&] {
      name_intents(rankings.of(1).best, intents);
    });
  }
}

}  // namespace
}  // namespace fastintent
