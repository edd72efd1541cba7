#pragma once

#include <string>
#include <string_view>

#include "fastintent/trainer.h"
#include "model/model_config.h"
#include "train/fit_settings.h"

namespace fastintent {

/// Throws invalid_argument for an option outside its range.
void check_options(const TrainingOptions& options);

/// The options as a run uses them: what they do not fix has the default of docs/training.md, by
/// encoder width, head and `backend`; `dropout` may stay open, since a model has several rates.
/// Throws invalid_argument for a precision that `backend` does not have.
TrainingOptions resolve_options(TrainingOptions options,
                                const ModelConfig& config,
                                const Backend& backend);

/// The numbers of a fit with `resolved` options; the class weights are by the counts in `all`.
FitSettings fit_settings(const TrainingOptions& resolved,
                         const ModelConfig& config,
                         const LabelledTexts& all);

/// Differs between two runs when anything differs that processes which train one model together
/// must have in common: the options of TrainingRole::weights, intents, data and their split.
/// `validation` may be null.
std::string shared_fingerprint(const TrainingOptions& resolved,
                               const ModelConfig& config,
                               const LabelledTexts& training,
                               const LabelledTexts* validation);

/// Differs between two runs when anything differs that decides their weights: what they `shared`,
/// base, device, number of threads and of processes.
std::string fingerprint(const TrainingOptions& resolved,
                        std::string_view shared,
                        std::string_view device,
                        int processes);

}  // namespace fastintent
