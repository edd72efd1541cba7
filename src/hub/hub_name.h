#pragma once

#include <optional>
#include <string>

namespace fastintent {

/// A model of the hub at one of its revisions.
struct HubName {
  std::string repository;  ///< "name" or "organisation/name"
  std::string revision;    ///< branch, tag or commit
};

/// Reads "name", "organisation/name" and either with "@revision", by the rules of the hub; nothing
/// when `text` is no such name.
std::optional<HubName> parse_hub_name(const std::string& text);

/// Whether `revision` is a full commit: 40 hexadecimal digits.
bool is_commit(const std::string& revision);

}  // namespace fastintent
