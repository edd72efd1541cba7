#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fastintent {

/// Parses untrusted JSON. `unique_keys` also refuses an object that names a key twice, where other
/// readers take one or the other.
///
/// Throws bad_checkpoint (`name` stands for the file) for bad syntax or more than `kMaxJsonDepth`
/// nested values.
nlohmann::json parse_json(std::string_view text, const std::string& name, bool unique_keys = false);

/// Model files nest about ten deep; code that walks a document may recurse this far.
constexpr int kMaxJsonDepth = 100;

}  // namespace fastintent
