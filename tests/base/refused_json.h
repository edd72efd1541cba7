#pragma once

#include <string>
#include <string_view>

#include "base/expect_error.h"
#include "base/parse_json.h"

namespace fastintent {

/// `part`, `count` times.
inline std::string repeated(std::string_view part, size_t count) {
  std::string text;
  text.reserve(part.size() * count);
  for (size_t i = 0; i < count; ++i) {
    text += part;
  }
  return text;
}

/// Expects that parse_json() refuses `text` with `part` in its message.
inline void expect_refused(const std::string& text, const std::string& part) {
  expect_error(ErrorCode::bad_checkpoint, part, [&] { parse_json(text, "f"); });
}

}  // namespace fastintent
