#include "fastintent/error.h"

#include "base/limits.h"
#include "fastintent/printable.h"

namespace fastintent {

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(printable(message, kMaxMessageCharacters)), code_(code) {}

}  // namespace fastintent
