#include "cpu/fastest_precision.h"

#include <fstream>
#include <string>

#include "cpu/instruction_set.h"
#include "cpu/kernels/tile_product.h"
#include "cpu/matmul.h"
#include "fastintent/error.h"

namespace fastintent::cpu {
namespace {

bool made_by_amd() {
  std::ifstream processor("/proc/cpuinfo");
  for (std::string line; std::getline(processor, line);) {
    if (line.starts_with("vendor_id")) {
      return line.ends_with("AuthenticAMD");
    }
  }
  return false;
}

}  // namespace

// Measured with one thread: bf16 products run at twice the speed of f32 on AMD Zen 5 and at half of
// it on Intel Emerald Rapids without AMX.
bool bf16_pays() {
  const bool amx = int8_uses_amx();
  static const bool pays = amx || (has_dot_products(Element::bf16) && made_by_amd());
  return pays;
}

bool int8_uses_amx() {
  if (instruction_set() != "avx512" || !processor_has_amx()) {
    return false;
  }
  try {
    return matmul_has_amx();
  } catch (const Error&) {
    return false;  // oneDNN is not installed: training reports that, and int8 has the same bits
  }
}

// Measured with one thread: int8 runs at 3.9 times the speed of f32 on AMD Zen 5, at 4.4 times on
// Intel Emerald Rapids. Without VNNI (AVX2 on Zen 5) a complete encoder gains a quarter: too little
// for its rounding, unless int8 is requested by name.
std::vector<PrecisionChoice> fast_precisions() {
  std::vector<PrecisionChoice> fast;
  if (has_dot_products(Element::int8)) {
    fast.push_back({Precision::int8, "AVX512_VNNI multiplies int8 four times as fast as fp32"});
  }
  if (bf16_pays()) {
    fast.push_back({Precision::bf16, "AVX512_BF16 multiplies bf16 twice as fast as fp32"});
  }
  return fast;
}

}  // namespace fastintent::cpu
