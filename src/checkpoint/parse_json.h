#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fastintent {

/// Extracts the whole numbers from one object of a document while it is read. As nodes of a tree,
/// the 30,000 of a vocabulary would cost ten times as much as the parsing.
struct NumberSink {
  std::vector<std::string> path;  ///< keys from the top to the object: {"model", "vocab"}
  /// Called for each member of the object that is a whole number from 0, in order; may move the
  /// key. Members that it refuses stay in the document.
  std::function<bool(std::string& key, uint64_t number)> take;
};

/// What a reader does with content that its format does not allow. Loading a model uses `refused`.
/// A search for the files that a folder needs uses `ignored`: the loading reports the content later.
enum class Malformed { refused, ignored };

/// Parses untrusted JSON. `unique_keys` also refuses an object with a repeated key, of which other
/// readers use one or the other; members passed to `sink`, if any, are not in the result.
///
/// Throws bad_checkpoint (`name` names the file) for bad syntax or more than `kMaxJsonDepth` nested
/// values.
nlohmann::json parse_json(std::string_view text,
                          const std::string& name,
                          bool unique_keys = false,
                          const NumberSink* sink = nullptr);

/// Model files nest about ten deep; code that walks a document may recurse this far.
constexpr int kMaxJsonDepth = 100;

}  // namespace fastintent
