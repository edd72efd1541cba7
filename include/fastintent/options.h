#pragma once

#include <string_view>

namespace fastintent {

/// Where the encoder runs. `automatic` takes CUDA where there is a device, else the CPU;
/// `reference` is the definition of every operation in plain loops: slow, for checking.
enum class Device { automatic, cpu, cuda, reference };

/// In which numbers matrices are multiplied; everything else stays in 32 bits. What `automatic`
/// takes stands where it is an option.
enum class Precision { automatic, fp32, bf16, int8 };

/// "auto", "fp32", "bf16", "int8".
std::string_view precision_name(Precision precision);

}  // namespace fastintent
