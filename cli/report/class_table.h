#pragma once

#include <string>

#include "fastintent/evaluation.h"

namespace fastintent::cli {

/// F1, precision, recall and counts of each class, lowest F1 first and classes without examples
/// last; an HTML table that the page's script lets a reader sort.
std::string class_table(const Evaluation& evaluation);

}  // namespace fastintent::cli
