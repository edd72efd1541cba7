#pragma once

namespace fastintent {

/// Where the encoder runs. `automatic` takes CUDA where there is a device, else the CPU;
/// `reference` is the definition of every operation in plain loops: slow, for checking.
enum class Device { automatic, cpu, cuda, reference };

}  // namespace fastintent
