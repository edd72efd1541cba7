#pragma once

#include <algorithm>

#include "fastintent/error.h"
#include "fastintent/tokenizer.h"
#include "folder.h"

namespace fastintent::fuzz {

/// Any files lead to an Error or to a tokenizer that returns only ids it has.
inline void read_tokenizer(const Folder& folder) {
  try {
    const Tokenizer tokenizer(folder.path(), 64);
    for (const char* text : {"", "a [MASK] ab", "\u00C9\u4F60 \u302E\u1B44\xFF"}) {
      const auto ids = tokenizer.encode(text).ids;
      require(ids.size() <= 64);
      require(std::all_of(ids.begin(), ids.end(), [&](int32_t id) {
        return id >= 0 && id < tokenizer.vocabulary_size();
      }));
    }
  } catch (const Error&) {
    // expected for bad input; anything else is a finding
  }
}

}  // namespace fastintent::fuzz
