#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

namespace fastintent::cuda {

/// Detects whether a stream is given the same work twice: kernels, products and clears, each with
/// its shape and all of its arguments, including addresses.
class LaunchLog {
 public:
  /// `muted`: the stream executes none of its work.
  explicit LaunchLog(bool muted) : muted_(muted) {}

  bool muted() const { return muted_; }
  /// A hash of all values so far, in order; other values have the same hash with a chance of 1 in
  /// 2^64.
  uint64_t fingerprint() const { return fingerprint_; }

  /// A struct with floats or padding bytes has a `parts()` that returns its members as a tuple.
  template <class... Values>
  void add(const Values&... values) {
    (add_value(values), ...);
  }

 private:
  template <class Value>
  void add_value(const Value& value) {
    if constexpr (requires { value.parts(); }) {
      std::apply([&](const auto&... parts) { add(parts...); }, value.parts());
    } else if constexpr (!std::is_empty_v<Value>) {
      static_assert(
          std::is_floating_point_v<Value> || std::has_unique_object_representations_v<Value>,
          "bytes left to chance: give the struct parts()");
      add_bytes(&value, sizeof(Value));
    }
  }

  void add_bytes(const void* data, size_t bytes) {
    for (size_t begin = 0; begin < bytes; begin += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word,
                  static_cast<const std::byte*>(data) + begin,
                  std::min(sizeof(word), bytes - begin));
      // 2^64 / golden ratio spreads a bit upwards, the shift moves it back down.
      fingerprint_ = (fingerprint_ ^ word) * 0x9e3779b97f4a7c15ULL;
      fingerprint_ ^= fingerprint_ >> 32;
    }
  }

  bool muted_;
  uint64_t fingerprint_ = 1;
};

}  // namespace fastintent::cuda
