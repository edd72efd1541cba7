#include "train/training_defaults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <type_traits>

#include "base/available_cores.h"
#include "base/fingerprint.h"
#include "base/thread_pool.h"
#include "compute/precisions.h"
#include "devices/placement.h"
#include "fastintent/error.h"
#include "fastintent/training_fields.h"

namespace fastintent {
namespace {

// For all-MiniLM-L6-v2 on BANKING77; docs/training.md describes how each was chosen.
constexpr int kEpochs = 5;
constexpr double kLabelSmoothing = 0.05;
// A width of 384 learns best at 2e-4. Wider encoders need less, by the square of the width (768:
// 5e-5, the upper end of the range that Devlin et al. 2019 searched for BERT-base).
constexpr double kLearningRateAt384 = 2e-4;
constexpr double kHeadFactor = 10;  // a head that starts from noise learns faster than the body

std::string range_text(const NumberRange& range) {
  std::string text =
      fmt::format("{} {}", range.with_smallest ? "at least" : "more than", range.smallest);
  if (std::isfinite(range.largest)) {
    text += fmt::format(", {} {}", range.with_largest ? "at most" : "below", range.largest);
  }
  return text;
}

void check_range(const TrainingField& field, double value) {
  if (!field.range || field.range->contains(value)) {
    return;
  }
  std::string name = field.name;
  std::replace(name.begin(), name.end(), '_', ' ');
  throw Error(
      ErrorCode::invalid_argument,
      fmt::format("train: {}: expected {}, found {}", name, range_text(*field.range), value));
}

template <typename T>
void check_field(const TrainingField& field, const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    check_range(field, static_cast<double>(value));
  }
}

template <typename T>
void check_field(const TrainingField& field, const std::optional<T>& value) {
  if (value) {
    check_field(field, *value);
  }
}

template <typename T>
std::string fingerprint_text(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<int>(value));
  } else {
    return fmt::format("{}", value);
  }
}

template <typename T>
std::string fingerprint_text(const std::optional<T>& value) {
  return value ? fingerprint_text(*value) : std::string();
}

// Never called: paths are not part of a fingerprint; see fingerprint().
std::string fingerprint_text(const std::filesystem::path& value) {
  return value.string();
}

HeadPooling pooling_of(HeadKind head) {
  switch (head) {
    case HeadKind::pooler:
      return HeadPooling::pooler;
    case HeadKind::cls:
      return HeadPooling::cls;
    case HeadKind::mean:
      return HeadPooling::mean;
  }
  return HeadPooling::automatic;
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
  if (options.threads < 0 || options.threads > kMostWorkers) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("train: threads: expected at least 0, at most {}, found {}",
                            kMostWorkers,
                            options.threads));
  }
  visit_training_fields(
      options, [](const TrainingField& field, const auto& value) { check_field(field, value); });
}

TrainingOptions resolve_options(TrainingOptions options,
                                const ModelConfig& config,
                                const Backend& backend) {
  const double width_ratio = 384.0 / static_cast<double>(config.encoder.hidden);
  const double by_width = kLearningRateAt384 * std::min(1.0, width_ratio * width_ratio);
  options.epochs = options.epochs.value_or(kEpochs);
  options.learning_rate = options.learning_rate.value_or(by_width);
  options.head_learning_rate =
      options.head_learning_rate.value_or(kHeadFactor * *options.learning_rate);
  options.label_smoothing = options.label_smoothing.value_or(kLabelSmoothing);
  options.pooling = pooling_of(config.head);
  if (options.precision == Precision::automatic) {
    options.precision = backend.traits().training;
  }
  require_precision("train", backend, options.precision);
  return options;
}

FitSettings fit_settings(const TrainingOptions& resolved,
                         const ModelConfig& config,
                         const LabelledTexts& all) {
  const EncoderConfig& encoder = config.encoder;
  FitSettings settings;
  settings.epochs = resolved.epochs.value();
  settings.batch_size = resolved.batch_size;
  settings.learning_rate = resolved.learning_rate.value();
  settings.head_learning_rate = resolved.head_learning_rate.value();
  settings.weight_decay = resolved.weight_decay;
  settings.warmup_share = resolved.warmup_share;
  settings.gradient_clip = resolved.gradient_clip;
  settings.layer_decay = resolved.layer_decay;
  settings.label_smoothing = static_cast<float>(resolved.label_smoothing.value());
  const auto rate = [&](float own) {
    if (!resolved.dropout && own == 1) {
      throw Error(
          ErrorCode::invalid_argument,
          "train: expected dropout rates below 1, found 1 in the model's config.json, which drops "
          "every value, so that nothing is learnt; set another for this run (--dropout 0.1)");
    }
    return static_cast<float>(resolved.dropout.value_or(own));
  };
  settings.hidden_dropout = rate(encoder.hidden_dropout);
  settings.attention_dropout = rate(encoder.attention_dropout);
  settings.head_dropout = rate(encoder.head_dropout);
  if (resolved.balance_classes) {
    settings.class_weights = balanced_weights(config, all);
  }
  settings.seed = resolved.seed;
  settings.patience = resolved.patience;
  settings.precision = resolved.precision;
  return settings;
}

std::string shared_fingerprint(const TrainingOptions& resolved,
                               const ModelConfig& config,
                               const LabelledTexts& training,
                               const LabelledTexts* validation) {
  Fingerprint print;
  const auto number = [&](auto value) { print.add(fmt::format("{}", value)); };
  visit_training_fields(resolved, [&](const TrainingField& field, const auto& value) {
    if (field.role == TrainingRole::weights) {
      print.add(field.name);
      print.add(fingerprint_text(value));
    }
  });
  // The rates used when `dropout` is open.
  number(config.encoder.hidden_dropout);
  number(config.encoder.attention_dropout);
  number(config.encoder.head_dropout);
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

std::string fingerprint(const TrainingOptions& resolved,
                        std::string_view shared,
                        std::string_view device,
                        int processes) {
  Fingerprint print;
  print.add(shared);
  std::error_code ignored;
  print.add(std::filesystem::weakly_canonical(resolved.base_model, ignored).string());
  print.add(device);
  print.add(std::to_string(resolved.threads));
  print.add(std::to_string(processes));
  return print.text();
}

}  // namespace fastintent
