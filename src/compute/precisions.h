#pragma once

#include <vector>

#include "compute/backend.h"

namespace fastintent {

/// The precisions in which `backend` multiplies, fp32 first.
std::vector<Precision> precisions_of(const Backend& backend);

/// Throws invalid_argument, naming `operation`, when `backend` does not multiply in `precision`
/// (not automatic).
void require_precision(const char* operation, const Backend& backend, Precision precision);

}  // namespace fastintent
