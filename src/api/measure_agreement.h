#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string_view>

#include "fastintent/options.h"

namespace fastintent {

/// The share of `texts`, of which there is at least one, whose intents are the same in a precision as
/// in fp32, for each faster precision that processors have. Predicts on the processor with the trained
/// model in `folder`. Throws interrupted when `should_stop`, which may be empty, returns true; errors of
/// loading and predicting.
std::map<Precision, double> measure_agreement(const std::filesystem::path& folder,
                                              std::span<const std::string_view> texts,
                                              int threads,
                                              const std::function<bool()>& should_stop);

}  // namespace fastintent
