#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastintent {

/// Returns `text` as a terminal or a log may show it. Texts, labels and names of files come from
/// data, models and servers, and could move the cursor, forge a line or hide what follows.
///
/// Control characters, line separators, invisible characters and those that change the direction of
/// text become escapes ("\n", "\x1b", "\u202e"), as do bytes that are not UTF-8 ("\xff"). A result
/// of more than `max_characters` loses its middle, for which "..." is shown: the end of a message
/// names the file. Calling it on its own result changes nothing. Throws nothing but std::bad_alloc.
std::string printable(std::string_view text, size_t max_characters = 2'000);

}  // namespace fastintent
