#include "hub/hub_name.h"

#include <algorithm>
#include <string_view>

namespace fastintent {
namespace {

constexpr size_t kLongestName = 96;  // the hub's own limit

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool has_only(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || punctuation.find(c) != std::string_view::npos;
  });
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The rules of huggingface_hub's validate_repo_id. "--" replaces "/" in the cache's folders.
bool is_name(std::string_view text) {
  const auto is_edge = [](char c) { return c == '-' || c == '.'; };
  return !text.empty() && text.size() <= kLongestName && has_only(text, "-_.") &&
         !is_edge(text.front()) && !is_edge(text.back()) && !contains(text, "--") &&
         !contains(text, "..") && !text.ends_with(".git");
}

// Becomes a path below refs/, so it may not lead out of there.
bool is_revision(std::string_view text) {
  return !text.empty() && has_only(text, "-_./+") && text.front() != '/' && text.back() != '/' &&
         text.front() != '.' && !contains(text, "..") && !contains(text, "//") &&
         !contains(text, "/.");
}

}  // namespace

std::optional<HubName> parse_hub_name(const std::string& text) {
  const size_t at = text.find('@');
  HubName name{text.substr(0, at), at == std::string::npos ? "main" : text.substr(at + 1)};
  const std::string_view repository = name.repository;
  const size_t slash = repository.find('/');
  const bool valid = slash == std::string_view::npos ? is_name(repository)
                                                     : is_name(repository.substr(0, slash)) &&
                                                           is_name(repository.substr(slash + 1));
  if (!valid || !is_revision(name.revision)) {
    return std::nullopt;
  }
  return name;
}

bool is_commit(const std::string& revision) {
  constexpr size_t kDigits = 40;  // of a SHA-1
  return revision.size() == kDigits &&
         revision.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace fastintent
