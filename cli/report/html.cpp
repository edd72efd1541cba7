#include "report/html.h"

#include "base/utf8.h"

namespace fastintent::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  // Repaired as in the JSON output, so that both show the same text.
  for (const char c : replace_invalid_utf8(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '\n':
      case '\t':
        escaped += c;
        break;
      default:
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        escaped += control ? kReplacement : std::string_view(&c, 1);
    }
  }
  return escaped;
}

std::string shortened(std::string_view text, size_t characters) {
  const std::string valid = replace_invalid_utf8(text);
  size_t seen = 0;
  size_t cut = 0;  // where the last character that leaves room for "…" ends
  for (size_t i = 0; i < valid.size(); ++i) {
    if (starts_character(valid[i])) {
      ++seen;
      if (seen == characters) {
        cut = i;
      }
    }
  }
  return seen <= characters ? valid : valid.substr(0, cut) + "…";
}

}  // namespace fastintent::cli
