#pragma once

#include <string>
#include <string_view>

namespace fastintent {

/// Where the encoder runs. `automatic` takes CUDA where there is a device, else the CPU;
/// `reference` is the definition of every operation in plain loops: slow, for checking.
enum class Device { automatic, cpu, cuda, reference };

/// In which numbers matrices are multiplied; everything else stays in 32 bits. What `automatic`
/// takes stands where it is an option.
///
/// tf32, on a GPU: both factors rounded to 10 bits of fraction; sums in 32 bits.
/// fp16, on a GPU: activations and weights are stored in IEEE 754's 16 bits; sums, softmax and
/// LayerNorm in 32 bits. Training scales its loss so that small gradients are not lost.
/// bf16: both factors rounded to bfloat16, ties to even; sums in 32 bits. On a GPU activations are
/// stored so, too.
/// int8, dynamic, for prediction only: activations x = scale · (q - zero), q in 0 .. 255, with one
/// scale and zero point a row (token), found as it is computed; weights w = scale · q, q in
/// -127 .. 127, with one scale for each output. Sums of products are exact. The classifier's last
/// layer stays in fp32. Loading throws bad_checkpoint when a weight is not finite.
enum class Precision { automatic, fp32, tf32, fp16, bf16, int8 };

/// A precision and why it was taken, in a sentence without its full stop.
struct PrecisionChoice {
  Precision precision = Precision::fp32;  ///< never `automatic`
  std::string reason;                     ///< why, without a full stop
};

/// "auto", "fp32", "tf32", "fp16", "bf16", "int8".
std::string_view precision_name(Precision precision);

}  // namespace fastintent
