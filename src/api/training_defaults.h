#pragma once

#include <string>
#include <string_view>

#include "fastintent/trainer.h"
#include "model/model_config.h"
#include "train/fit_settings.h"

namespace fastintent {

/// Throws invalid_argument for an option outside its range.
void check_options(const TrainingOptions& options);

/// Fills what the options leave open with the defaults of docs/training.md, by encoder width and
/// head. `all` gives the class counts; `backend` tells whether bf16 is worth it.
FitSettings resolve_settings(const TrainingOptions& options,
                             const ModelConfig& config,
                             const Backend& backend,
                             const LabelledTexts& all);

/// Differs between two runs when anything differs that decides their weights: settings, base,
/// intents, data and their split, device, number of threads. `validation` may be null.
std::string fingerprint(const TrainingOptions& options,
                        const FitSettings& settings,
                        const ModelConfig& config,
                        std::string_view device,
                        const LabelledTexts& training,
                        const LabelledTexts* validation);

}  // namespace fastintent
