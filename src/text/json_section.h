#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace fastintent {

/// An object inside a tokenizer file, with typed access whose errors name file, path, expected and
/// found. The file's JSON and name must outlive it.
class JsonSection {
 public:
  /// Throws bad_checkpoint when `value` is not an object. `path` is empty at the top.
  JsonSection(const nlohmann::json& value, std::string path, const std::string& file);

  bool has(const char* key) const;  ///< present and not null
  JsonSection section(const char* key) const;
  const nlohmann::json& array(const char* key) const;
  std::string text(const char* key) const;
  std::string text_or(const char* key, const char* fallback) const;
  bool boolean_or(const char* key, bool fallback) const;
  int64_t integer(const char* key) const;

  const nlohmann::json& value() const { return value_; }
  const std::string& file() const { return file_; }
  std::string path(const std::string& key) const;

  /// "read tokenizer: expected <expected> as '<path>', found <found> (<file>)"
  [[noreturn]] void fail(const std::string& key, const char* expected) const;

 private:
  const nlohmann::json& at(const char* key, const char* expected) const;

  const nlohmann::json& value_;
  std::string path_;
  const std::string& file_;
};

/// An id in a tokenizer file: an integer from 0 that leaves room for more ids after it.
bool is_token_id(uint64_t number);
bool is_token_id(const nlohmann::json& value);

}  // namespace fastintent
