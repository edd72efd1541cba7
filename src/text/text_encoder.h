#pragma once

#include <string_view>

#include "text/id_sink.h"

namespace fastintent {

/// Normalizes, splits and divides the texts between added tokens. One implementation per kind of
/// pipeline, so that the call for a text is virtual and none for a word is.
///
/// Immutable: safe from many threads.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  /// Appends the ids of `text`, which is valid UTF-8. `at_start`: no token is before it.
  virtual void append(std::string_view text, bool at_start, IdSink& sink) const = 0;
};

}  // namespace fastintent
