#pragma once

#include <string>

#include "fastintent/dataset.h"

namespace fastintent::cli {

/// The facts that a careful person would check about a labelled file in one or two lines, and a
/// line for each thing that is probably a mistake.
std::string data_report(const std::string& file, const LabelledTexts& data);

}  // namespace fastintent::cli
