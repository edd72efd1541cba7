#pragma once

#include <string>

#include "fastintent/evaluation.h"

namespace fastintent::cli {

/// The confusion matrix as a heat map (SVG) with its explanation, for 2 to some hundred classes: a
/// cell has its count in it where that fits, and shows labels and count when pointed at. HTML.
std::string confusion_matrix(const Evaluation& evaluation);

}  // namespace fastintent::cli
