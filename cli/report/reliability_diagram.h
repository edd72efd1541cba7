#pragma once

#include <string>

#include "fastintent/evaluation.h"

namespace fastintent::cli {

/// Accuracy against confidence, with the number of examples of each confidence; before and after
/// calibration where the temperature is not 1. SVG, explained, and the same figures as a table.
/// HTML.
std::string reliability_diagram(const Evaluation& evaluation);

}  // namespace fastintent::cli
