#pragma once

#include <string>
#include <string_view>

namespace fastintent {

/// Where the encoder runs. `automatic` uses CUDA if there is a device, else the CPU; `reference`
/// defines every operation in plain loops: slow, for checks.
enum class Device { automatic, cpu, cuda, reference };

/// Number format of matrix products; everything else stays in 32 bits. Each option of this type
/// documents its `automatic`.
///
/// tf32, on a GPU: both factors rounded to 10 bits of fraction; sums in 32 bits.
/// fp16, on a GPU: activations and weights are stored in IEEE 754's 16 bits; sums, softmax and
/// LayerNorm in 32 bits. Training scales its loss so that small gradients are not lost.
/// bf16: both factors rounded to bfloat16, ties to even; sums in 32 bits. On a GPU activations are
/// also stored in bfloat16.
/// int8, dynamic, for prediction only: activations x = scale · (q - zero), q in 0 .. 255, with one
/// scale and zero point per row (token), computed at run time; weights w = scale · q, q in
/// -127 .. 127, with one scale per output. Sums of products are exact. The classifier's last
/// layer stays in fp32. Loading throws bad_checkpoint when a weight is not finite.
enum class Precision { automatic, fp32, tf32, fp16, bf16, int8 };

/// A precision and the reason for it.
struct PrecisionChoice {
  Precision precision = Precision::fp32;  ///< never `automatic`
  std::string reason;                     ///< a sentence without its full stop
};

/// "auto", "fp32", "tf32", "fp16", "bf16", "int8".
std::string_view precision_name(Precision precision);

}  // namespace fastintent
