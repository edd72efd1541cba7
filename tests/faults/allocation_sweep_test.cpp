// Runs each operation of the library again and again, and lets another one of its allocations fail each
// time: once, or with all that follow. It must end with an error for missing memory or with the right
// result, and the next call must work. FASTINTENT_FAULT_POINTS: how many allocations of each operation
// are tried, or "all".
#include <execinfo.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <new>

#include "api/tiny_training.h"
#include "fail_allocations.h"
#include "fastintent/error.h"
#include "fastintent/evaluation.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/quantize.h"

namespace fastintent {
namespace {

// Allocations of an operation that a test of seconds can try; fewer where each run waits for the disk.
constexpr long kSampledPoints = 24;
constexpr long kSampledWritingPoints = 6;

// What is being tried, for the message of a process that is ending.
char tried[256];

void report_end(int signal) {
  fail_allocations(0, false, nullptr);
  (void)!write(STDERR_FILENO, tried, std::strlen(tried));
  void* frames[60];
  backtrace_symbols_fd(frames, backtrace(frames, 60), STDERR_FILENO);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::vector<long> points_of(long allocations, long sampled) {
  const char* wanted = std::getenv("FASTINTENT_FAULT_POINTS");
  const bool all = wanted != nullptr && std::string(wanted) == "all";
  const long chosen = wanted == nullptr || all ? sampled : std::atol(wanted);
  const long count = all ? allocations : std::min(allocations, std::max(2L, chosen));
  std::vector<long> points;
  for (long i = 0; i < count; ++i) {
    points.push_back(1 + i * (allocations - 1) / std::max(1L, count - 1));
  }
  return points;
}

struct Operation {
  std::string name;
  std::function<std::string()> run;           // returns what must be the same each time
  const char* spared = nullptr;               // as for fail_allocations
  std::function<void()> check = [] {};        // after every run, also after one that failed
  std::function<void()> check_clean = [] {};  // after every run in which nothing fails
  long sampled_points = kSampledPoints;
};

// Runs with a failing allocation. Returns false when it threw, for missing memory as it must.
bool try_point(const Operation& operation, long at, bool all, const std::string& expected) {
  std::string result;
  std::string wrong;
  bool ended = false;
  fail_allocations(at, all, operation.spared);
  try {
    result = operation.run();
    ended = true;
  } catch (const std::bad_alloc&) {
  } catch (const Error& error) {
    const bool of_memory = error.code() == ErrorCode::out_of_resources;
    fail_allocations(0, false, nullptr);
    // What the system says when a call of it lacks memory.
    const bool says_so =
        std::string(error.what()).find("Cannot allocate memory") != std::string::npos;
    if (!of_memory && !says_so) {
      wrong = error.what();
    }
  } catch (const std::exception& error) {
    fail_allocations(0, false, nullptr);
    wrong = error.what();
  }
  fail_allocations(0, false, nullptr);
  EXPECT_EQ(wrong, "") << tried;
  if (ended) {
    EXPECT_EQ(result, expected) << tried;
  }
  return ended;
}

void sweep(const Operation& operation) {
  std::signal(SIGABRT, report_end);
  std::signal(SIGSEGV, report_end);
  const std::string expected = operation.run();
  ASSERT_EQ(operation.run(), expected);
  fail_allocations(0, false, operation.spared);
  operation.run();
  const long allocations = allocations_counted();
  int failed = 0;
  for (const long at : points_of(allocations, operation.sampled_points)) {
    for (const bool all : {false, true}) {
      std::snprintf(tried,
                    sizeof tried,
                    "%s: allocation %ld of %ld%s\n",
                    operation.name.c_str(),
                    at,
                    allocations,
                    all ? " and all that follow" : "");
      failed += try_point(operation, at, all, expected) ? 0 : 1;
      operation.check();
      ASSERT_EQ(operation.run(), expected) << tried;
      operation.check();
      operation.check_clean();
    }
  }
  EXPECT_GT(failed, 0) << "no failing allocation was noticed";
  std::printf("%s: %ld allocations, %d runs failed\n", operation.name.c_str(), allocations, failed);
}

std::string text_of(const IntentPrediction& prediction) {
  std::string text =
      fmt::format("{} {:a} {}", prediction.intent, prediction.confidence, prediction.error);
  for (const ScoredIntent& next : prediction.alternatives) {
    text += fmt::format(" {} {:a}", next.intent, next.confidence);
  }
  return text + "\n";
}

std::string text_of(const std::vector<IntentPrediction>& predictions) {
  std::string text;
  for (const IntentPrediction& prediction : predictions) {
    text += text_of(prediction);
  }
  return text;
}

std::string text_of(const LabelledTexts& rows) {
  std::string text;
  for (size_t row = 0; row < rows.texts.size(); ++row) {
    text += rows.texts[row] + " " + rows.labels[row] + "\n";
  }
  return text;
}

ClassifierOptions options_of(const std::filesystem::path& model) {
  ClassifierOptions options;
  options.model_path = model;
  options.threads = 2;  // one that works alone, and one that must be called
  return options;
}

std::filesystem::path trained_model() {
  return GoldenCase("bert_pooler").model();
}

TEST(AllocationSweep, LoadsAModel) {
  sweep({.name = "load", .run = [] {
           IntentClassifier classifier(options_of(trained_model()));
           return text_of(classifier.predict("where is my card"));
         }});
}

TEST(AllocationSweep, LoadsASentenceTransformersModel) {
  sweep({.name = "load modules", .run = [] {
           IntentClassifier classifier(options_of(GoldenCase("bert_mean").model()));
           return text_of(classifier.predict("where is my card"));
         }});
}

TEST(AllocationSweep, PredictsOneText) {
  IntentClassifier classifier(options_of(trained_model()));
  sweep({.name = "predict", .run = [&] {
           classifier.clear_cache();
           return text_of(classifier.predict("where is my card"));
         }});
}

TEST(AllocationSweep, PredictsABatch) {
  IntentClassifier classifier(options_of(trained_model()));
  const std::vector<std::string> texts = tiny_texts().texts;
  PredictOptions options;
  options.batch_size = 8;
  sweep({.name = "predict_batch", .run = [&] {
           classifier.clear_cache();
           return text_of(classifier.predict_batch(texts, options));
         }});
}

TEST(AllocationSweep, PredictsAStream) {
  IntentClassifier classifier(options_of(trained_model()));
  const std::vector<std::string> texts = tiny_texts().texts;
  PredictOptions options;
  options.batch_size = 8;
  sweep({.name = "stream", .run = [&] {
           classifier.clear_cache();
           std::string text;
           for (const PredictionBatch& batch : classifier.predict_batch_streaming(texts, options)) {
             text += text_of(batch.predictions);
           }
           return text;
         }});
}

TEST(AllocationSweep, ReadsDataAndEvaluates) {
  IntentClassifier classifier(options_of(trained_model()));
  const TemporaryFolder folder;
  std::string csv = "text,label\n";
  std::string lines;
  const LabelledTexts rows = tiny_texts();
  for (size_t row = 0; row < rows.texts.size(); ++row) {
    csv += fmt::format("\"{}\",{}\n", rows.texts[row], rows.labels[row]);
    lines += fmt::format(R"({{"text":"{}","label":"{}","more":[1,{{"a":[]}}]}})"
                         "\n",
                         rows.texts[row],
                         rows.labels[row]);
  }
  const auto csv_file = folder.write("rows.csv", csv);
  const auto lines_file = folder.write("rows.jsonl", lines);
  sweep({.name = "evaluate", .run = [&] {
           const LabelledTexts read = read_labelled_texts(csv_file);
           return text_of(read_labelled_texts(lines_file)) + to_json(classifier.evaluate(read));
         }});
}

// An operation that replaces the folder `output` by one with the same content.
Operation writing(const std::string& name,
                  const std::filesystem::path& output,
                  const std::function<void()>& write) {
  write();
  return {
      .name = name,
      .run =
          [write] {
            write();
            return std::string();
          },
      .check = [output,
                whole = folder_bytes(output)] { EXPECT_EQ(folder_bytes(output), whole) << tried; },
      .check_clean =
          [output] {
            for (const auto& entry : std::filesystem::directory_iterator(output.parent_path())) {
              EXPECT_EQ(entry.path(), output) << "left over: " << tried;
            }
          },
      .sampled_points = kSampledWritingPoints};
}

TEST(AllocationSweep, SavesAModel) {
  const IntentClassifier classifier(options_of(trained_model()));
  const TemporaryFolder folder;
  const auto output = folder / "saved";
  sweep(writing("save", output, [&] { classifier.save(output, /*overwrite=*/true); }));
}

TEST(AllocationSweep, QuantizesAModel) {
  const TemporaryFolder folder;
  const auto output = folder / "prepared";
  QuantizationOptions options;
  options.overwrite = true;
  options.threads = 2;
  options.texts = {"where is my card", "the money"};
  sweep(writing("quantize", output, [&] { quantize_model(trained_model(), output, options); }));
}

// oneDNN multiplies in training. It and the library of its threads may end the process when memory
// runs out inside them; docs/errors.md says so.
TEST(AllocationSweep, TrainsAModel) {
  const TemporaryFolder folder;
  TrainingOptions options = tiny_options(folder / "trained");
  options.overwrite = true;
  options.epochs = 2;
  options.threads = 2;
  const LabelledTexts rows = tiny_texts(30);
  Operation train = writing("train", options.output, [&] { Trainer(options).train(rows); });
  train.spared = "libdnnl libgomp";
  sweep(train);
}

}  // namespace
}  // namespace fastintent
