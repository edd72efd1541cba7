#include "base/fingerprint.h"

#include <fmt/format.h>

namespace fastintent {

std::string Fingerprint::text() const {
  return fmt::format("{:016x}", hash_);
}

}  // namespace fastintent
