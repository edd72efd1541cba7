#include "train/training_defaults.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/available_cores.h"
#include "base/fingerprint.h"
#include "base/thread_pool.h"
#include "compute/precisions.h"
#include "devices/placement.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

// For all-MiniLM-L6-v2 on BANKING77; docs/training.md tells how each was chosen.
constexpr int kEpochs = 5;
constexpr double kLabelSmoothing = 0.05;
// A width of 384 learns best at 2e-4; wider encoders want less, by the square of the width (768:
// 5e-5, the upper end of what Devlin et al. 2019 searched for BERT-base).
constexpr double kLearningRateAt384 = 2e-4;
constexpr double kHeadFactor = 10;  // a head that starts from noise learns faster than the body

void require(bool good, const char* name, const char* expected, double found) {
  if (good) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("train: {}: expected {}, found {}", name, expected, found));
}

bool is_rate(double value) {
  return value >= 0 && value < 1;
}

std::vector<float> balanced_weights(const ModelConfig& config, const LabelledTexts& all) {
  std::map<std::string_view, int64_t> count;
  for (const std::string& label : all.labels) {
    ++count[label];
  }
  std::vector<float> weights;
  for (const std::string& intent : config.intents) {
    const auto classes = static_cast<double>(config.intents.size());
    weights.push_back(static_cast<float>(static_cast<double>(all.labels.size()) /
                                         (classes * static_cast<double>(count.at(intent)))));
  }
  return weights;
}

}  // namespace

void check_options(const TrainingOptions& options) {
  if (options.output.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "train: output: expected a folder, found an empty path");
  }
  if (options.precision == Precision::int8) {
    throw Error(ErrorCode::invalid_argument,
                "train: precision: expected auto, fp32, tf32, fp16 or bf16, found int8; that is "
                "for prediction");
  }
  require_gpu_device("train", options.device, options.gpu);
  require(options.epochs.value_or(1) >= 1, "epochs", "at least 1", options.epochs.value_or(1));
  require(options.batch_size >= 1, "batch size", "at least 1", options.batch_size);
  require(options.learning_rate.value_or(1) > 0,
          "learning rate",
          "more than 0",
          options.learning_rate.value_or(1));
  require(options.head_learning_rate.value_or(1) > 0,
          "head learning rate",
          "more than 0",
          options.head_learning_rate.value_or(1));
  require(options.weight_decay >= 0, "weight decay", "0 or more", options.weight_decay);
  require(is_rate(options.warmup_share), "warm-up share", "0 to below 1", options.warmup_share);
  require(options.gradient_clip >= 0, "gradient clip", "0 or more", options.gradient_clip);
  require(is_rate(options.label_smoothing.value_or(0)),
          "label smoothing",
          "0 to below 1",
          options.label_smoothing.value_or(0));
  require(
      is_rate(options.dropout.value_or(0)), "dropout", "0 to below 1", options.dropout.value_or(0));
  require(options.layer_decay > 0 && options.layer_decay <= 1,
          "layer decay",
          "more than 0, at most 1",
          options.layer_decay);
  require(options.validation_share > 0 && options.validation_share < 1,
          "validation share",
          "between 0 and 1",
          options.validation_share);
  require(options.patience >= 1, "patience", "at least 1", options.patience);
  require(options.review_accuracy >= 0 && options.review_accuracy <= 1,
          "review accuracy",
          "0 to 1",
          options.review_accuracy);
  require(options.threads >= 0 && options.threads <= kMostWorkers,
          "threads",
          "0 to 1024",
          options.threads);
  require(options.max_length >= 0, "max length", "0 or more", options.max_length);
}

FitSettings resolve_settings(const TrainingOptions& options,
                             const ModelConfig& config,
                             const Backend& backend,
                             const LabelledTexts& all) {
  const EncoderConfig& encoder = config.encoder;
  const double width_ratio = 384.0 / static_cast<double>(encoder.hidden);
  const double by_width = kLearningRateAt384 * std::min(1.0, width_ratio * width_ratio);
  FitSettings settings;
  settings.epochs = options.epochs.value_or(kEpochs);
  settings.batch_size = options.batch_size;
  settings.learning_rate = options.learning_rate.value_or(by_width);
  settings.head_learning_rate =
      options.head_learning_rate.value_or(kHeadFactor * settings.learning_rate);
  settings.weight_decay = options.weight_decay;
  settings.warmup_share = options.warmup_share;
  settings.gradient_clip = options.gradient_clip;
  settings.layer_decay = options.layer_decay;
  settings.label_smoothing = static_cast<float>(options.label_smoothing.value_or(kLabelSmoothing));
  const auto rate = [&](float own) { return static_cast<float>(options.dropout.value_or(own)); };
  settings.hidden_dropout = rate(encoder.hidden_dropout);
  settings.attention_dropout = rate(encoder.attention_dropout);
  settings.head_dropout = rate(encoder.head_dropout);
  if (options.balance_classes) {
    settings.class_weights = balanced_weights(config, all);
  }
  settings.seed = options.seed;
  settings.patience = options.patience;
  settings.precision =
      options.precision == Precision::automatic ? backend.traits().training : options.precision;
  require_precision("train", backend, settings.precision);
  return settings;
}

std::string shared_fingerprint(const TrainingOptions& options,
                               const FitSettings& settings,
                               const ModelConfig& config,
                               const LabelledTexts& training,
                               const LabelledTexts* validation) {
  Fingerprint print;
  const auto number = [&](auto value) { print.add(fmt::format("{}", value)); };
  number(settings.epochs);
  number(settings.batch_size);
  number(settings.learning_rate);
  number(settings.head_learning_rate);
  number(settings.weight_decay);
  number(settings.warmup_share);
  number(settings.gradient_clip);
  number(settings.layer_decay);
  number(settings.label_smoothing);
  number(settings.hidden_dropout);
  number(settings.attention_dropout);
  number(settings.head_dropout);
  number(settings.seed);
  number(settings.patience);
  number(static_cast<int>(settings.precision));
  number(static_cast<int>(config.head));
  number(options.max_length);
  number(options.validation_share);
  number(options.refit);
  number(options.balance_classes);
  for (const std::string& intent : config.intents) {
    print.add(intent);
  }
  for (const LabelledTexts* data : {&training, validation}) {
    if (data == nullptr) {
      continue;
    }
    number(data->texts.size());
    for (size_t row = 0; row < data->texts.size(); ++row) {
      print.add(data->texts[row]);
      print.add(data->labels[row]);
    }
  }
  return print.text();
}

std::string fingerprint(const TrainingOptions& options,
                        std::string_view shared,
                        std::string_view device,
                        int processes) {
  Fingerprint print;
  print.add(shared);
  std::error_code ignored;
  print.add(std::filesystem::weakly_canonical(options.base_model, ignored).string());
  print.add(device);
  print.add(std::to_string(options.threads > 0 ? options.threads : available_cores()));
  print.add(std::to_string(processes));
  return print.text();
}

}  // namespace fastintent
