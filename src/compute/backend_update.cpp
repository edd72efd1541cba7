#include <fmt/format.h>

#include "compute/backend.h"
#include "compute/shape_checks.h"

// Operations that turn gradients into parameter updates.
namespace fastintent {
namespace {

void check_state(std::string_view operation, const AdamwState& state) {
  const auto count = static_cast<int64_t>(state.parameters.size());
  check_size(operation, "first_moment", state.first_moment.size(), count);
  check_size(operation, "second_moment", state.second_moment.size(), count);
}

}  // namespace

double Backend::sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out) {
  if (parts.empty()) {
    fail_check("sum_gradients", "at least one part", "none");
  }
  for (const std::span<const float> part : parts) {
    check_size("sum_gradients", "part", part.size(), static_cast<int64_t>(out.size()));
  }
  return out.empty() ? 0 : do_sum_gradients(parts, out);
}

void Backend::adamw_step(std::span<const AdamwUpdate> updates) {
  constexpr std::string_view kOperation = "adamw_step";
  for (const AdamwUpdate& update : updates) {
    check_state(kOperation, update.state);
    const auto count = static_cast<int64_t>(update.state.parameters.size());
    check_size(kOperation, "gradient", update.gradient.size(), count);
    if (update.weight == nullptr) {
      continue;
    }
    const int64_t K = update.weight->columns();
    const int64_t rows_left = update.weight->rows() - update.first_row;
    if (update.first_row < 0 || count % K != 0 || count / K > rows_left) {
      fail_check(kOperation,
                 fmt::format("whole rows of a weight [{},{}]", update.weight->rows(), K),
                 fmt::format("{} parameters from row {}", count, update.first_row));
    }
  }
  if (!updates.empty()) {
    do_adamw_step(updates);
  }
}

void Backend::adamw_step_rows(const AdamwState& state,
                              std::span<const int32_t> rows,
                              ConstTensor gradient,
                              std::span<int32_t> last_steps,
                              std::span<const AdamwRates> rates) {
  constexpr std::string_view kOperation = "adamw_step_rows";
  check_state(kOperation, state);
  const auto V = static_cast<int64_t>(last_steps.size());
  const auto count = static_cast<int64_t>(state.parameters.size());
  if (V == 0 ? count != 0 : count % V != 0) {
    fail_check(
        kOperation, fmt::format("parameters of {} equal rows", V), fmt::format("[{}]", count));
  }
  if (rates.empty()) {
    fail_check(kOperation, "rates of at least one step", "none");
  }
  check_indices(kOperation, "row", rows, V);
  if (!gradient.empty()) {
    check_shape(kOperation,
                "gradient",
                gradient,
                static_cast<int64_t>(rows.size()),
                V == 0 ? 0 : count / V);
  }
  if (!rows.empty()) {
    do_adamw_step_rows(state, rows, gradient, last_steps, rates);
  }
}

}  // namespace fastintent
