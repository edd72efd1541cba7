#include "model/activation_names.h"

#include <fmt/format.h>

#include <string>

#include "fastintent/error.h"

namespace fastintent {
namespace {

struct Name {
  std::string_view name;
  Activation activation;
};

// Several implementations in transformers compute the same function.
constexpr Name kNames[] = {{"gelu", Activation::gelu},
                           {"gelu_python", Activation::gelu},
                           {"gelu_new", Activation::gelu_tanh},
                           {"gelu_fast", Activation::gelu_tanh},
                           {"gelu_accurate", Activation::gelu_tanh},
                           {"gelu_python_tanh", Activation::gelu_tanh},
                           {"gelu_pytorch_tanh", Activation::gelu_tanh},
                           {"relu", Activation::relu},
                           {"silu", Activation::silu},
                           {"swish", Activation::silu},
                           {"quick_gelu", Activation::quick_gelu},
                           {"tanh", Activation::tanh}};

std::string known_names() {
  std::string list;
  for (const Name& each : kNames) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : " or ", each.name);
  }
  return list;
}

}  // namespace

Activation activation_of(const JsonDocument& config, std::string_view key) {
  const std::string found = config.text_or(key, "gelu");
  for (const Name& each : kNames) {
    if (each.name == found) {
      return each.activation;
    }
  }
  throw Error(
      ErrorCode::bad_checkpoint,
      fmt::format("{}: {}: expected {}, found \"{}\"", config.name(), key, known_names(), found));
}

}  // namespace fastintent
