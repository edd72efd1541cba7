#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fastintent/dataset.h"
#include "fastintent/devices.h"
#include "fastintent/options.h"
#include "fastintent/trainer.h"

namespace fastintent::python {

/// The values that have names in Python. Each throws invalid_argument, naming the choices.
DeviceChoice parse_device(std::string_view name);
std::string device_choice_name(const DeviceChoice& choice);  // the other way
Precision parse_precision(std::string_view name);
/// The name of the precision, and the reason.
std::pair<std::string, std::string> precision_and_reason(const PrecisionChoice& choice);
FileFormat parse_format(std::string_view name);
Quoting parse_quoting(std::string_view name);
HeadPooling parse_pooling(std::string_view name);

/// PredictOptions::batch_size: 0, the classifier's own value, for None in Python. Throws
/// invalid_argument unless positive.
int chosen_batch_size(std::optional<int> batch_size);

}  // namespace fastintent::python
