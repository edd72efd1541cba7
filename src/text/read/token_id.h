#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace fastintent {

/// Whether `number` may be an id in a tokenizer's file. There is room for more ids after it: half of
/// all, so that added tokens behind it cannot overflow.
inline bool is_token_id(uint64_t number) {
  constexpr uint64_t kMaxId = uint64_t{1} << 30;
  return number < kMaxId;
}

inline bool is_token_id(const nlohmann::json& value) {
  return value.is_number_unsigned() && is_token_id(value.get<uint64_t>());
}

}  // namespace fastintent
