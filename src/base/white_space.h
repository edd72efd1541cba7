#pragma once

#include <string_view>

namespace fastintent {

/// `text` without the Unicode white space around it. Bytes that are not UTF-8 are no white space.
std::string_view trimmed(std::string_view text);

}  // namespace fastintent
