#pragma once

#include <string_view>

#include "fastintent/dataset.h"
#include "fastintent/devices.h"
#include "fastintent/options.h"
#include "fastintent/trainer.h"

namespace fastintent::python {

/// The values that have names in Python. Each throws invalid_argument, naming the choices.
DeviceChoice parse_device(std::string_view name);
Precision parse_precision(std::string_view name);
FileFormat parse_format(std::string_view name);
Quoting parse_quoting(std::string_view name);
HeadPooling parse_pooling(std::string_view name);

}  // namespace fastintent::python
