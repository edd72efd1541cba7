#pragma once

#include <cstddef>
#include <string_view>

namespace fastintent {

/// The bytes of the extended grapheme cluster (UAX 29) that starts `text`, which is valid UTF-8 and
/// not empty. Regional indicators are clusters of their own (see GraphemeClass).
size_t first_grapheme(std::string_view text);

}  // namespace fastintent
