#include "fastintent/devices.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings.h"
#include "choices.h"

namespace fastintent::python {
namespace {

std::string_view device_name(Device device) {
  switch (device) {
    case Device::automatic:
      return "auto";
    case Device::cpu:
      return "cpu";
    case Device::cuda:
      return "cuda";
    case Device::reference:
      return "reference";
  }
  return "";  // unreachable: every device is above
}

nb::tuple parsed_device(const std::string& name) {
  const DeviceChoice choice = parse_device(name);
  return nb::make_tuple(device_name(choice.device), choice.gpu);
}

std::vector<std::string_view> precision_names(const std::string& device) {
  std::vector<std::string_view> names;
  for (const Precision precision : precisions(parse_device(device).device)) {
    names.push_back(precision_name(precision));
  }
  return names;
}

std::pair<std::string, std::string> fastest(const std::string& device) {
  return precision_and_reason(fastest_precision(parse_device(device).device));
}

}  // namespace

void init_devices(nb::module_& m) {
  m.def("device_names",
        &device_names,
        "Returns the devices that this build can use on this machine, best first, as\n"
        "IntentClassifier.device_name writes them: \"cuda:0 (NVIDIA H100 80GB HBM3)\" for each\n"
        "GPU, \"cpu (avx512)\", \"reference\".");
  m.def("gpu_count",
        &gpu_count,
        "Returns the number of GPUs that this build can use on this machine. They count from 0 as\n"
        "CUDA lists them (CUDA_VISIBLE_DEVICES chooses).");
  m.def(
      "parse_device",
      &parsed_device,
      nb::arg("name"),
      nb::sig("def parse_device(name: str) -> tuple[str, int | None]"),
      R"(Returns the kind of device that `name` means ("auto", "cpu", "cuda", "reference") and the number of
its GPU: ("cuda", 1) for "cuda:1", ("cuda", None) for all GPUs.

Whether the machine has the device shows when it is used. Raises InvalidArgumentError for another name.)");
  m.def("precisions",
        &precision_names,
        nb::arg("device") = "auto",
        R"(Returns the names of the precisions in which `device` multiplies matrices, "fp32" first.

Raises DeviceMissingError when there is no such device.)");
  m.def("fastest_precision",
        &fastest,
        nb::arg("device") = "auto",
        nb::sig("def fastest_precision(device: str = 'auto') -> tuple[str, str]"),
        R"(Returns the precision that "auto" means on `device`, and the reason in a sentence.

It depends only on the device's features, so every process makes the same choice. Raises
DeviceMissingError when there is no such device.)");
}

}  // namespace fastintent::python
