#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "fastintent/trainer.h"

namespace fastintent::python {

namespace nb = nanobind;

/// The keyword arguments of train() that are fields of TrainingOptions; None leaves the default.
/// Throws TypeError for an unknown name or a value of another type.
TrainingOptions read_training_options(const nb::kwargs& keywords);

/// The same keyword arguments as written in a signature: "epochs: int | None = None, ".
std::string training_keywords();

/// A line of the docstring for each: "batch_size: texts a step.".
std::string training_keyword_lines();

}  // namespace fastintent::python
