// A classifier in children made by fork(), as a server makes them that loads before it forks.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "api/tiny_training.h"
#include "base/expect_error.h"
#include "base/in_child.h"
#include "fastintent/intent_classifier.h"
#include "predict/golden_texts.h"

namespace fastintent {
namespace {

constexpr int kThreads = 2;

ClassifierOptions options_of(int threads = kThreads) {
  ClassifierOptions options;
  options.model_path = GoldenCase("bert_mean").model();
  options.device = Device::cpu;
  options.threads = threads;
  return options;
}

// All that an answer says, of single, batch and streaming prediction.
std::string answers_of(IntentClassifier& classifier) {
  const std::vector<std::string> texts = golden_texts(GoldenCase("bert_mean"));
  PredictOptions call;
  call.with_logits = true;
  std::vector<IntentPrediction> all = classifier.predict_batch(texts, call);
  all.push_back(classifier.predict(texts.front(), call));
  for (const PredictionBatch& batch : classifier.predict_batch_streaming(texts, call)) {
    all.insert(all.end(), batch.predictions.begin(), batch.predictions.end());
  }
  std::string said;
  for (const IntentPrediction& each : all) {
    said += fmt::format("{} {}", each.intent, each.confidence);
    for (const float logit : each.logits) {
      said += fmt::format(" {}", logit);
    }
  }
  return said;
}

TEST(Fork, AnswersInTheChildAreThoseOfTheParent) {
  for (const int threads : {1, kThreads}) {
    IntentClassifier classifier(options_of(threads));
    const std::string expected = answers_of(classifier);
    const auto answers = [&] { return answers_of(classifier); };
    EXPECT_EQ(in_child(answers), expected);
    EXPECT_EQ(in_child([&] { return answers() == expected ? in_child(answers) : "wrong"; }),
              expected)
        << "a child of a child";
    EXPECT_EQ(in_child([&] { return in_child(answers); }), expected)
        << "a child of a child that has done nothing";
    EXPECT_EQ(answers_of(classifier), expected);
  }
}

TEST(Fork, GivesSharedWorkersAndAsynchronousCallsTheirOwnThreadsInTheChild) {
  ClassifierOptions options = options_of(0);
  options.workers = std::make_shared<Workers>(kThreads);
  IntentClassifier first(options);
  IntentClassifier second(options);
  const std::string expected = answers_of(first);
  const std::vector<std::string> texts = golden_texts(GoldenCase("bert_mean"));
  const auto answer_async = [&](IntentClassifier& classifier, PredictionTicket& ticket) {
    std::promise<std::string> promise;
    ticket = classifier.predict_async(
        {texts[0]}, {}, [&](const auto& predictions, const std::exception_ptr&) {
          promise.set_value(fmt::format("{}", predictions.at(0).confidence));
        });
    return promise.get_future().get();
  };
  PredictionTicket ticket;
  const std::string alone = answer_async(first, ticket);
  PredictionTicket before_fork =
      first.predict_async(texts, {}, [](const auto&, const std::exception_ptr&) {});
  EXPECT_EQ(in_child([&] {
              before_fork = {};  // of the parent's workers: nothing to cancel here
              return answer_async(second, ticket) + answer_async(first, ticket);
            }),
            alone + alone);
  EXPECT_EQ(in_child([&] { return answers_of(second); }), expected);
  EXPECT_EQ(answers_of(second), expected);
}

// Other threads of the parent are anywhere in the library at the moment of the fork.
TEST(Fork, WorksWhileOtherThreadsPredict) {
  if (kAllocatorMayHangInChild) {
    GTEST_SKIP() << kAllocatorHangs;
  }
  IntentClassifier classifier(options_of());
  const std::string expected = answers_of(classifier);
  std::atomic<bool> done{false};
  std::vector<std::thread> callers;
  callers.emplace_back([&] {
    while (!done) {
      answers_of(classifier);
    }
  });
  callers.emplace_back([&] {
    for (int64_t i = 0; !done; ++i) {
      classifier.predict("a card " + std::to_string(i % 5000));
    }
  });
  callers.emplace_back([&] {
    while (!done) {
      classifier.set_review_threshold(0.5);
      classifier.clear_cache();
      classifier.warm_up();
    }
  });
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(in_child([&] { return answers_of(classifier); }), expected);
  }
  done = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(answers_of(classifier), expected);
}

TEST(Fork, ManyThreadsOfAChildStartTogether) {
  IntentClassifier classifier(options_of());
  const std::string expected = answers_of(classifier);
  EXPECT_EQ(in_child([&] {
              std::atomic<int> right{0};
              std::vector<std::thread> callers;
              for (int i = 0; i < 8; ++i) {
                callers.emplace_back([&] { right += answers_of(classifier) == expected ? 1 : 0; });
              }
              for (std::thread& caller : callers) {
                caller.join();
              }
              return std::to_string(right);
            }),
            "8");
}

TEST(Fork, TheCacheGoesAlong) {
  IntentClassifier classifier(options_of());
  classifier.predict("a card");
  EXPECT_EQ(in_child([&] {
              classifier.predict("a card");
              const CacheStats stats = classifier.get_cache_stats();
              classifier.clear_cache();
              return fmt::format("{} {}", stats.hits, stats.cache_size);
            }),
            "1 1");
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 1);
}

// The threads of the stream predict its next batches during the fork.
TEST(Fork, AStreamStaysWithTheParent) {
  if (kAllocatorMayHangInChild) {
    GTEST_SKIP() << kAllocatorHangs;
  }
  IntentClassifier classifier(options_of());
  const std::vector<std::string> texts(100, "a card");
  PredictOptions call;
  call.batch_size = 1;
  std::optional<PredictionStream> stream = classifier.predict_batch_streaming(texts, call);
  PredictionBatch batch;
  ASSERT_TRUE(stream->next(batch));
  const std::string said = in_child([&] {
    stream->next(batch);
    return std::string("a batch");
  });
  EXPECT_EQ(said.substr(0, 52), "PredictionStream: expected one made in this process,");
  EXPECT_EQ(in_child([&] {
              stream.reset();
              return std::string("destroyed");
            }),
            "destroyed");
  EXPECT_TRUE(stream->next(batch));
}

// The child returns into its copy of a call that is under way, which has no workers.
TEST(Fork, ACallThatForksEndsInTheChild) {
  if (kAllocatorMayHangInChild) {
    GTEST_SKIP() << kAllocatorHangs;
  }
  IntentClassifier classifier(options_of());
  std::vector<std::string> texts;
  for (int i = 0; i < 20'000; ++i) {  // a second or more
    texts.push_back("a card " + std::to_string(i));
  }
  PredictOptions call;
  call.use_cache = false;
  pid_t child = -1;
  call.on_progress = [&](int64_t, int64_t) {
    if (child == -1) {
      child = ::fork();
      if (child == 0) {
        ::alarm(60);
      }
    }
    return true;
  };
  std::string said;
  try {
    classifier.predict_batch(texts, call);
  } catch (const Error& error) {
    said = error.what();
  }
  if (child == 0) {
    ::_exit(said.find("made before fork()") == std::string::npos ? 1 : 0);
  }
  EXPECT_EQ(said, "");
  ASSERT_GT(child, 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Fork, TheChildTrainsAndTheParentToo) {
  IntentClassifier classifier(options_of());
  const LabelledTexts data = tiny_texts();
  const TemporaryFolder folder;
  const auto train = [&](const std::string& name) {
    TrainingOptions options = tiny_options(folder / name);
    classifier.train(data, nullptr, options);
    return read_whole(folder / name / "model.safetensors");
  };
  const std::string expected = train("parent");
  EXPECT_EQ(in_child([&] { return std::string(train("child") == expected ? "same" : "other"); }),
            "same");
  // While a thread of the parent has its turn.
  std::atomic<bool> reached{false};
  std::atomic<bool> forked{false};
  std::thread trainer([&] {
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const StepReport&) {
      reached = true;
      while (!forked) {
        std::this_thread::yield();
      }
    };
    classifier.train(data, nullptr, tiny_options(folder / "held"), callbacks);
  });
  while (!reached) {
    std::this_thread::yield();
  }
  EXPECT_EQ(in_child([&] { return std::string(train("beside") == expected ? "same" : "other"); }),
            "same");
  forked = true;
  trainer.join();
}

TEST(Fork, TheTemporaryModelIsLeftToTheParent) {
  auto classifier = std::make_unique<IntentClassifier>(options_of());
  TrainingOptions options = tiny_options({});
  classifier->train(tiny_texts(), nullptr, options);
  EXPECT_EQ(in_child([&] {
              classifier->predict("a card");
              classifier.reset();
              return std::string("destroyed");
            }),
            "destroyed");
  const TemporaryFolder folder;
  classifier->save(folder / "saved");
  EXPECT_TRUE(std::filesystem::exists(folder / "saved/model.safetensors"));
}

}  // namespace
}  // namespace fastintent
