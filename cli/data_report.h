#pragma once

#include <string>

#include "fastintent/dataset.h"

namespace fastintent::cli {

/// What a careful person would want to know of a labelled file, in one line or two.
std::string data_report(const std::string& file, const LabelledTexts& data);

}  // namespace fastintent::cli
