#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/id_sink.h"

namespace fastintent {

using Ids = std::vector<int32_t>;

/// The ids of a word by a model of pieces.
template <typename Model>
Ids ids_of(const Model& model, std::string_view word) {
  Ids ids;
  IdSink sink{ids, word.size() + 1};
  model.append(word, sink);
  return ids;
}

}  // namespace fastintent
