#pragma once

#include <string>
#include <string_view>

#include "fastintent/trainer.h"
#include "model/model_config.h"
#include "train/fit_settings.h"

namespace fastintent {

/// Throws invalid_argument for an option outside its range.
void check_options(const TrainingOptions& options);

/// Returns the options of a run: values that are not set get the defaults of docs/training.md, by
/// encoder width, head and `backend`; `dropout` may stay open, since a model has several rates.
/// Throws invalid_argument for a precision that `backend` lacks.
TrainingOptions resolve_options(TrainingOptions options,
                                const ModelConfig& config,
                                const Backend& backend);

/// Returns the settings of a fit with `resolved` options; the class weights follow from the counts
/// in `all`.
FitSettings fit_settings(const TrainingOptions& resolved,
                         const ModelConfig& config,
                         const LabelledTexts& all);

/// Differs between two runs that cannot train one model together. Covers all that their processes
/// must share: the options of TrainingRole::weights, intents, data and the split of the data.
/// `validation` may be null.
std::string shared_fingerprint(const TrainingOptions& resolved,
                               const ModelConfig& config,
                               const LabelledTexts& training,
                               const LabelledTexts* validation);

/// Differs between two runs when anything that affects their weights differs: `shared` (the
/// shared_fingerprint), base, device, number of threads and of processes.
std::string fingerprint(const TrainingOptions& resolved,
                        std::string_view shared,
                        std::string_view device,
                        int processes);

}  // namespace fastintent
