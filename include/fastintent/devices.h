#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// A device, and perhaps one of its GPUs, as the options of a classifier or a training run have
/// them.
struct DeviceChoice {
  Device device = Device::automatic;  ///< kind of device
  std::optional<int> gpu;             ///< with Device::cuda: its number; none: all GPUs
};

/// The device of that name: "auto", "cpu", "reference", "cuda" for all GPUs, "cuda:1" for one by
/// its number. Nothing for another name; whether there is such a device shows when it is used.
std::optional<DeviceChoice> parse_device(std::string_view name);

/// The precision of that name, as precision_name() returns it; "auto" is `automatic`. Nothing for
/// another name; whether a device multiplies in that precision shows when it is used.
std::optional<Precision> parse_precision(std::string_view name);

/// The devices this build can use on this machine, best first, as IntentClassifier::device_name
/// tells them: "cuda:0 (NVIDIA H100 80GB HBM3)" for each GPU, "cpu (avx512)", "reference".
std::vector<std::string> device_names();

/// GPUs that this build can use on this machine; they count from 0 as CUDA lists them
/// (CUDA_VISIBLE_DEVICES chooses).
int gpu_count();

/// The precisions in which `device` multiplies matrices, fp32 first. Throws device_missing.
std::vector<Precision> precisions(Device device = Device::automatic);

/// The precision that `automatic` stands for on `device`, and why: it follows from the device's
/// features alone, so that every process chooses alike. Throws device_missing.
PrecisionChoice fastest_precision(Device device = Device::automatic);

}  // namespace fastintent
