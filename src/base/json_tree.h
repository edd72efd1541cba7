#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace fastintent {

/// Owns a JSON value with everything in it. The destructor of nlohmann::json allocates memory when an
/// array or object is not empty, and the process ends when there is none; this class empties the
/// innermost ones first, which needs no memory. Its functions recurse as deep as the value, which
/// parse_json limits.
class JsonTree {
 public:
  JsonTree() = default;
  /// Copies `value`.
  explicit JsonTree(const nlohmann::json& value) : JsonTree() { copy(value, value_); }
  JsonTree(JsonTree&& other) noexcept { value_.swap(other.value_); }
  JsonTree& operator=(JsonTree&& other) noexcept {
    value_.swap(other.value_);
    return *this;
  }
  ~JsonTree() { clear(value_); }

  nlohmann::json& operator*() { return value_; }
  const nlohmann::json& operator*() const { return value_; }
  const nlohmann::json* operator->() const { return &value_; }

  /// The member `key` of the object, made if it is absent, as null: to be given a new value.
  nlohmann::json& renew(const std::string& key) {
    nlohmann::json& member = value_[key];
    clear(member);
    member = nullptr;
    return member;
  }
  /// Removes the member `key` of the object, if there is one.
  void erase(const std::string& key) {
    const auto member = value_.find(key);
    if (member != value_.end()) {
      clear(*member);
      value_.erase(member);
    }
  }

 private:
  static void clear(nlohmann::json& value) noexcept {
    if (!value.is_structured()) {
      return;
    }
    for (nlohmann::json& item : value) {
      clear(item);
    }
    value.clear();
  }

  // Into a value that has an owner at every moment.
  static void copy(const nlohmann::json& from, nlohmann::json& to) {
    if (from.is_object()) {
      to = nlohmann::json::object();
      for (const auto& [key, item] : from.get_ref<const nlohmann::json::object_t&>()) {
        copy(item, to[key]);
      }
    } else if (from.is_array()) {
      to = nlohmann::json::array();
      for (const nlohmann::json& item : from) {
        copy(item, to.emplace_back());
      }
    } else {
      to = from;
    }
  }

  nlohmann::json value_;
};

}  // namespace fastintent
