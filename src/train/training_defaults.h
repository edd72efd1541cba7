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

/// Differs between two runs when anything differs that processes which train one model together
/// must have in common: settings, intents, data and their split. `validation` may be null.
std::string shared_fingerprint(const TrainingOptions& options,
                               const FitSettings& settings,
                               const ModelConfig& config,
                               const LabelledTexts& training,
                               const LabelledTexts* validation);

/// Differs between two runs when anything differs that decides their weights: what they `shared`,
/// base, device, number of threads and of processes.
std::string fingerprint(const TrainingOptions& options,
                        std::string_view shared,
                        std::string_view device,
                        int processes);

}  // namespace fastintent
