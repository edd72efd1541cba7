#include "cpu/fastest_precision.h"

#include <fstream>
#include <string>

#include "cpu/instruction_set.h"
#include "cpu/kernels/tile_product.h"
#include "cpu/matmul.h"

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

// Measured with one thread: bf16 products run at twice the speed of f32 on AMD Zen 5 and at half of
// it on Intel Emerald Rapids without AMX.
bool decide_bf16() {
  instruction_set();
  return matmul_has_amx() || (matmul_has_bf16() && made_by_amd());
}

}  // namespace

bool bf16_pays() {
  static const bool pays = decide_bf16();
  return pays;
}

bool int8_uses_amx() {
  instruction_set();
  return matmul_has_amx();
}

// Measured with one thread: int8 runs at 3.9 times the speed of f32 on AMD Zen 5, at 4.4 times on
// Intel Emerald Rapids. Without VNNI (AVX2 on Zen 5) a complete encoder gains a quarter: too little
// for its rounding, unless int8 is requested by name.
PrecisionChoice fastest_precision() {
  if (has_dot_products(Element::int8)) {
    return {Precision::int8, "AVX512_VNNI multiplies int8 four times as fast as fp32"};
  }
  if (bf16_pays()) {
    return {Precision::bf16, "AVX512_BF16 multiplies bf16 twice as fast as fp32"};
  }
  return {Precision::fp32, "this processor has no dot products that make int8 or bf16 much faster"};
}

}  // namespace fastintent::cpu
