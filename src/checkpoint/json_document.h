#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder_snapshot.h"
#include "base/json_writer.h"
#include "base/parse_json.h"

namespace fastintent {

/// How the errors of a JsonDocument are worded.
struct JsonErrorStyle {
  const char* operation = "read JSON";
  size_t max_shown_bytes = 80;   ///< of a value found: enough to recognise it
  bool shows_containers = true;  ///< else only the type and size of an object or array are shown
};

/// A JSON object read from a file, or an object inside it, with typed access. The errors name the
/// file, the path of the key in it, what was expected and what was found. Copies share the values,
/// which never change.
class JsonDocument {
 public:
  /// Throws missing_input when the file is absent, bad_checkpoint when it is not a JSON object
  /// or is beyond the limits of parse_json. `sinks` as there.
  static JsonDocument read(const std::filesystem::path& file, const JsonSinks& sinks = {});
  /// The same for a file of a model.
  static JsonDocument read(const SnapshotPath& file, const JsonSinks& sinks = {});
  /// The same; an empty object when the file is absent.
  static JsonDocument read_or_empty(const SnapshotPath& file);
  /// `name` names the file in messages.
  static JsonDocument parse(std::string_view text, std::string name, const JsonSinks& sinks = {});

  /// The same object; errors of access to it and to its sections are worded as `style` says.
  JsonDocument with_errors(const JsonErrorStyle& style) const;

  /// Each throws bad_checkpoint when the value has another type; the _or forms return `fallback`
  /// when it is absent or null. A whole number written as a float is an integer; one that 64 bits do
  /// not hold counts as the largest (transformers writes 1e30 for "no maximum length").
  bool has(std::string_view key) const;  ///< present and not null
  int64_t integer(std::string_view key) const;
  int64_t integer_or(std::string_view key, int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;
  std::string text(std::string_view key) const;
  std::string text_or(std::string_view key, std::string fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;
  const nlohmann::json& array(std::string_view key) const;
  /// The strings of an array, or the one string that is there instead. Throws bad_checkpoint with
  /// `expected` when it is absent or anything else.
  std::vector<std::string> texts(std::string_view key, std::string_view expected) const;
  JsonDocument section(std::string_view key) const;
  /// `value`, which is inside this object, as an object of its own: an item of an array, for
  /// example. `key` names it in messages. Throws bad_checkpoint when it is not an object.
  JsonDocument section(std::string_view key, const nlohmann::json& value) const;

  const nlohmann::json& value() const { return *value_; }
  const std::string& name() const { return name_; }  ///< of the file
  std::string path(std::string_view key) const;      ///< from the top of the file: "model.vocab"

  /// Throws bad_checkpoint:
  /// "<operation>: expected <expected> as '<path>', found <value of key> (<file>)".
  [[noreturn]] void fail(std::string_view key, std::string_view expected) const;

 private:
  JsonDocument() = default;

  const nlohmann::json& at(std::string_view key, std::string_view expected) const;
  int64_t to_integer(std::string_view key, const nlohmann::json& value) const;
  [[noreturn]] void fail(std::string_view key,
                         std::string_view expected,
                         const std::string& found) const;

  std::shared_ptr<const nlohmann::json> value_;  // owns the whole file
  std::string name_;
  std::string path_;  // empty at the top
  JsonErrorStyle style_;
};

/// The content of a file with this value: pretty-printed with two spaces, a newline at the end.
/// `name` names the file in messages. Throws invalid_data for a string that is not UTF-8.
std::string json_text(const JsonTree& value, const std::string& name);
/// The same for a written document.
std::string json_text(const JsonWriter& document);

/// Writes json_text, fsynced. Throws cannot_create, io_error.
void write_json(const std::filesystem::path& file, const JsonWriter& document);

}  // namespace fastintent
