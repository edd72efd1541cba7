#include "predict/predictor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <future>
#include <limits>
#include <numeric>
#include <thread>
#include <utility>

#include "base/expect_error.h"
#include "combinations.h"
#include "devices/create_backend.h"
#include "evaluation/softmax.h"
#include "failing_backend.h"
#include "golden_texts.h"

namespace fastintent {
namespace {

// f32 sums in another order than transformers' f64, through two layers; the issue requires 1e-4.
constexpr double kTolerance = 1e-4;

constexpr RankingRequest kLogits{.top_k = 0, .with_logits = true};

std::vector<float> logits_of(Predictor& predictor, std::span<const std::string> texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return predictor.run(views, kLogits).logits;
}

std::vector<uint32_t> bits_of(std::span<const float> values) {
  std::vector<uint32_t> bits;
  for (const float value : values) {
    bits.push_back(std::bit_cast<uint32_t>(value));
  }
  return bits;
}

Predictor make_predictor(const std::filesystem::path& folder,
                         Device device,
                         int threads,
                         int max_length = 0,
                         Precision precision = Precision::fp32) {
  return {std::make_shared<const TrainedModel>(SnapshotPath(folder), max_length),
          [device](int /*worker*/) { return create_backend(device); },
          precision,
          std::make_shared<WorkQueue>(threads)};
}

class GoldenPredictor : public testing::TestWithParam<std::string> {
 protected:
  const GoldenCase golden_{GetParam()};
  const std::vector<std::string> texts_ = golden_texts(golden_);

  Predictor predictor(Device device, int threads, Precision precision = Precision::fp32) const {
    return make_predictor(golden_.model(), device, threads, 0, precision);
  }
  void expect_same_bits_in_any_company(Precision precision) const;
};

TEST_P(GoldenPredictor, GivesTheLogitsOfTransformers) {
  for (const Device device : {Device::reference, Device::cpu}) {
    Predictor found = predictor(device, 1);
    EXPECT_LT(largest_difference(logits_of(found, texts_), golden_.values("logits")), kTolerance)
        << found.device_name();
  }
}

// Texts of many lengths, more tokens than a worker runs at once.
std::vector<std::string> many_texts(const std::vector<std::string>& golden) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < 48; ++i) {
    std::string text = golden[i % golden.size()];
    for (size_t more = 0; more < i / golden.size(); ++more) {
      text += " " + golden[(i + more) % golden.size()];
    }
    texts.push_back(text);
  }
  return texts;
}

// In bf16 and int8, one factor in thousands rounds to another step where f32 sums are in another
// order; then the logits of that text are off by about the error of that precision, and those of
// the other texts are not.
TEST_P(GoldenPredictor, GivesTheLogitsOfTheReferenceInEveryPrecision) {
  const std::vector<std::string> texts = many_texts(texts_);
  constexpr double kFloat = 1e-5;
  Predictor plain = predictor(Device::reference, 2, Precision::fp32);
  const std::vector<float> exact = logits_of(plain, texts);
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    Predictor device = predictor(Device::cpu, 2, precision);
    const std::vector<float> found = logits_of(device, texts);
    std::vector<float> expected = exact;
    if (precision != Precision::fp32) {
      Predictor reference = predictor(Device::reference, 2, precision);
      expected = logits_of(reference, texts);
    }
    const size_t C = found.size() / texts.size();
    std::vector<double> differences;
    for (size_t i = 0; i < found.size(); i += C) {
      differences.push_back(
          largest_difference(std::span(found).subspan(i, C), std::span(expected).subspan(i, C)));
    }
    std::sort(differences.begin(), differences.end());
    const double error = largest_difference(exact, expected);
    const double every = precision == Precision::fp32 ? kFloat : 2 * error;
    EXPECT_LT(differences[differences.size() / 2], kFloat) << precision_name(precision);
    EXPECT_LT(differences.back(), every) << precision_name(precision);
  }
}

// How a list of texts is run: with so many threads, so many texts at a time.
struct Company {
  int threads;
  bool reversed;
  size_t batch;
};

std::vector<Company> companies(size_t all) {
  if (!every_combination()) {
    return {
        {1, false, 5}, {1, true, all}, {2, true, 1}, {2, false, 17}, {3, false, all}, {3, true, 2}};
  }
  std::vector<Company> product;
  for (const int threads : {1, 2, 3}) {
    for (const bool reversed : {false, true}) {
      for (const size_t batch : {size_t{1}, size_t{2}, size_t{5}, size_t{17}, all}) {
        product.push_back({threads, reversed, batch});
      }
    }
  }
  return product;
}

// Law 2: the bits of a text's logits do not depend on the texts it is run with.
void GoldenPredictor::expect_same_bits_in_any_company(Precision precision) const {
  const std::vector<std::string> texts = many_texts(texts_);
  std::vector<std::vector<uint32_t>> alone;
  Predictor single = predictor(Device::cpu, 1, precision);
  for (const std::string& text : texts) {
    alone.push_back(bits_of(logits_of(single, {{text}})));
  }

  for (const auto& [threads, reversed, batch] : companies(texts.size())) {
    Predictor found = predictor(Device::cpu, threads, precision);
    std::vector<size_t> order(texts.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (reversed) {
      std::reverse(order.begin(), order.end());
    }
    for (size_t begin = 0; begin < texts.size(); begin += batch) {
      std::vector<std::string> some;
      for (size_t i = begin; i < std::min(begin + batch, texts.size()); ++i) {
        some.push_back(texts[order[i]]);
      }
      const std::vector<uint32_t> bits = bits_of(logits_of(found, some));
      const size_t C = bits.size() / some.size();
      for (size_t i = 0; i < some.size(); ++i) {
        const std::vector<uint32_t> row(bits.begin() + static_cast<std::ptrdiff_t>(i * C),
                                        bits.begin() + static_cast<std::ptrdiff_t>(i * C + C));
        ASSERT_EQ(row, alone[order[begin + i]])
            << threads << " threads, batches of " << batch << ": " << some[i];
      }
    }
  }
}

TEST_P(GoldenPredictor, GivesTheSameBitsInAnyBatchAndWithAnyNumberOfWorkers) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    expect_same_bits_in_any_company(precision);
  }
}

// The same where the calling thread and the workers divide a text's products between them.
TEST_P(GoldenPredictor, GivesTheSameBitsWhenWorkersDivideAText) {
  const std::vector<std::string> texts = many_texts(texts_);
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    Predictor single = predictor(Device::cpu, 1, precision);
    EXPECT_FALSE(
        single.try_run_now(std::vector<std::string_view>{texts[0]}, kLogits));  // no helpers
    constexpr int kThreads[] = {2, 3, 5};
    for (size_t size = 0; size < std::size(kThreads); ++size) {
      const int threads = kThreads[size];
      Predictor team = predictor(Device::cpu, threads, precision);
      int divided = 0;
      // In a sample each text is for one of the teams.
      const size_t step = every_combination() ? 1 : std::size(kThreads);
      for (size_t i = step == 1 ? 0 : size; i < texts.size(); i += step) {
        const std::string& text = texts[i];
        const auto rankings = team.try_run_now(std::vector<std::string_view>{text}, kLogits);
        if (!rankings) {
          continue;  // a worker had not returned from the previous text
        }
        ++divided;
        EXPECT_EQ(bits_of(rankings->logits), bits_of(logits_of(single, {{text}})))
            << precision_name(precision) << ", " << threads << " workers: " << text;
      }
      EXPECT_GT(divided, 0);
    }
  }
}

// The probabilities are computed from the logits by the same code as those that a threshold was
// fitted on.
TEST_P(GoldenPredictor, RanksTheLogitsOfEachText) {
  Predictor found = predictor(Device::cpu, 2);
  const size_t C = found.config().intents.size();
  const std::vector<std::string_view> views(texts_.begin(), texts_.end());
  const Rankings rankings = found.run(views, {static_cast<int>(C), true});
  ASSERT_EQ(rankings.best.size(), texts_.size() * C);
  for (size_t text = 0; text < texts_.size(); ++text) {
    const Ranking ranking = rankings.of(text);
    const Softmax softmax(ranking.logits, found.calibration().temperature);
    for (size_t rank = 0; rank < C; ++rank) {
      const auto c = static_cast<size_t>(ranking.best[rank].index);
      EXPECT_EQ(ranking.best[rank].probability, softmax.probability(c));
      if (rank == 0) {
        continue;
      }
      const auto better = static_cast<size_t>(ranking.best[rank - 1].index);
      EXPECT_GE(ranking.logits[better], ranking.logits[c]);
    }
  }
}

TEST_P(GoldenPredictor, AnswersALoneTextAtOnceOnADeviceThatCannotDivideIt) {
  Predictor reference = predictor(Device::reference, 2);
  const std::vector<std::string_view> text{texts_[0]};
  const auto rankings = reference.try_run_now(text, kLogits);
  ASSERT_TRUE(rankings);
  EXPECT_EQ(bits_of(rankings->logits), bits_of(logits_of(reference, {{texts_[0]}})));
}

INSTANTIATE_TEST_SUITE_P(AllHeads,
                         GoldenPredictor,
                         testing::ValuesIn(one_model_of_each_kind() ? kinds_of_trained_models()
                                                                    : trained_models()),
                         [](const auto& test) { return test.param; });

TEST(Predictor, GivesNothingForNoTexts) {
  Predictor predictor = make_predictor(GoldenCase("bert_mean").model(), Device::cpu, 2);
  const Rankings rankings = predictor.run({}, kLogits);
  EXPECT_TRUE(rankings.best.empty());
  EXPECT_TRUE(rankings.logits.empty());
  EXPECT_TRUE(rankings.truncated.empty());
}

TEST(Predictor, SaysWhichTextsWereTruncated) {
  Predictor predictor = make_predictor(GoldenCase("bert_mean").model(), Device::cpu, 1, 6);
  const std::vector<std::string_view> texts = {
      "my card", "please close my old account", "is it new"};
  const Rankings rankings = predictor.run(texts, kLogits);
  EXPECT_EQ(rankings.truncated, std::vector<char>({0, 1, 0}));
  // Text that is cut off does not count.
  const std::vector<std::string> cut = {"please close my old"};
  const size_t C = predictor.config().intents.size();
  EXPECT_EQ(bits_of(logits_of(predictor, cut)), bits_of(std::span(rankings.logits).subspan(C, C)));
}

TEST(Predictor, RefusesAFolderWithoutATrainedHead) {
  for (const char* base : {"bert_base", "sentence_base"}) {
    expect_error(ErrorCode::bad_checkpoint, "train it first", [&] {
      TrainedModel(SnapshotPath(GoldenCase(base).model()), 0);
    });
  }
}

TEST(Predictor, ServesManyCallsAtOnceWithTheSameBits) {
  const GoldenCase golden("bert_mean");
  Predictor predictor = make_predictor(golden.model(), Device::cpu, 2);
  const std::vector<std::string> texts = many_texts(golden_texts(golden));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<uint32_t> expected = bits_of(predictor.run(views, kLogits).logits);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        PendingRankings first = predictor.start(views, kLogits);
        PendingRankings second = predictor.start(views, kLogits);
        EXPECT_EQ(bits_of(second.get().logits), expected);
        EXPECT_EQ(bits_of(first.get().logits), expected);
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST(Predictor, WarmsUpBesideOtherCalls) {
  const GoldenCase golden("bert_pooler");
  Predictor predictor = make_predictor(golden.model(), Device::cpu, 2);
  const std::vector<std::string> texts = golden_texts(golden);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<uint32_t> expected = bits_of(predictor.run(views, kLogits).logits);
  PendingRankings pending = predictor.start(views, kLogits);
  std::thread other([&] { predictor.warm_up(); });
  predictor.warm_up();
  other.join();
  EXPECT_EQ(bits_of(pending.get().logits), expected);
  EXPECT_EQ(bits_of(predictor.run(views, kLogits).logits), expected);
}

// Otherwise the end of Python's interpreter would wait for threads that wait for one that never returns.
TEST(Predictor, StopsAWarmUpThatWaitsForAnotherOne) {
  Predictor predictor = make_predictor(GoldenCase("bert_pooler").model(), Device::cpu, 2);
  std::promise<void> began;
  std::promise<void> released;
  std::thread other([&] {
    bool first = true;
    predictor.warm_up([&] {
      if (std::exchange(first, false)) {
        began.set_value();
        released.get_future().wait();
      }
      return false;
    });
  });
  began.get_future().wait();
  expect_error(ErrorCode::interrupted, "warm_up: stopped by the caller", [&] {
    predictor.warm_up([] { return true; });
  });
  released.set_value();
  other.join();
}

// A predictor that has loaded its model and then has memory for `rows` rows of the widest
// activation only.
class PoorPredictor {
 public:
  PoorPredictor(const GoldenCase& golden, int64_t rows)
      : predictor_(
            std::make_shared<const TrainedModel>(SnapshotPath(golden.model()), 0),
            [this](int /*worker*/) {
              return std::make_unique<FailingBackend>(
                  create_backend(Device::cpu), floats_, passes_);
            },
            Precision::fp32,
            std::make_shared<WorkQueue>(1)) {
    *floats_ = rows * 3 * predictor_.config().encoder.hidden;  // queries, keys and values
  }
  operator Predictor&() { return predictor_; }
  int passes() const { return *passes_; }

 private:
  std::shared_ptr<int64_t> floats_ = std::make_shared<int64_t>(std::numeric_limits<int64_t>::max());
  std::shared_ptr<std::atomic<int>> passes_ = std::make_shared<std::atomic<int>>(0);
  Predictor predictor_;
};

TEST(Predictor, LeavesOutWhatWasDroppedBeforeItBegan) {
  const GoldenCase golden("bert_mean");
  PoorPredictor counted(golden, 1000);
  Predictor& predictor = counted;
  const std::vector<std::string> texts = many_texts(golden_texts(golden));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  predictor.run(views, kLogits);
  const int passes = counted.passes();
  constexpr int kDropped = 1000;
  for (int i = 0; i < kDropped; ++i) {
    predictor.start(views, kLogits);
  }
  predictor.run(views, kLogits);
  // One worker cannot have run a thousand batches while they were only tokenised.
  EXPECT_LT(counted.passes(), passes * kDropped);
}

// Texts waiting for a worker run in one pass, from any callers; the answers are those of one text
// alone.
TEST(Predictor, RunsTheTextsOfManyCallsTogether) {
  const GoldenCase golden("bert_mean");
  PoorPredictor counted(golden, 1000);
  Predictor& predictor = counted;
  const std::vector<std::string> texts = golden_texts(golden);
  std::vector<std::vector<uint32_t>> expected;
  for (const std::string& text : texts) {
    expected.push_back(bits_of(logits_of(predictor, std::span(&text, 1))));
  }
  const int passes = counted.passes();
  std::vector<PendingRankings> pending;
  constexpr size_t kCalls = 500;
  for (size_t call = 0; call < kCalls; ++call) {
    const std::string_view text = texts[call % texts.size()];
    pending.push_back(predictor.start(std::span(&text, 1), kLogits));
  }
  for (size_t call = 0; call < kCalls; ++call) {
    EXPECT_EQ(bits_of(pending[call].get().logits), expected[call % texts.size()]);
  }
  // One worker cannot have run five hundred passes while they were only tokenised.
  EXPECT_LT(counted.passes() - passes, static_cast<int>(kCalls));
}

// Calls that share a pass each get what they requested, and no more.
TEST(Predictor, GivesEachCallOfAPassAsManyClassesAsItAsksFor) {
  const GoldenCase golden("bert_mean");
  PoorPredictor counted(golden, 1000);
  Predictor& predictor = counted;
  const std::vector<std::string> texts = golden_texts(golden);
  const size_t C = predictor.config().intents.size();
  std::vector<PendingRankings> pending;
  const auto text_of = [&](size_t call) { return std::string_view(texts[call % texts.size()]); };
  const auto request_of = [](size_t call) {
    return RankingRequest{static_cast<int>(call % 4), call % 3 == 0};
  };
  constexpr size_t kCalls = 500;
  for (size_t call = 0; call < kCalls; ++call) {
    const std::string_view text = text_of(call);
    pending.push_back(predictor.start(std::span(&text, 1), request_of(call)));
  }
  for (size_t call = 0; call < kCalls; ++call) {
    const Rankings found = pending[call].get();
    const std::string_view text = text_of(call);
    const Rankings alone = predictor.run(std::span(&text, 1), request_of(call));
    EXPECT_EQ(found.best.size(), std::min(C, call % 4 + 1));
    EXPECT_EQ(found.best, alone.best);
    EXPECT_EQ(bits_of(found.logits), bits_of(alone.logits));
    EXPECT_EQ(found.logits.size(), call % 3 == 0 ? C : 0);
  }
}

TEST(Predictor, RunsThemOneByOneWhereMemoryIsShort) {
  const GoldenCase golden("bert_mean");
  PoorPredictor poor(golden, 96);  // the longest text, and no more
  Predictor& predictor = poor;
  Predictor roomy = make_predictor(golden.model(), Device::cpu, 1);
  const std::vector<std::string> texts = golden_texts(golden);
  std::vector<PendingRankings> pending;
  for (size_t call = 0; call < 200; ++call) {
    const std::string_view text = texts[call % texts.size()];
    pending.push_back(predictor.start(std::span(&text, 1), kLogits));
  }
  for (size_t call = 0; call < pending.size(); ++call) {
    const std::string& text = texts[call % texts.size()];
    const std::vector<uint32_t> alone = bits_of(logits_of(roomy, std::span(&text, 1)));
    EXPECT_EQ(bits_of(pending[call].get().logits), alone);
  }
}

TEST(Predictor, HalvesABatchThatDoesNotFitIntoMemory) {
  const GoldenCase golden("bert_mean");
  const std::vector<std::string> texts = many_texts(golden_texts(golden));
  Predictor roomy = make_predictor(golden.model(), Device::cpu, 1);
  const std::vector<uint32_t> expected = bits_of(logits_of(roomy, texts));
  // Room for the longest text (64 tokens and a quarter), but not for what usually runs together.
  PoorPredictor poor(golden, 96);
  EXPECT_EQ(bits_of(logits_of(poor, texts)), expected);
}

// The long text does not fit; the short ones that wait with it do.
TEST(Predictor, GivesAnErrorToTheCallThatCausesItAlone) {
  const GoldenCase golden("bert_mean");
  PoorPredictor poor(golden, 32);
  Predictor& predictor = poor;
  std::string long_text;
  for (int i = 0; i < 64; ++i) {
    long_text += "my card ";
  }
  constexpr size_t kCalls = 100;
  std::vector<PendingRankings> pending;
  for (size_t call = 0; call < kCalls; ++call) {
    const std::string_view text = call % 2 == 0 ? std::string_view("my card") : long_text;
    pending.push_back(predictor.start(std::span(&text, 1), kLogits));
  }
  const std::vector<std::string> short_text = {"my card"};
  const std::vector<uint32_t> alone = bits_of(logits_of(predictor, short_text));
  for (size_t call = 0; call < kCalls; ++call) {
    if (call % 2 == 0) {
      EXPECT_EQ(bits_of(pending[call].get().logits), alone);
    } else {
      expect_error(ErrorCode::out_of_resources, "memory", [&] { pending[call].get(); });
    }
  }
}

TEST(Predictor, TellsThatNotEvenOneTextFitsAndGoesOn) {
  const GoldenCase golden("bert_mean");
  PoorPredictor poor(golden, 32);
  const std::vector<std::string> texts = many_texts(golden_texts(golden));
  expect_error(ErrorCode::out_of_resources, "memory", [&] { logits_of(poor, texts); });
  Predictor roomy = make_predictor(golden.model(), Device::cpu, 1);
  const std::vector<std::string> short_text = {"my card"};
  EXPECT_EQ(bits_of(logits_of(poor, short_text)), bits_of(logits_of(roomy, short_text)));
}

}  // namespace
}  // namespace fastintent
