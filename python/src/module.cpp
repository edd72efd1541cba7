#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "fastintent/devices.h"
#include "fastintent/version.h"

namespace fastintent::python {

NB_MODULE(_fastintent, m) {
  m.doc() = "The native half of the package fastintent.";
  m.attr("__version__") = kVersion;
  // What lives until the interpreter ends is no leak of ours.
  nb::set_leak_warnings(false);
  init_errors(m);
  init_dataset(m);
  init_prediction(m);
  init_evaluation(m);
  init_training(m);
  init_hub(m);
  init_quantize(m);
  init_stream(m);
  init_classifier(m);
  m.def("device_names",
        &device_names,
        "The devices this build can use on this machine, best first, as\n"
        "IntentClassifier.device_name tells them: \"cuda:0 (NVIDIA H100 80GB HBM3)\" for each\n"
        "GPU, \"cpu (avx512)\", \"reference\".");
}

}  // namespace fastintent::python
