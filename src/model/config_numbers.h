#pragma once

#include <cstdint>
#include <string_view>

#include "checkpoint/json_document.h"

namespace fastintent {

/// Reads values of a config.json within the bounds of any encoder. The bounds are far beyond real
/// values, and small enough that a malformed file causes neither an endless loop nor a size beyond
/// 64 bits.
constexpr int64_t kLargestWidth = 1 << 16;
constexpr int64_t kMostLayers = 1000;
constexpr int64_t kMostRows = 1 << 24;  // of a table

/// Bytes of a value in a message.
constexpr size_t kMaxShown = 80;

/// Throws bad_checkpoint: "<file>: <key>: expected <expected>, found <found>".
[[noreturn]] void fail_setting(const JsonDocument& config,
                               std::string_view key,
                               std::string_view expected,
                               std::string_view found);

/// Returns the integer under `key`, or `fallback`, the default of transformers, when it is absent.
/// Throws bad_checkpoint when it is not in 1 to `largest`.
int64_t size_of(const JsonDocument& config,
                std::string_view key,
                int64_t largest,
                int64_t fallback);

/// Returns the number under `key`, or `fallback` when it is absent. Throws bad_checkpoint unless it
/// is from 0 to 1.
float rate_of(const JsonDocument& config, std::string_view key, double fallback);

/// Returns the number under `key`, or `fallback` when it is absent. Throws bad_checkpoint unless it
/// is finite and at least 0.
float deviation_of(const JsonDocument& config, std::string_view key, double fallback);

/// Throws bad_checkpoint when `key` is present and neither null, false nor empty: a setting that
/// changes what the encoder computes.
void refuse_setting(const JsonDocument& config, std::string_view key);

/// Throws bad_checkpoint when the text under `key` is present and not `expected`.
void require_text(const JsonDocument& config, std::string_view key, std::string_view expected);

}  // namespace fastintent
