#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastintent::cli {

/// `text` escaped for an element or a quoted attribute of HTML and SVG. Bytes that are not UTF-8,
/// and control characters, which neither allows, become U+FFFD.
std::string html_escaped(std::string_view text);

/// The beginning of `text`, at most `characters` long, the last one "…" where something was left
/// out; valid UTF-8 in any case.
std::string shortened(std::string_view text, size_t characters);

}  // namespace fastintent::cli
