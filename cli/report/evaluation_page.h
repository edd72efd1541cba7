#pragma once

#include <string>

#include "fastintent/dataset.h"
#include "fastintent/evaluation.h"
#include "fastintent/intent_classifier.h"

namespace fastintent::cli {

/// The page of `evaluate`: the model, the data, and all sections of `evaluation`. `model` and
/// `file` are the sources of `classifier` and `data`.
std::string evaluation_page(const std::string& model,
                            const IntentClassifier& classifier,
                            const std::string& file,
                            const LabelledTexts& data,
                            const Evaluation& evaluation);

}  // namespace fastintent::cli
