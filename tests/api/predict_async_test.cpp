#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/expect_error.h"
#include "fastintent/intent_classifier.h"
#include "predict/golden_texts.h"

namespace fastintent {
namespace {

using Predictions = std::vector<IntentPrediction>;

ClassifierOptions options_of(const GoldenCase& golden, int threads = 2) {
  ClassifierOptions options;
  options.model_path = golden.model();
  options.device = Device::cpu;
  options.threads = threads;
  options.enable_cache = false;
  return options;
}

// The predictions of a call, or its error, for a thread that waits.
struct Delivered {
  OnPredictions on_done() {
    return [this](Predictions predictions, std::exception_ptr error) {
      if (error != nullptr) {
        promise.set_exception(std::move(error));
      } else {
        promise.set_value(std::move(predictions));
      }
    };
  }
  Predictions get() { return promise.get_future().get(); }

  std::promise<Predictions> promise;
};

class PredictAsync : public testing::Test {
 protected:
  // A call that keeps the only worker until release(): its on_done waits there.
  void occupy(IntentClassifier& classifier) {
    occupying_ = classifier.predict_async(
        {texts_[0]}, {}, [this](const Predictions&, const std::exception_ptr&) {
          begun_.set_value();
          released_.get_future().wait();
        });
    begun_.get_future().wait();
  }
  void release() { released_.set_value(); }

  const GoldenCase golden_{"bert_cls"};
  const std::vector<std::string> texts_ = golden_texts(golden_);

 private:
  std::promise<void> begun_;
  std::promise<void> released_;
  PredictionTicket occupying_;
};

TEST_F(PredictAsync, DeliversWhatPredictBatchReturns) {
  IntentClassifier classifier(options_of(golden_));
  std::vector<std::string> texts = texts_;
  texts.insert(texts.end(), {" ", texts_[0], texts_[1]});
  const PredictOptions options{.top_k = 2, .with_logits = true, .errors_in_place = true};
  const Predictions expected = classifier.predict_batch(texts, options);
  Delivered delivered;
  const PredictionTicket ticket = classifier.predict_async(texts, options, delivered.on_done());
  EXPECT_EQ(delivered.get(), expected);
  EXPECT_GT(expected[0].tokens, 2);
  EXPECT_EQ(expected[texts_.size()].tokens, 0);
  EXPECT_FALSE(expected[texts_.size()].error.empty());
}

TEST_F(PredictAsync, DeliversTheSameToManyCallsAtOnce) {
  IntentClassifier classifier(options_of(golden_));
  const Predictions expected = classifier.predict_batch(texts_);
  constexpr size_t kCalls = 200;
  std::vector<Delivered> delivered(kCalls);
  std::vector<PredictionTicket> tickets;
  for (size_t call = 0; call < kCalls; ++call) {
    tickets.push_back(
        classifier.predict_async({texts_[call % texts_.size()]}, {}, delivered[call].on_done()));
  }
  for (size_t call = 0; call < kCalls; ++call) {
    EXPECT_EQ(delivered[call].get().at(0), expected[call % texts_.size()]);
  }
  EXPECT_EQ(classifier.get_prediction_counters().queued_tokens, 0);
}

TEST_F(PredictAsync, CallsOnDoneAtOnceWhenNothingIsToBeComputed) {
  ClassifierOptions with_cache = options_of(golden_);
  with_cache.enable_cache = true;
  IntentClassifier classifier(with_cache);
  const IntentPrediction known = classifier.predict(texts_[0]);
  std::optional<Predictions> found;
  const PredictionTicket ticket =
      classifier.predict_async({texts_[0], "  "},
                               {.errors_in_place = true},
                               [&](Predictions predictions, const std::exception_ptr& error) {
                                 EXPECT_EQ(error, nullptr);
                                 found = std::move(predictions);
                               });
  ASSERT_TRUE(found);
  EXPECT_TRUE(ticket.is_done());
  EXPECT_EQ(found->at(0), known);
  EXPECT_EQ(found->at(1).error, "predict: expected a text, found a blank one");
  std::optional<size_t> none;
  const PredictionTicket empty = classifier.predict_async(
      {}, {}, [&](const Predictions& predictions, const std::exception_ptr&) {
        none = predictions.size();
      });
  EXPECT_EQ(none, 0U);
}

TEST_F(PredictAsync, RefusesWhatItCannotStart) {
  IntentClassifier classifier(options_of(golden_));
  const auto never = [](const Predictions&, const std::exception_ptr&) { FAIL(); };
  expect_error(ErrorCode::invalid_data, "index 1", [&] {
    (void)classifier.predict_async({texts_[0], "\t"}, {}, never);
  });
  PredictOptions with_progress;
  with_progress.on_progress = [](int64_t, int64_t) { return true; };
  expect_error(ErrorCode::invalid_argument, "no on_progress", [&] {
    (void)classifier.predict_async({texts_[0]}, with_progress, never);
  });
  expect_error(ErrorCode::invalid_argument, "on_done", [&] {
    (void)classifier.predict_async({texts_[0]}, {}, nullptr);
  });
  IntentClassifier untrained;
  expect_error(ErrorCode::no_model, "expected a trained model", [&] {
    (void)untrained.predict_async({"a"}, {}, never);
  });
}

TEST_F(PredictAsync, DoesNotComputeNorDeliverWhatIsCancelled) {
  IntentClassifier classifier(options_of(golden_, 1));
  occupy(classifier);
  const int64_t before = classifier.get_prediction_counters().texts;
  bool called = false;
  for (int call = 0; call < 20; ++call) {
    PredictionTicket ticket = classifier.predict_async(
        {texts_[1]}, {}, [&](const Predictions&, const std::exception_ptr&) { called = true; });
    EXPECT_FALSE(ticket.is_done());
  }
  release();
  classifier.predict(texts_[2]);  // behind them
  EXPECT_FALSE(called);
  EXPECT_EQ(classifier.get_prediction_counters().texts, before + 1);
}

TEST_F(PredictAsync, WaitsForARunningOnDoneWhenItsTicketIsDestroyed) {
  IntentClassifier classifier(options_of(golden_));
  for (int round = 0; round < 100; ++round) {
    // The memory that on_done writes to ends with this block.
    auto answered = std::make_unique<int>(0);
    std::promise<void> begun;
    PredictionTicket ticket = classifier.predict_async(
        {texts_[0]}, {}, [&](const Predictions& predictions, const std::exception_ptr&) {
          begun.set_value();
          std::this_thread::yield();
          *answered += static_cast<int>(predictions.size());
        });
    if (round % 2 == 0) {
      begun.get_future().wait();
    }
    ticket = {};
    EXPECT_LE(*answered, 1);
  }
}

TEST_F(PredictAsync, MayDestroyTicketAndClassifierInOnDone) {
  for (const int threads : {1, 2}) {
    auto classifier = std::make_unique<IntentClassifier>(options_of(golden_, threads));
    std::promise<void> ended;
    PredictionTicket own;
    std::mutex assigned;
    {
      const std::lock_guard lock(assigned);
      own = classifier->predict_async(
          {texts_[0]}, {}, [&](const Predictions&, const std::exception_ptr&) {
            const std::lock_guard until_assigned(assigned);
            own = {};
            classifier.reset();
            ended.set_value();
          });
    }
    ended.get_future().wait();
    const std::lock_guard until_unlocked(assigned);
  }
}

TEST_F(PredictAsync, AnswersAfterTheClassifierHasGone) {
  auto classifier = std::make_unique<IntentClassifier>(options_of(golden_));
  const Predictions expected = classifier->predict_batch(texts_);
  Delivered delivered;
  const PredictionTicket ticket = classifier->predict_async(texts_, {}, delivered.on_done());
  classifier.reset();
  EXPECT_EQ(delivered.get(), expected);
}

TEST_F(PredictAsync, RefusesWhatExceedsTheQueueAndCountsItExactly) {
  ClassifierOptions bounded = options_of(golden_, 1);
  IntentClassifier measuring(bounded);
  const int64_t tokens = measuring.predict(texts_[1]).tokens;
  const int64_t occupying = measuring.predict(texts_[0]).tokens;
  bounded.max_queued_tokens = std::max(3 * tokens, occupying);
  IntentClassifier classifier(bounded);
  occupy(classifier);  // its tokens are done, its on_done is not
  EXPECT_EQ(classifier.get_prediction_counters().queued_tokens, 0);
  std::vector<PredictionTicket> tickets;
  const auto start = [&](std::vector<std::string> texts) {
    tickets.push_back(classifier.predict_async(
        std::move(texts), {}, [](const Predictions&, const std::exception_ptr&) {}));
  };
  while (classifier.get_prediction_counters().queued_tokens + tokens <= bounded.max_queued_tokens) {
    start({texts_[1]});
  }
  EXPECT_EQ(classifier.get_prediction_counters().queued_tokens, tokens * std::ssize(tickets));
  expect_error(ErrorCode::overloaded, "try again later", [&] { start({texts_[1]}); });
  std::vector<std::string> many(static_cast<size_t>(bounded.max_queued_tokens), texts_[1]);
  for (size_t i = 0; i < many.size(); ++i) {
    many[i] += std::string(i, '!');  // else it is one text
  }
  expect_error(ErrorCode::invalid_argument, "max_queued_tokens", [&] { start(many); });
  release();
  EXPECT_EQ(classifier.predict_batch(texts_).size(), texts_.size());  // waits instead
  EXPECT_EQ(classifier.get_prediction_counters().queued_tokens, 0);
  start({texts_[1]});
}

TEST_F(PredictAsync, FailsAtTheDeadlineUnlessItHasBegun) {
  IntentClassifier classifier(options_of(golden_, 1));
  occupy(classifier);
  const auto past = std::chrono::steady_clock::now();
  Delivered late;
  Delivered in_time;
  const PredictionTicket first =
      classifier.predict_async({texts_[1]}, {.deadline = past}, late.on_done());
  const PredictionTicket second = classifier.predict_async(
      {texts_[1]}, {.deadline = past + std::chrono::hours(1)}, in_time.on_done());
  release();
  expect_error(ErrorCode::deadline_exceeded, "deadline", [&] { late.get(); });
  EXPECT_EQ(in_time.get().size(), 1U);
  expect_error(ErrorCode::deadline_exceeded, "deadline", [&] {
    classifier.predict(texts_[0], {.deadline = past});
  });
  expect_error(ErrorCode::deadline_exceeded, "deadline", [&] {
    classifier.predict_batch(texts_, {.deadline = past});
  });
}

// A text beside a call of thousands waits for one range of that call, not for all.
TEST_F(PredictAsync, TakesTurnsBetweenCalls) {
  IntentClassifier classifier(options_of(golden_, 1));
  occupy(classifier);
  std::vector<std::string> thousands;
  for (int i = 0; i < 3000; ++i) {
    thousands.push_back(texts_[0] + " " + std::to_string(i));
  }
  std::vector<std::string> order;
  std::promise<void> all_done;
  const auto note = [&](const std::string& name) {
    return [&, name](const Predictions&, const std::exception_ptr&) {
      order.push_back(name);  // one worker: no lock needed
      if (order.size() == 2) {
        all_done.set_value();
      }
    };
  };
  const PredictionTicket bulk = classifier.predict_async(thousands, {}, note("bulk"));
  const PredictionTicket single = classifier.predict_async({texts_[1]}, {}, note("single"));
  release();
  all_done.get_future().wait();
  EXPECT_EQ(order, std::vector<std::string>({"single", "bulk"}));
}

TEST_F(PredictAsync, SharesWorkersBetweenClassifiers) {
  const GoldenCase other("bert_mean");
  auto workers = std::make_shared<Workers>(2, 1'000'000);
  ClassifierOptions shared = options_of(golden_, 0);
  shared.workers = workers;
  ClassifierOptions of_other = options_of(other, 0);
  of_other.workers = workers;
  IntentClassifier first(shared);
  IntentClassifier second(of_other);
  EXPECT_EQ(first.threads(), 2);
  EXPECT_EQ(second.get_prediction_counters().max_queued_tokens, 1'000'000);
  const Predictions from_first = IntentClassifier(options_of(golden_)).predict_batch(texts_);
  const Predictions from_second = IntentClassifier(options_of(other)).predict_batch(texts_);
  EXPECT_EQ(first.predict(texts_[0]), from_first[0]);
  constexpr size_t kCalls = 100;
  std::vector<Delivered> delivered(2 * kCalls);
  std::vector<PredictionTicket> tickets;
  for (size_t call = 0; call < 2 * kCalls; ++call) {
    IntentClassifier& classifier = call % 2 == 0 ? first : second;
    tickets.push_back(
        classifier.predict_async({texts_[call % texts_.size()]}, {}, delivered[call].on_done()));
  }
  for (size_t call = 0; call < 2 * kCalls; ++call) {
    const Predictions& expected = call % 2 == 0 ? from_first : from_second;
    EXPECT_EQ(delivered[call].get().at(0), expected[call % texts_.size()]);
  }
  second.warm_up();
  second.optimize_for_inference(Precision::bf16);
  EXPECT_EQ(workers->queued_tokens(), 0);

  shared.threads = 3;
  expect_error(ErrorCode::invalid_argument, "threads", [&] { IntentClassifier refused(shared); });
  expect_error(ErrorCode::invalid_argument, "Workers: threads", [&] { Workers(-1); });
  expect_error(ErrorCode::invalid_argument, "max_queued_tokens", [&] { Workers(1, -1); });
}

TEST_F(PredictAsync, CountsTextsAndTokens) {
  IntentClassifier classifier(options_of(golden_));
  EXPECT_EQ(classifier.get_prediction_counters().tokens_per_second, 0);
  const Predictions once = classifier.predict_batch(texts_);
  std::vector<std::string> twice = texts_;
  twice.insert(twice.end(), texts_.begin(), texts_.end());
  classifier.predict_batch(twice);
  int64_t tokens = 0;
  for (const IntentPrediction& prediction : once) {
    tokens += prediction.tokens;
  }
  const PredictionCounters counters = classifier.get_prediction_counters();
  EXPECT_EQ(counters.texts, 2 * std::ssize(texts_));
  EXPECT_EQ(counters.tokens, 2 * tokens);
  EXPECT_EQ(counters.repeated_texts, std::ssize(texts_));
  EXPECT_GT(counters.tokens_per_second, 0);
}

}  // namespace
}  // namespace fastintent
