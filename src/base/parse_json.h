#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_tree.h"
#include "base/limits.h"
#include "fastintent/error.h"

namespace fastintent {

/// Extracts the whole numbers from one object of a document while it is read. As nodes of a tree,
/// the 30,000 of a vocabulary would cost ten times as much as the parsing.
struct NumberSink {
  std::vector<std::string> path;  ///< keys from the top to the object: {"model", "vocab"}
  /// Called for each member of the object that is a whole number from 0, in order; may move the
  /// key. Members that it refuses stay in the document.
  std::function<bool(std::string& key, uint64_t number)> take;
};

/// How parse_json reads one kind of text.
struct JsonRules {
  /// Also refuses an object with a repeated key, of which other readers use one or the other.
  bool unique_keys = false;
  const NumberSink* sink = nullptr;  ///< the members passed to it are not in the result
  /// The error for a text that is refused, and the beginning of its message.
  ErrorCode error = ErrorCode::bad_checkpoint;
  const char* operation = "read JSON";
};

/// Parses JSON that others wrote, without recursion. It is the only parser of src/
/// (scripts/check_layers.py), so that the limits hold everywhere.
///
/// Throws `rules.error` (`name` names the file) for bad syntax, more than `kMaxJsonBytes` bytes,
/// `kMaxJsonDepth` nested values or `kMaxJsonValues` values.
JsonTree parse_json(std::string_view text, const std::string& name, const JsonRules& rules = {});

}  // namespace fastintent
