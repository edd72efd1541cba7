#pragma once

#include <cstddef>
#include <string_view>

namespace fastintent {

/// Bytes of white space at the ends of `text`, which is valid UTF-8: what `tokenizers` takes for it.
size_t leading_space(std::string_view text);
size_t trailing_space(std::string_view text);

/// Bytes before the first white space.
size_t leading_word(std::string_view text);

}  // namespace fastintent
