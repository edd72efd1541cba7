#include "model/model_config.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "fastintent/error.h"
#include "model/config_numbers.h"
#include "model/families/families.h"

namespace fastintent {

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
                    encoder.first_position,
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
