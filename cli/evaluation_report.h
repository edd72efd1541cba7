#pragma once

#include <string>

#include "fastintent/evaluation.h"

namespace fastintent::cli {

/// 0.9325 as "93.25 %".
std::string percent(double share);

/// The figures, the worst classes, the most confused pairs and the unseen labels, for people.
std::string evaluation_report(const Evaluation& evaluation);

}  // namespace fastintent::cli
