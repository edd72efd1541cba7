#include "text/read/score.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace fastintent {
namespace {

// The largest power of ten of a double.
constexpr int kMaxPower = 308;

// Beyond it a number of any sensible length is zero or infinite.
constexpr int kLargestExponent = 100'000;

double power_of_ten(int exponent) {
  static const std::array<double, kMaxPower + 1> powers = [] {
    std::array<double, kMaxPower + 1> values{};
    for (int i = 0; i <= kMaxPower; ++i) {
      const std::string text = "1e" + std::to_string(i);
      std::from_chars(text.data(), text.data() + text.size(), values[static_cast<size_t>(i)]);
    }
    return values;
  }();
  return powers[static_cast<size_t>(exponent)];
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits of a number as one integer, and where the decimal point is.
struct Significand {
  uint64_t value = 0;
  int exponent = 0;
  bool is_full = false;  // further digits are dropped

  void add(char digit, bool is_fraction) {
    constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
    const auto unit = static_cast<uint64_t>(digit - '0');
    is_full |= value > (kMax - unit) / 10;
    if (is_full) {
      exponent += is_fraction ? 0 : 1;
      return;
    }
    value = value * 10 + unit;
    exponent -= is_fraction ? 1 : 0;
  }
};

}  // namespace

double parse_score(std::string_view digits) {
  const bool is_negative = digits.starts_with('-');
  digits.remove_prefix(is_negative ? 1 : 0);
  Significand significand;
  bool is_fraction = false;
  while (!digits.empty() && (is_digit(digits[0]) || digits[0] == '.')) {
    if (digits[0] == '.') {
      is_fraction = true;
    } else {
      significand.add(digits[0], is_fraction);
    }
    digits.remove_prefix(1);
  }
  int exponent = 0;
  if (digits.starts_with('e') || digits.starts_with('E')) {
    digits.remove_prefix(digits.size() > 1 && digits[1] == '+' ? 2 : 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (read.ec == std::errc::result_out_of_range) {
      exponent = digits.starts_with('-') ? -kLargestExponent : kLargestExponent;
    }
  }
  exponent = std::clamp(exponent, -kLargestExponent, kLargestExponent) + significand.exponent;
  auto value = static_cast<double>(significand.value);
  for (; exponent < -kMaxPower && value != 0; exponent += kMaxPower) {
    value /= power_of_ten(kMaxPower);
  }
  if (value != 0) {
    value = exponent < 0 ? value / power_of_ten(-exponent)
                         : value * power_of_ten(std::min(exponent, kMaxPower));
  }
  return is_negative ? -value : value;
}

}  // namespace fastintent
