#pragma once

namespace fastintent {

/// Version of this library, as in CHANGELOG.md.
constexpr const char* kVersion = "0.1.0";

}  // namespace fastintent
