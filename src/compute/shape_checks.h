#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "compute/dropout.h"
#include "compute/operands.h"
#include "compute/tensor.h"

namespace fastintent {

// The checks of Backend's public functions. Each throws Error(invalid_argument) with the operation,
// what was expected and what was found; a check that passes formats nothing. `what` names the
// argument.

constexpr int64_t kAnySize = -1;  ///< a dimension that is not checked

[[noreturn]] void fail_check(std::string_view operation,
                             const std::string& expected,
                             const std::string& found);

void check_shape(std::string_view operation,
                 std::string_view what,
                 ConstTensor tensor,
                 int64_t rows,
                 int64_t columns);

void check_size(std::string_view operation, std::string_view what, size_t found, int64_t expected);

/// Checks that `indices` are all in [0, limit).
void check_indices(std::string_view operation,
                   std::string_view what,
                   std::span<const int32_t> indices,
                   int64_t limit);

/// Checks that `labels` are all in [0, classes) or kNoLabel.
void check_labels(std::string_view operation, std::span<const int32_t> labels, int64_t classes);

/// Checks that `starts` begin with 0, never decrease and end with `rows`.
void check_starts(std::string_view operation,
                  std::string_view what,
                  std::span<const int32_t> starts,
                  int64_t rows);

/// As check_starts, and also checks that no sequence is empty.
void check_filled_starts(std::string_view operation, std::span<const int32_t> starts, int64_t rows);

/// Checks the arguments that attention and its backward share.
void check_attention(std::string_view operation, const AttentionOperands& operands);

/// Checks a distance bias for sequences of those keys.
void check_distance_bias(std::string_view operation,
                         const DistanceBias& bias,
                         int64_t heads,
                         std::span<const int32_t> key_starts);

/// Checks that the rate is at least 0 and below 1.
void check_dropout(std::string_view operation, const Dropout& dropout);

}  // namespace fastintent
