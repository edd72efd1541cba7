#include "model/model_config.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "fastintent/error.h"

namespace fastintent {
namespace {

// Far beyond any encoder, and small enough that a file that lies makes neither a loop without end
// nor a sum of sizes beyond 64 bits.
constexpr int64_t kLargestWidth = 1 << 16;
constexpr int64_t kMostLayers = 1000;
constexpr int64_t kMostRows = 1 << 24;  // of a table

int64_t size_of(const JsonDocument& config, std::string_view key, int64_t largest) {
  const int64_t value = config.integer(key);
  if (value < 1 || value > largest) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("{}: {}: expected 1 to {}, found {}", config.name(), key, largest, value));
  }
  return value;
}

float rate_of(const JsonDocument& config, std::string_view key, double fallback) {
  const double value = config.number_or(key, fallback);
  if (!(value >= 0 && value < 1)) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format(
            "{}: {}: expected a rate from 0 to below 1, found {}", config.name(), key, value));
  }
  return static_cast<float>(value);
}

void require_text(const JsonDocument& config, std::string_view key, std::string_view expected) {
  const std::string found = config.text_or(key, std::string(expected));
  if (found != expected) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("{}: {}: expected \"{}\", found \"{}\"", config.name(), key, expected, found));
  }
}

EncoderConfig read_bert(const JsonDocument& config) {
  require_text(config, "hidden_act", "gelu");
  require_text(config, "position_embedding_type", "absolute");
  EncoderConfig encoder;
  encoder.family = ModelFamily::bert;
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows);
  encoder.hidden = size_of(config, "hidden_size", kLargestWidth);
  encoder.layers = size_of(config, "num_hidden_layers", kMostLayers);
  encoder.heads = size_of(config, "num_attention_heads", kLargestWidth);
  encoder.intermediate = size_of(config, "intermediate_size", kLargestWidth);
  encoder.positions = size_of(config, "max_position_embeddings", kMostRows);
  encoder.segments = size_of(config, "type_vocab_size", kMostRows);
  encoder.norm_epsilon = rate_of(config, "layer_norm_eps", 1e-12);
  encoder.hidden_dropout = rate_of(config, "hidden_dropout_prob", 0.1);
  encoder.attention_dropout = rate_of(config, "attention_probs_dropout_prob", 0.1);
  encoder.head_dropout = rate_of(config, "classifier_dropout", encoder.hidden_dropout);
  return encoder;
}

EncoderConfig read_distilbert(const JsonDocument& config) {
  require_text(config, "activation", "gelu");
  EncoderConfig encoder;
  encoder.family = ModelFamily::distilbert;
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows);
  encoder.hidden = size_of(config, "dim", kLargestWidth);
  encoder.layers = size_of(config, "n_layers", kMostLayers);
  encoder.heads = size_of(config, "n_heads", kLargestWidth);
  encoder.intermediate = size_of(config, "hidden_dim", kLargestWidth);
  encoder.positions = size_of(config, "max_position_embeddings", kMostRows);
  encoder.norm_epsilon = 1e-12F;  // fixed in the family's code, not in its configuration
  encoder.hidden_dropout = rate_of(config, "dropout", 0.1);
  encoder.attention_dropout = rate_of(config, "attention_dropout", 0.1);
  encoder.head_dropout = rate_of(config, "seq_classif_dropout", 0.2);
  return encoder;
}

}  // namespace

EncoderConfig read_encoder_config(const JsonDocument& config) {
  const std::string type = config.text_or("model_type", "");
  EncoderConfig encoder;
  if (type == "bert") {
    encoder = read_bert(config);
  } else if (type == "distilbert") {
    encoder = read_distilbert(config);
  } else {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("{}: model_type: expected \"bert\" or \"distilbert\", found \"{}\"",
                            config.name(),
                            type));
  }
  if (encoder.hidden % encoder.heads != 0) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format(
            "{}: expected a hidden size that is a multiple of the {} attention heads, found {}",
            config.name(),
            encoder.heads,
            encoder.hidden));
  }
  encoder.initializer_range = rate_of(config, "initializer_range", 0.02);
  return encoder;
}

std::vector<std::string> read_intents(const JsonDocument& config) {
  if (!config.has("id2label")) {
    return {"LABEL_0", "LABEL_1"};
  }
  const auto& table = config.value().at("id2label");
  if (!table.is_object()) {
    throw Error(ErrorCode::bad_checkpoint,
                config.name() + ": id2label: expected an object, found another type");
  }
  std::vector<std::string> intents(table.size());
  std::vector<bool> seen(table.size());
  std::set<std::string> labels;
  for (const auto& [key, label] : table.items()) {
    size_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    const bool whole = error == std::errc{} && end == key.data() + key.size();
    if (!whole || id >= intents.size() || seen[id] || !label.is_string()) {
      throw Error(
          ErrorCode::bad_checkpoint,
          fmt::format("{}: id2label: expected the ids 0 to {} with a text each, found \"{}\"",
                      config.name(),
                      table.size() - 1,
                      key));
    }
    seen[id] = true;
    intents[id] = label.get<std::string>();
    if (!labels.insert(intents[id]).second) {
      throw Error(ErrorCode::bad_checkpoint,
                  fmt::format("{}: id2label: expected different labels, found \"{}\" twice",
                              config.name(),
                              intents[id]));
    }
  }
  return intents;
}

}  // namespace fastintent
