#pragma once

#include <string>
#include <string_view>

namespace fastintent {

/// Where the encoder runs. `automatic` takes CUDA where there is a device, else the CPU;
/// `reference` is the definition of every operation in plain loops: slow, for checking.
enum class Device { automatic, cpu, cuda, reference };

/// In which numbers matrices are multiplied; everything else stays in 32 bits. int8 is dynamic:
/// every token's row has a scale and a zero point of its own, every row of a weight a scale. What
/// `automatic` takes stands where it is an option.
enum class Precision { automatic, fp32, bf16, int8 };

/// A precision and why it was taken, in a sentence without its full stop.
struct PrecisionChoice {
  Precision precision = Precision::fp32;
  std::string reason;
};

/// "auto", "fp32", "bf16", "int8".
std::string_view precision_name(Precision precision);

}  // namespace fastintent
