#include "train_options.h"

#include "choices.h"

namespace fastintent::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  fastintent train --model all-MiniLM-L6-v2 --train messages.csv --output intents
  fastintent train --model all-MiniLM-L6-v2 --train messages.csv --validation held_out.csv \
                   --output intents --epochs 8 --pooling mean
  fastintent train --model intents --train more.csv --output intents --force
  fastintent train ... --resume      goes on after Ctrl-C

The data are .csv or .tsv files with a header row, or .jsonl. Without --validation, a stratified
share of the rows is held out. Each epoch is evaluated and the best one is kept. Every step and epoch
is logged as a JSON line; --report draws them, with the measures of the best epoch. An existing model
is replaced only with --force, and only by a whole one.)";

void add_data_options(CLI::App& command, TrainOptions& options) {
  command.add_option("--model", options.model, "Hugging Face folder or id to start from")
      ->type_name("MODEL")
      ->required();
  command.add_option("--train", options.train, "labelled texts to learn from")
      ->type_name("FILE")
      ->required();
  command.add_option("--output", options.output, "folder for the trained model")
      ->type_name("DIR")
      ->required();
  command.add_flag("--force", options.training.overwrite, "replace the model in the output folder");
  command.add_flag("--resume", options.training.resume, "go on with a run that was interrupted");
  command
      .add_option(
          "--log", options.log, "JSON lines of every step and epoch (default: OUTPUT.log.jsonl)")
      ->type_name("FILE");
  add_report_option(command, options.report);

  const std::string group = "Data";
  command
      .add_option("--validation",
                  options.validation,
                  "labelled texts to measure on (default: rows held out of --train)")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option(
          "--validation-share", options.training.validation_share, "share of the rows to hold out")
      ->type_name("X")
      ->capture_default_str()
      ->check(between(0, 1))
      ->group(group);
  command
      .add_option("--review-accuracy",
                  options.training.review_accuracy,
                  "share of the confident answers that are to be right; decides which need review")
      ->type_name("X")
      ->capture_default_str()
      ->check(between(0, 1))
      ->group(group);
  command
      .add_option("--text-column",
                  options.dataset.text_column,
                  "column or key with the text (default text)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--label-column",
                  options.dataset.label_column,
                  "column or key with the label (default the first of label, intent, category)")
      ->type_name("NAME")
      ->group(group);
}

void add_model_options(CLI::App& command, TrainingOptions& training) {
  const std::string group = "Model";
  add_choice(command,
             "--pooling",
             training.pooling,
             kPoolings,
             "how a text's tokens become one vector; auto follows the folder")
      ->group(group);
  command
      .add_option("--max-length",
                  training.max_length,
                  "tokens a text, special ones included; 0: the folder's own")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group(group);
  command.add_option("--dropout", training.dropout, "all dropout rates (default: the model's own)")
      ->type_name("X")
      ->check(between(0, 1))
      ->group(group);
}

void add_schedule_options(CLI::App& command, TrainingOptions& training) {
  const std::string group = "Schedule";
  command.add_option("--epochs", training.epochs, "passes over the rows, at most (default 5)")
      ->type_name("N")
      ->check(at_least(1))
      ->group(group);
  command
      .add_option(
          "--patience", training.patience, "epochs without a better accuracy before training stops")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(1))
      ->group(group);
  command
      .add_flag("--refit",
                training.refit,
                "then train once more on all rows, for the best number of epochs")
      ->group(group);
  command.add_option("--batch-size", training.batch_size, "texts a step")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(1))
      ->group(group);
  command.add_option("--seed", training.seed, "same seed, same weights")
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
}

void add_optimizer_options(CLI::App& command, TrainingOptions& training) {
  const std::string group = "Optimizer";
  command
      .add_option(
          "--learning-rate", training.learning_rate, "peak, of the encoder (default: by width)")
      ->type_name("X")
      ->check(at_least(0))
      ->group(group);
  command
      .add_option("--head-learning-rate",
                  training.head_learning_rate,
                  "peak, of the head (default: 10 times the encoder's)")
      ->type_name("X")
      ->check(at_least(0))
      ->group(group);
  command
      .add_option("--layer-decay",
                  training.layer_decay,
                  "learning rate of a layer relative to the one above it")
      ->type_name("X")
      ->capture_default_str()
      ->check(between(0, 1))
      ->group(group);
  command
      .add_option("--warmup-share",
                  training.warmup_share,
                  "of all steps; then the rate falls linearly to zero")
      ->type_name("X")
      ->capture_default_str()
      ->check(between(0, 1))
      ->group(group);
  command
      .add_option(
          "--weight-decay", training.weight_decay, "of AdamW; not on biases and layer norms")
      ->type_name("X")
      ->capture_default_str()
      ->check(at_least(0))
      ->group(group);
  command
      .add_option("--gradient-clip",
                  training.gradient_clip,
                  "largest norm of a step's gradient; 0 does not clip")
      ->type_name("X")
      ->capture_default_str()
      ->check(at_least(0))
      ->group(group);
  command
      .add_option("--label-smoothing",
                  training.label_smoothing,
                  "share of the target spread over all intents (default 0.05)")
      ->type_name("X")
      ->check(between(0, 1))
      ->group(group);
  command
      .add_flag("--balance-classes",
                training.balance_classes,
                "weigh intents by the inverse of their counts")
      ->group(group);
}

void add_running_options(CLI::App& command, TrainingOptions& training) {
  const std::string group = "Running";
  add_choice(command,
             "--precision",
             training.precision,
             kTrainingPrecisions,
             "auto is the fastest on this device that costs no accuracy")
      ->group(group);
  add_worker_options(command, training.device, training.gpu, training.threads);
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_data_options(command, options);
  add_schedule_options(command, options.training);
  add_model_options(command, options.training);
  add_optimizer_options(command, options.training);
  add_running_options(command, options.training);
  command.footer(kFooter);
}

}  // namespace fastintent::cli
