#pragma once

#include <string_view>

#include "checkpoint/json_document.h"
#include "compute/operands.h"

namespace fastintent {

/// Returns the activation that config.json names under `key` as transformers does; gelu when it
/// names none. Throws bad_checkpoint for any other name, with a list of those that are known.
Activation activation_of(const JsonDocument& config, std::string_view key);

}  // namespace fastintent
