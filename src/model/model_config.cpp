#include "model/model_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "fastintent/error.h"
#include "model/config_numbers.h"
#include "model/families/families.h"

namespace fastintent {

namespace {

// More classes than any head has; their count is checked against the head's tensors.
constexpr int64_t kMostLabels = 1 << 20;

// A list of names, or one name; empty where there is none.
std::vector<std::string> read_architectures(const JsonDocument& config) {
  std::vector<std::string> names;
  if (!config.has("architectures")) {
    return names;
  }
  for (const std::string& name : config.texts("architectures", "names of classes")) {
    names.push_back(name.substr(0, kMaxShown));
  }
  return names;
}

// A plain encoder may have a classifier's tensors beside its own.
bool is_text_classifier(const std::string& architecture) {
  return architecture.ends_with("ForSequenceClassification") || architecture.ends_with("Model");
}

// The id that a key of id2label means to Python's int(); -1 for any other text.
int64_t label_id(std::string_view key) {
  const size_t first = key.find_first_not_of(' ');
  key.remove_prefix(std::min(first, key.size()));
  key = key.substr(0, key.find_last_not_of(' ') + 1);
  if (key.starts_with('+')) {
    key.remove_prefix(1);
  }
  int64_t id = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  return error == std::errc{} && end == key.data() + key.size() ? id : -1;
}

std::vector<std::string> read_labels(const JsonDocument& config) {
  const JsonDocument table = config.section("id2label");
  const size_t count = table.value().size();
  std::vector<std::string> labels(count);
  std::vector<bool> seen(count);
  std::set<std::string> distinct;
  for (const auto& [key, label] : table.value().items()) {
    const int64_t id = label_id(key);
    const bool known = label.is_string() || label.is_number_integer();
    if (id < 0 || id >= static_cast<int64_t>(count) || seen[static_cast<size_t>(id)] || !known) {
      fail_setting(config,
                   "id2label",
                   fmt::format("the ids 0 to {} with a text or a whole number each", count - 1),
                   fmt::format("\"{}\"", key.substr(0, kMaxShown)));
    }
    seen[static_cast<size_t>(id)] = true;
    labels[static_cast<size_t>(id)] = label.is_string() ? label.get<std::string>() : label.dump();
    if (!distinct.insert(labels[static_cast<size_t>(id)]).second) {
      fail_setting(config,
                   "id2label",
                   "different labels",
                   fmt::format("\"{}\" twice", labels[static_cast<size_t>(id)]));
    }
  }
  return labels;
}

// As many as num_labels says, else as id2label has, else 2.
int64_t label_count(const JsonDocument& config) {
  const int64_t listed =
      config.has("id2label") ? static_cast<int64_t>(config.section("id2label").value().size()) : 2;
  const int64_t count = config.integer_or("num_labels", listed);
  if (count < 1 || count > kMostLabels) {
    fail_setting(
        config, "num_labels", fmt::format("1 to {}", kMostLabels), fmt::format("{}", count));
  }
  return count;
}

std::vector<std::string> default_labels(int64_t count) {
  std::vector<std::string> labels;
  labels.reserve(static_cast<size_t>(count));
  for (int64_t id = 0; id < count; ++id) {
    labels.push_back(fmt::format("LABEL_{}", id));
  }
  return labels;
}

}  // namespace

HeadShape ModelConfig::head_shape() const {
  if (head == HeadKind::pooler) {
    return encoder.own_head;
  }
  const Pooling pooling = head == HeadKind::mean ? Pooling::mean : Pooling::first_token;
  return {pooling, false, Activation::none};
}

EncoderConfig read_encoder_config(const JsonDocument& config) {
  const Family* family = find_family(config.text_or("model_type", ""));
  if (family == nullptr) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("{}: model_type: expected {}, found \"{}\"",
                            config.name(),
                            known_families(),
                            config.text_or("model_type", "")));
  }
  EncoderConfig encoder = family->read_config(config);
  encoder.family = family;
  if (encoder.first_position < 0 || encoder.max_tokens() < 1) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("{}: max_position_embeddings: expected more than the {} rows before the "
                    "first token's, found {}",
                    config.name(),
                    encoder.positions - encoder.max_tokens(),
                    encoder.positions));
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
  refuse_setting(config, "quantization_config");
  encoder.initializer_range = deviation_of(config, "initializer_range", 0.02);
  return encoder;
}

void require_intent_classifier(const JsonDocument& config) {
  const std::vector<std::string> architectures = read_architectures(config);
  if (!architectures.empty() &&
      std::none_of(architectures.begin(), architectures.end(), is_text_classifier)) {
    fail_setting(
        config,
        "architectures",
        "a classifier of texts, ...ForSequenceClassification",
        architectures.front() + ", which is another kind of model; as a base it can be trained");
  }
  const std::string problem = config.text_or("problem_type", "single_label_classification");
  if (problem != "single_label_classification") {
    fail_setting(config,
                 "problem_type",
                 "single_label_classification, one intent for each text",
                 problem + "; such a model can only be the base of a training");
  }
}

std::vector<std::string> read_intents(const JsonDocument& config) {
  const int64_t count = label_count(config);
  const bool named = config.has("id2label") &&
                     static_cast<int64_t>(config.section("id2label").value().size()) == count;
  std::vector<std::string> intents = named ? read_labels(config) : default_labels(count);
  if (intents.size() == 1) {
    fail_setting(
        config, "id2label", "at least two labels", "one: the model gives a score, not an intent");
  }
  return intents;
}

}  // namespace fastintent
