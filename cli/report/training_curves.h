#pragma once

#include <string>

#include "report/training_history.h"

namespace fastintent::cli {

/// Loss, accuracy, macro F1 and learning rate over a fit, `best_epoch` marked, and a table of its
/// epochs. A fit without validation, as on all rows, has no accuracy and marks nothing. HTML.
std::string training_curves(const FitHistory& fit, int best_epoch);

}  // namespace fastintent::cli
