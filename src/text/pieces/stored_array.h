#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace fastintent {

/// The values of a table that was computed, or read from a file as it is. Copies share the values.
///
/// Immutable: safe from many threads.
template <typename T>
class StoredArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  StoredArray() = default;
  explicit StoredArray(std::vector<T> values) {
    const auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    values_ = *owner;
    owner_ = owner;
  }
  /// `fill` writes the bytes of `count` values.
  template <typename Fill>
  StoredArray(size_t count, const Fill& fill) {
    const auto owner = std::make_shared_for_overwrite<T[]>(count);
    values_ = {owner.get(), count};
    owner_ = owner;
    fill(std::as_writable_bytes(std::span(owner.get(), count)));
  }

  size_t size() const { return values_.size(); }
  const T& operator[](size_t i) const { return values_[i]; }
  const T* begin() const { return values_.data(); }
  const T* end() const { return values_.data() + values_.size(); }
  std::span<const std::byte> bytes() const { return std::as_bytes(values_); }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const T> values_;
};

}  // namespace fastintent
