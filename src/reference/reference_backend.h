#pragma once

#include <memory>

#include "compute/backend.h"

namespace fastintent {

/// The definition of every operation: plain loops in double, rounded to float once at the end. It
/// is slow and serves to check the other backends.
std::unique_ptr<Backend> create_reference_backend();

}  // namespace fastintent
