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

/// Extracts the items of one array of a document while it is read: each is a text, or an array of
/// texts and numbers. As nodes of a tree, the 250,000 of a vocabulary with scores would need 100 MB.
struct ItemSink {
  struct Item {
    std::vector<std::string> texts;
    std::vector<double> numbers;
  };

  std::vector<std::string> path;  ///< keys from the top to the array: {"model", "vocab"}
  /// Called for each item, in order; may move the texts. False where the item is not one.
  std::function<bool(Item& item)> take;
  /// The value of a number with a fraction or an exponent, from its digits; the nearest one where
  /// there is no function.
  std::function<double(const std::string& digits)> to_number;
};

/// The parts of a document that are passed on instead of being kept.
struct JsonSinks {
  const NumberSink* numbers = nullptr;
  std::vector<const ItemSink*> items = {};
};

/// How parse_json reads one kind of text.
struct JsonRules {
  /// Also refuses an object with a repeated key, of which other readers use one or the other.
  bool unique_keys = false;
  JsonSinks sinks = {};  ///< what is passed to them is not in the result
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
