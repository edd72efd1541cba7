#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastintent {

/// The ids of a model's tokens, however they are stored.
class TokenIds {
 public:
  virtual ~TokenIds() = default;
  /// The id of `token`, or -1.
  virtual int32_t find(std::string_view token) const = 0;
  /// The number of tokens: the id of the first one that is added to them.
  virtual size_t size() const = 0;
  /// All ids are below.
  virtual int32_t id_count() const = 0;
};

}  // namespace fastintent
