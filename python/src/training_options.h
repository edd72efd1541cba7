#pragma once

#include <nanobind/nanobind.h>

#include "fastintent/trainer.h"

namespace fastintent::python {

namespace nb = nanobind;

/// The keyword arguments of train() that are fields of TrainingOptions; None leaves the default.
/// Throws TypeError for an unknown name or a value of another type.
TrainingOptions read_training_options(const nb::kwargs& keywords);

}  // namespace fastintent::python
