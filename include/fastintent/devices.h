#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// A device and optionally one of its GPUs, as in the options of a classifier or a training run.
struct DeviceChoice {
  Device device = Device::automatic;  ///< kind of device
  std::optional<int> gpu;             ///< with Device::cuda: its number; none: all GPUs
};

/// Returns the device of that name: "auto", "cpu", "reference", "cuda" for all GPUs, "cuda:1" for
/// one by its number; nullopt for any other name. A missing device is detected when it is used.
std::optional<DeviceChoice> parse_device(std::string_view name);

/// Returns the precision of that name, as precision_name() spells it; "auto" is `automatic`;
/// nullopt for any other name. A precision that the device lacks is detected when it is used.
std::optional<Precision> parse_precision(std::string_view name);

/// The devices this build can use on this machine, best first, named as by
/// IntentClassifier::device_name: "cuda:0 (NVIDIA H100 80GB HBM3)" for each GPU, "cpu (avx512)",
/// "reference".
std::vector<std::string> device_names();

/// Number of GPUs that this build can use on this machine. GPUs are numbered from 0 in CUDA's order
/// (CUDA_VISIBLE_DEVICES selects them).
int gpu_count();

/// The precisions in which `device` multiplies matrices, fp32 first. Throws device_missing.
std::vector<Precision> precisions(Device device = Device::automatic);

/// The fastest precision of `device`, and the reason. The choice depends only on the device's
/// features, so every process makes the same choice. Throws device_missing.
PrecisionChoice fastest_precision(Device device = Device::automatic);

}  // namespace fastintent
