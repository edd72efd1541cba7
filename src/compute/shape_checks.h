#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "compute/backend.h"
#include "compute/dropout.h"
#include "compute/tensor.h"

namespace fastintent {

// What Backend's public functions check. Each throws Error(invalid_argument) that says operation,
// expected and found; a check that passes formats nothing. `what` names the argument.

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

/// `indices` are all in [0, limit).
void check_indices(std::string_view operation,
                   std::string_view what,
                   std::span<const int32_t> indices,
                   int64_t limit);

/// `labels` are all in [0, classes) or kNoLabel.
void check_labels(std::string_view operation, std::span<const int32_t> labels, int64_t classes);

/// `starts` begin with 0, never fall and end with `rows`.
void check_starts(std::string_view operation,
                  std::string_view what,
                  std::span<const int32_t> starts,
                  int64_t rows);

/// As check_starts, and no sequence is empty.
void check_filled_starts(std::string_view operation, std::span<const int32_t> starts, int64_t rows);

/// Arguments that attention and its backward share.
void check_attention(std::string_view operation, const AttentionOperands& operands);

/// The rate is at least 0 and below 1.
void check_dropout(std::string_view operation, const Dropout& dropout);

}  // namespace fastintent
