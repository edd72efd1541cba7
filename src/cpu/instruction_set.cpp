#include "cpu/instruction_set.h"

#include <fmt/format.h>

#include <cstdlib>

#include "fastintent/error.h"
#include "hwy/targets.h"

namespace fastintent::cpu {
namespace {

struct NamedTarget {
  std::string_view name;
  int64_t target;
};

// Best first. Highway numbers better targets lower.
constexpr NamedTarget kTargets[] = {
    {"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"sse4", HWY_SSE4}, {"neon", HWY_NEON}};

std::string_view choose() {
  const char* forced = std::getenv("FASTINTENT_FORCE_ISA");
  for (const auto& [name, target] : kTargets) {
    const bool wanted = forced == nullptr || name == forced;
    if (wanted && (hwy::SupportedTargets() & target) != 0) {
      hwy::DisableTargets(target - 1);
      return name;
    }
  }
  if (forced == nullptr) {
    return "scalar";
  }
  throw Error(ErrorCode::device_missing,
              fmt::format("FASTINTENT_FORCE_ISA: expected one this processor has of sse4, avx2, "
                          "avx512, neon; found {}",
                          forced));
}

}  // namespace

std::string_view instruction_set() {
  static const std::string_view chosen = choose();
  return chosen;
}

}  // namespace fastintent::cpu
