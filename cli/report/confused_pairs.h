#pragma once

#include <string>
#include <vector>

#include "fastintent/evaluation.h"

namespace fastintent::cli {

/// The most confused pairs, each with its most confident mistakes. `texts` are the texts that
/// `evaluation` measured, in its order. HTML.
std::string confused_pairs(const Evaluation& evaluation, const std::vector<std::string>& texts);

}  // namespace fastintent::cli
