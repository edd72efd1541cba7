#pragma once

#include <nanobind/nanobind.h>

namespace fastintent::python {

namespace nb = nanobind;

/// Each adds the classes and functions of its file to the module.
void init_errors(nb::module_& m);
void init_devices(nb::module_& m);
void init_tokenizer(nb::module_& m);
void init_dataset(nb::module_& m);
void init_prediction(nb::module_& m);
void init_evaluation(nb::module_& m);
void init_training(nb::module_& m);
void init_hub(nb::module_& m);
void init_quantize(nb::module_& m);
void init_check_model(nb::module_& m);
void init_stream(nb::module_& m);
void init_arrow(nb::module_& m);
void init_async_call(nb::module_& m);
void init_classifier(nb::module_& m);

}  // namespace fastintent::python
