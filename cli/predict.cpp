#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "choices.h"
#include "classifier_options.h"
#include "command_line.h"
#include "distinct_files.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "input_options.h"
#include "json.h"
#include "messages.h"
#include "output.h"
#include "resume_answers.h"
#include "run_record.h"
#include "status_line.h"
#include "stop_signal.h"

namespace fastintent::cli {
namespace {

struct PredictCommandOptions {
  InputOptions input;
  std::string output;
  bool resume = false;
  bool force = false;
  bool chunk_header = false;
  ModelOptions classifier;
  PredictOptions predict;
};

// Shows how many texts are answered and how fast, where the answers themselves are not on screen.
class AnswerProgress {
 public:
  explicit AnswerProgress(bool wanted) : wanted_(wanted) {}

  void update(int64_t texts_now, int64_t texts) {
    since_start_ += texts_now;
    if (!wanted_ || !status_.due()) {
      return;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    status_.show(fmt::format("{} answered, {:.0f} a second",
                             counted(texts, "text"),
                             static_cast<double>(since_start_) / seconds));
  }
  void clear() { status_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool wanted_;
  StatusLine status_;
  Clock::time_point start_ = Clock::now();
  int64_t since_start_ = 0;
};

// Refuses, before anything is loaded, what the options do not allow with the answers of an
// interrupted run, or drops them. `output` is open and locked.
void check_partial(const PredictCommandOptions& options,
                   const std::filesystem::path& partial,
                   Output& output) {
  if (partial.empty()) {
    if (options.resume || options.force) {
      throw Error(
          ErrorCode::invalid_argument,
          fmt::format("predict: --resume and --force: expected --output to be a file, found "
                      "{}",
                      options.output));
    }
    return;
  }
  if (options.force) {
    output.clear();
  }
  if (!options.resume && !std::filesystem::is_empty(partial)) {
    throw Error(
        ErrorCode::cannot_create,
        fmt::format("predict: expected permission to continue the answers of an interrupted "
                    "run (--resume) or to drop them (--force), found {}",
                    partial.string()));
  }
}

// Continues the answers of an interrupted run of the same model and options, or begins a file of
// answers.
AnswerCounts take_up_partial(const PredictCommandOptions& options,
                             const std::filesystem::path& partial,
                             const IntentClassifier& classifier,
                             const TextSource& next) {
  if (partial.empty()) {
    return {};
  }
  const std::string run = describe_run(classifier, options.predict, options.input);
  if (std::filesystem::is_empty(partial)) {
    Output record(run_file(partial).string());
    record.write(run);
    record.finish();
    return {};
  }
  if (!require_same_run(partial, run)) {
    say("predict: expected the model and options of these answers in {}, found none: an earlier "
        "version began them; continuing with those of this command",
        run_file(partial).string());
  }
  const AnswerCounts counts = resume_answers(partial, next);
  if (counts.texts > 0) {
    say("predict: continuing after {}", counted(counts.texts, "answer"));
  }
  return counts;
}

// Writes the answers to the texts of `next`, each batch when it is done.
void answer_texts(const TextSource& next,
                  const PredictOptions& options,
                  IntentClassifier& classifier,
                  Output& output,
                  AnswerCounts& counts,
                  AnswerProgress& progress) {
  for (const auto& [batch_idx, predictions, texts] :
       classifier.predict_batch_streaming(next, options)) {
    for (size_t i = 0; i < texts.size(); ++i) {
      output.write(prediction_line(texts[i], predictions[i]) + "\n");
    }
    output.flush();
    for (const IntentPrediction& prediction : predictions) {
      counts.add(prediction);
    }
    progress.update(static_cast<int64_t>(texts.size()), counts.texts);
  }
}

// Answers each chunk before anything after it is read, because the sender waits for the answers.
void answer_chunks(InputTexts& input,
                   const PredictOptions& options,
                   IntentClassifier& classifier,
                   Output& output,
                   AnswerCounts& counts) {
  AnswerProgress none(false);  // a database keeps standard error for errors
  while (const std::optional<int64_t> rows = input.next_chunk()) {
    int64_t left = *rows;
    const TextSource next = [&](std::string& text) {
      if (left == 0) {
        return false;
      }
      if (!input.next(text)) {
        throw Error(
            ErrorCode::invalid_data,
            fmt::format("predict: expected a chunk of {} rows, found {}", *rows, *rows - left));
      }
      --left;
      return true;
    };
    answer_texts(next, options, classifier, output, counts, none);
  }
}

// After an interruption: keeps the record of the run only beside answers that it describes.
void keep_partial(const std::filesystem::path& partial, const AnswerCounts& counts) {
  if (partial.empty()) {
    return;
  }
  if (counts.texts == 0) {
    remove_run_file(partial);
    return;
  }
  say("predict: {} kept in {}; the same command with --resume continues after them",
      counted(counts.texts, "answer"),
      partial.string());
}

// From so many answers on, which take some seconds, a faster precision is worth a line.
constexpr int64_t kManyAnswers = 10'000;

// Where the model runs in fp32 because nothing else was chosen, and `auto` would choose a faster
// precision.
void recommend_precision(const PredictCommandOptions& options,
                         const AnswerCounts& counts,
                         const IntentClassifier& classifier) {
  const ModelOptions& model = options.classifier;
  // A database keeps standard error for errors.
  if (options.chunk_header || counts.texts < kManyAnswers ||
      model.precision != Precision::automatic || model.fastest ||
      classifier.precision() != Precision::fp32) {
    return;
  }
  const auto [precision, reason] = classifier.automatic_precision();
  if (precision != Precision::fp32) {
    say("predict: --precision auto would answer in {}: {}", precision_name(precision), reason);
  }
}

void print_summary(const AnswerCounts& counts, const IntentClassifier& classifier) {
  if (counts.truncated > 0) {
    say("predict: {} longer than {} tokens and cut there",
        counted(counts.truncated, "text"),
        classifier.max_length());
  }
  if (counts.to_review > 0) {
    // A run that was resumed without a threshold had one before.
    const auto threshold = classifier.review_threshold();
    say("predict: {} of {} below the review threshold{}",
        counts.to_review,
        counted(counts.texts, "text"),
        threshold ? fmt::format(" {:.4g}", *threshold) : "");
  }
  if (counts.blank > 0) {
    say("predict: expected texts, found {} of {} blank (their lines have \"error\")",
        counts.blank,
        counts.texts);
  }
}

int predict(PredictCommandOptions options) {
  const std::filesystem::path partial = Output::partial_name(options.output);
  require_distinct_files(
      "predict",
      {{"--input", options.input.texts.empty() ? or_standard_input(options.input.input) : ""}},
      {{"--output", options.output == "-" ? "" : options.output},
       {"--output, until it is complete,", partial.string()},
       {"--output, the record of the run,", partial.empty() ? "" : run_file(partial).string()}},
      options.classifier.model_path.string());
  std::optional<StopSignal> stop;  // set for files, so that a stopped run says how to continue
  InputTexts input(options.input);
  const TextSource next = [&](std::string& text) {
    const bool more = input.next(text);
    // After reading: the signal may have ended the program before us in the pipe, and then the
    // texts only seem to have ended.
    if (stop && stop->requested()) {
      throw Error(ErrorCode::interrupted, "predict: stopped by a signal");
    }
    return more;
  };
  // Texts on the command line are answered at once; all else may take hours.
  options.classifier.map_word_table = !options.input.texts.empty();
  if (is_typed(options.input)) {
    options.classifier.batch_size = 1;  // each line is answered before the next is typed
  }
  Output output(options.output, Output::Unfinished::kept);
  if (!partial.empty()) {
    stop.emplace("\npredict: stopping after what has been read; again to stop at once\n");
  }
  check_partial(options, partial, output);
  IntentClassifier classifier = open_classifier(options.classifier);
  AnswerCounts counts = take_up_partial(options, partial, classifier, next);

  AnswerProgress progress(!options.output.empty() || isatty(STDOUT_FILENO) == 0);
  try {
    if (options.chunk_header) {
      answer_chunks(input, options.predict, classifier, output, counts);
    } else {
      answer_texts(next, options.predict, classifier, output, counts, progress);
    }
  } catch (...) {
    progress.clear();
    keep_partial(partial, counts);
    throw;
  }
  progress.clear();
  output.finish();
  input.report_replaced();
  if (!partial.empty()) {
    remove_run_file(partial);
  }
  print_summary(counts, classifier);
  recommend_precision(options, counts, classifier);
  return counts.blank > 0 ? kBadData : kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent predict --model intents "Where is my card?" "Cancel my order"
  fastintent predict --model intents --input messages.csv --output answers.jsonl
  fastintent predict --model intents --input messages.csv --output answers.jsonl --resume
  fastintent predict --model intents --input messages.csv --shard 0/8 --output answers.0
  tail -f messages.txt | fastintent predict --model intents --batch-size 1
  fastintent predict --model intents -- "-5 degrees outside"

Writes one JSON object a line, in input order:
  {"text":...,"intent":...,"confidence":...,"needs_review":false,"alternatives":
   [{"intent":...,"confidence":...},...]}
With neither TEXT nor --input, texts are read from standard input. A blank text gives
{"text":...,"error":...} in its place, and exit code 65 at the end. An --output file gets its name
when it is whole; until then, and after an interruption, it is FILE.partial, and FILE.partial.run
records the model, the options and the shard, which --resume compares.)";

// Refuses --chunk-header where rows may not be read one at a time in their format, or where the
// answers have no reader that waits for them.
void check_chunks(const PredictCommandOptions& options) {
  const InputOptions& input = options.input;
  const bool standard_input = input.texts.empty() && (input.input.empty() || input.input == "-");
  if (options.chunk_header && (!standard_input || input.dataset.format != FileFormat::jsonl)) {
    throw CLI::ValidationError(
        "--chunk-header",
        fmt::format("expected JSON lines on standard input (--format jsonl), found {}",
                    standard_input ? "another format" : "texts from elsewhere"));
  }
}

void add_answer_options(CLI::App& command, PredictCommandOptions& options) {
  const std::string group = "Answers";
  CLI::Option* output =
      command.add_option("--output", options.output, "file for the answers; written whole or not");
  output->type_name("FILE")->group(group);
  CLI::Option* resume = command.add_flag(
      "--resume", options.resume, "continue what an interrupted run left of --output, if any");
  resume->needs(output)->group(group);
  command.add_flag("--force", options.force, "drop what an interrupted run left of --output")
      ->needs(output)
      ->excludes(resume)
      ->group(group);
  command.add_option("--top-k", options.predict.top_k, "alternatives after the winner")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group(group);
  command
      .add_flag("--logits",
                options.predict.with_logits,
                "add \"logits\": the scores of all intents, in id2label order")
      ->group(group);
  command
      .add_option("--threshold",
                  options.classifier.review_threshold,
                  "below this confidence an answer needs review (default: what training found)")
      ->type_name("X")
      ->check(between(0, 1))
      ->group(group);
}

}  // namespace

void add_predict_command(CLI::App& program, CommandLine& line) {
  CLI::App* command =
      program.add_subcommand("predict", "Give each text its most probable intents.");
  const auto options = std::make_shared<PredictCommandOptions>();
  add_classifier_options(*command, options->classifier);
  add_input_options(*command, options->input);
  add_shard_option(*command, options->input);
  add_answer_options(*command, *options);
  command
      ->add_option("--batch-size",
                   options->classifier.batch_size,
                   "texts taken together; does not change the answers")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(1))
      ->group("Running");
  command
      ->add_flag(
          "--chunk-header",
          options->chunk_header,
          "expect a line with a number before each so many rows, and answer them before more "
          "is read: for ClickHouse's executable_pool with send_chunk_header")
      ->excludes("--output")
      ->excludes("--encoding")
      ->group("Running");
  command->footer(kFooter);
  command->parse_complete_callback([command, options, &line] {
    take_texts(*command, line, options->input);
    check_chunks(*options);
    line.run = [options] { return predict(*options); };
  });
}

}  // namespace fastintent::cli
