#include <array>
#include <utility>

#include "fastintent/devices.h"
#include "fastintent/options.h"

namespace fastintent {
namespace {

constexpr std::array<std::pair<Precision, std::string_view>, 6> kNames = {
    {{Precision::automatic, "auto"},
     {Precision::fp32, "fp32"},
     {Precision::tf32, "tf32"},
     {Precision::fp16, "fp16"},
     {Precision::bf16, "bf16"},
     {Precision::int8, "int8"}}};

}  // namespace

std::string_view precision_name(Precision precision) {
  for (const auto& [value, name] : kNames) {
    if (value == precision) {
      return name;
    }
  }
  return "unknown";
}

std::optional<Precision> parse_precision(std::string_view name) {
  for (const auto& [value, own_name] : kNames) {
    if (own_name == name) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace fastintent
