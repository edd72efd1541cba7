#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "choices.h"
#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "input_options.h"
#include "json.h"
#include "messages.h"
#include "output.h"
#include "stop_signal.h"

namespace fastintent::cli {
namespace {

struct PredictCommandOptions {
  std::string model;
  InputOptions input;
  std::string output;
  ClassifierOptions classifier;
  PredictOptions predict;
};

int predict(PredictCommandOptions options) {
  const auto next = open_texts(options.input);
  options.classifier.model_path = options.model;
  if (is_typed(options.input)) {
    options.classifier.batch_size = 1;  // each line is answered before the next is typed
  }
  Output output(options.output);
  std::optional<StopSignal> stop;  // so that a stopped run leaves no part of a file behind
  if (!options.output.empty()) {
    stop.emplace("\npredict: stopping after this batch; again to stop at once\n");
  }
  IntentClassifier classifier(options.classifier);

  int64_t predicted = 0;
  int64_t failed = 0;
  int64_t truncated = 0;
  int64_t to_review = 0;
  for (const auto& [batch_idx, predictions, texts] :
       classifier.predict_batch_streaming(next, options.predict)) {
    for (size_t i = 0; i < texts.size(); ++i) {
      output.write(prediction_line(texts[i], predictions[i]) + "\n");
      failed += predictions[i].error.empty() ? 0 : 1;
      truncated += predictions[i].truncated ? 1 : 0;
      to_review += predictions[i].needs_review ? 1 : 0;
    }
    predicted += static_cast<int64_t>(texts.size());
    output.flush();
    if (stop && stop->requested()) {
      throw Error(ErrorCode::interrupted, "predict: stopped; nothing was written");
    }
  }
  output.finish();

  if (truncated > 0) {
    say("predict: {} longer than {} tokens and cut there",
        counted(truncated, "text"),
        classifier.max_length());
  }
  if (to_review > 0) {
    say("predict: {} of {} below the review threshold {:.4g}",
        to_review,
        counted(predicted, "text"),
        *classifier.review_threshold());
  }
  if (failed > 0) {
    say("predict: expected texts, found {} of {} blank (their lines have \"error\")",
        failed,
        predicted);
    return kBadData;
  }
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent predict --model intents "Where is my card?" "Cancel my order"
  fastintent predict --model intents --input messages.csv --output answers.jsonl
  tail -f messages.txt | fastintent predict --model intents --batch-size 1
  fastintent predict --model intents -- "-5 degrees outside"

Writes one JSON object a line, in input order:
  {"text":...,"intent":...,"confidence":...,"needs_review":false,"alternatives":
   [{"intent":...,"confidence":...},...]}
With neither TEXT nor --input, texts are read from standard input. A blank text gives
{"text":...,"error":...} in its place, and exit code 65 at the end.)";

}  // namespace

void add_predict_command(CLI::App& program, CommandLine& line) {
  CLI::App* command =
      program.add_subcommand("predict", "Give each text its most probable intents.");
  const auto options = std::make_shared<PredictCommandOptions>();
  command->add_option("--model", options->model, "trained folder")->type_name("DIR")->required();
  add_input_options(*command, options->input);

  command->add_option("--output", options->output, "file for the answers; written whole or not")
      ->type_name("FILE")
      ->group("Answers");
  command->add_option("--top-k", options->predict.top_k, "alternatives after the winner")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group("Answers");
  command
      ->add_flag("--logits",
                 options->predict.with_logits,
                 "add \"logits\": the scores of all intents, in id2label order")
      ->group("Answers");
  command
      ->add_option("--threshold",
                   options->classifier.review_threshold,
                   "below this confidence an answer needs review (default: what training found)")
      ->type_name("X")
      ->check(between(0, 1))
      ->group("Answers");

  command
      ->add_option("--max-length",
                   options->classifier.max_length,
                   "tokens a text, special ones included; 0: what training used")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group("Running");
  command
      ->add_option("--batch-size",
                   options->classifier.batch_size,
                   "texts taken together; does not change the answers")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(1))
      ->group("Running");
  add_worker_options(*command, options->classifier.device, options->classifier.threads);
  command->footer(kFooter);
  command->parse_complete_callback([command, options, &line] {
    take_texts(*command, line, options->input);
    line.run = [options] { return predict(*options); };
  });
}

}  // namespace fastintent::cli
