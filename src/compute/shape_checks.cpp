#include "compute/shape_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "fastintent/error.h"

namespace fastintent {
namespace {

std::string dimension_text(int64_t size) {
  return size == kAnySize ? "*" : fmt::format("{}", size);
}

bool agrees(int64_t found, int64_t expected) {
  return expected == kAnySize || found == expected;
}

// Where the position of a query counts, query i is at key i of its sequence.
void check_positions(std::string_view operation, const AttentionSpans& spans) {
  for (size_t s = 1; s < spans.query_starts.size(); ++s) {
    const int64_t queries = spans.query_starts[s] - spans.query_starts[s - 1];
    const int64_t keys = spans.key_starts[s] - spans.key_starts[s - 1];
    if (queries > keys) {
      fail_check(operation,
                 "at least as many keys as queries under a window or a distance bias",
                 fmt::format("{} queries and {} keys (sequence {})", queries, keys, s - 1));
    }
  }
}

}  // namespace

void fail_check(std::string_view operation, const std::string& expected, const std::string& found) {
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: expected {}, found {}", operation, expected, found));
}

void check_shape(std::string_view operation,
                 std::string_view what,
                 ConstTensor tensor,
                 int64_t rows,
                 int64_t columns) {
  if (!agrees(tensor.rows, rows) || !agrees(tensor.columns, columns)) {
    fail_check(operation,
               fmt::format("{} [{},{}]", what, dimension_text(rows), dimension_text(columns)),
               fmt::format("[{},{}]", tensor.rows, tensor.columns));
  }
  if (tensor.size() > 0 && tensor.empty()) {
    fail_check(operation,
               fmt::format("{} [{},{}]", what, tensor.rows, tensor.columns),
               "a tensor without memory");
  }
  if (tensor.rows > 1 && tensor.stride < tensor.columns) {
    fail_check(operation,
               fmt::format("{} with rows at least {} apart", what, tensor.columns),
               fmt::format("{}", tensor.stride));
  }
}

void check_size(std::string_view operation, std::string_view what, size_t found, int64_t expected) {
  if (static_cast<int64_t>(found) != expected) {
    fail_check(operation, fmt::format("{} [{}]", what, expected), fmt::format("[{}]", found));
  }
}

void check_indices(std::string_view operation,
                   std::string_view what,
                   std::span<const int32_t> indices,
                   int64_t limit) {
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= limit) {
      fail_check(operation,
                 fmt::format("{} from 0 to {}", what, limit - 1),
                 fmt::format("{} (at {})", indices[i], i));
    }
  }
}

void check_labels(std::string_view operation, std::span<const int32_t> labels, int64_t classes) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != kNoLabel && (labels[i] < 0 || labels[i] >= classes)) {
      fail_check(operation,
                 fmt::format("label from 0 to {}, or {} for none", classes - 1, kNoLabel),
                 fmt::format("{} (at {})", labels[i], i));
    }
  }
}

void check_starts(std::string_view operation,
                  std::string_view what,
                  std::span<const int32_t> starts,
                  int64_t rows) {
  if (starts.empty() || starts.front() != 0 || starts.back() != rows) {
    fail_check(operation,
               fmt::format("{} from 0 to {}", what, rows),
               starts.empty() ? "none" : fmt::format("{} to {}", starts.front(), starts.back()));
  }
  for (size_t s = 1; s < starts.size(); ++s) {
    if (starts[s] < starts[s - 1]) {
      fail_check(operation,
                 fmt::format("{} that never fall", what),
                 fmt::format("{} after {} (at {})", starts[s], starts[s - 1], s));
    }
  }
}

void check_filled_starts(std::string_view operation,
                         std::span<const int32_t> starts,
                         int64_t rows) {
  check_starts(operation, "starts", starts, rows);
  for (size_t s = 1; s < starts.size(); ++s) {
    if (starts[s] == starts[s - 1]) {
      fail_check(operation, "a token in every sequence", fmt::format("none (sequence {})", s - 1));
    }
  }
}

void check_attention(std::string_view operation, const AttentionOperands& operands) {
  const auto& [q, k, v, spans, heads, dropout, distance_bias, window] = operands;
  check_shape(operation, "q", q, kAnySize, kAnySize);
  check_shape(operation, "k", k, kAnySize, q.columns);
  check_shape(operation, "v", v, k.rows, q.columns);
  if (heads <= 0 || q.columns % heads != 0) {
    fail_check(operation,
               fmt::format("a number of heads that divides {}", q.columns),
               fmt::format("{}", heads));
  }
  check_dropout(operation, dropout);
  check_starts(operation, "query_starts", spans.query_starts, q.rows);
  check_starts(operation, "key_starts", spans.key_starts, k.rows);
  check_size(operation,
             "key_starts",
             spans.key_starts.size(),
             static_cast<int64_t>(spans.query_starts.size()));
  for (size_t s = 1; s < spans.query_starts.size(); ++s) {
    if (spans.query_starts[s] > spans.query_starts[s - 1] &&
        spans.key_starts[s] == spans.key_starts[s - 1]) {
      fail_check(operation, "a key for every query", fmt::format("none (sequence {})", s - 1));
    }
  }
  if (window < 0) {
    fail_check(operation, "a window of at least 0", fmt::format("{}", window));
  }
  check_distance_bias(operation, distance_bias, heads, spans.key_starts);
  if (window > 0 || !distance_bias.empty()) {
    check_positions(operation, spans);
  }
}

void check_distance_bias(std::string_view operation,
                         const DistanceBias& bias,
                         int64_t heads,
                         std::span<const int32_t> key_starts) {
  if (bias.empty()) {
    return;
  }
  check_shape(operation, "distance bias", bias.table, kAnySize, heads);
  if (!bias.table.contiguous()) {
    fail_check(operation, "a distance bias without gaps between its rows", "gaps");
  }
  int64_t longest = 1;
  for (size_t s = 1; s < key_starts.size(); ++s) {
    longest = std::max<int64_t>(longest, key_starts[s] - key_starts[s - 1]);
  }
  if (bias.buckets.size() % 2 == 0 || bias.reach() < longest - 1) {
    fail_check(
        operation,
        fmt::format("the buckets of an odd number of distances, {} at least", 2 * longest - 1),
        fmt::format("{}", bias.buckets.size()));
  }
  if (std::ranges::max(bias.buckets) >= bias.table.rows) {
    fail_check(operation,
               fmt::format("buckets from 0 to {}", bias.table.rows - 1),
               fmt::format("{}", std::ranges::max(bias.buckets)));
  }
}

void check_dropout(std::string_view operation, const Dropout& dropout) {
  if (!(dropout.rate >= 0 && dropout.rate < 1)) {
    fail_check(
        operation, "a dropout rate of at least 0 and below 1", fmt::format("{}", dropout.rate));
  }
}

}  // namespace fastintent
