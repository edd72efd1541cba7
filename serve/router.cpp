#include "router.h"

#include <algorithm>
#include <array>

namespace fastintent::serve {
namespace {

// Whether `path` has the form of `pattern`; the values of its braces, in their order.
std::optional<PathValues> match(std::string_view pattern, std::string_view path) {
  PathValues values;
  while (!pattern.empty()) {
    const size_t brace = std::min(pattern.find('{'), pattern.size());
    if (!path.starts_with(pattern.substr(0, brace))) {
      return std::nullopt;
    }
    path.remove_prefix(brace);
    pattern.remove_prefix(brace);
    if (pattern.empty()) {
      break;
    }
    pattern.remove_prefix(std::min(pattern.find('}') + 1, pattern.size()));
    const std::string_view literal = pattern.substr(0, pattern.find_first_of("/{"));
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.size() <= literal.size() || !segment.ends_with(literal)) {
      return std::nullopt;
    }
    const std::string_view value = segment.substr(0, segment.size() - literal.size());
    if (value.find(':') != std::string_view::npos) {
      return std::nullopt;  // in no name: "intents:predict" is a model with a verb
    }
    values.emplace_back(value);
    path.remove_prefix(value.size());
  }
  return path.empty() ? std::optional(values) : std::nullopt;
}

}  // namespace

void Router::add(const Dialect& dialect) {
  for (const Route& route : dialect.routes()) {
    entries_.push_back({&route, &dialect});
  }
}

std::optional<Match> Router::find(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Entry& entry : entries_) {
    if (entry.route->method != wanted) {
      continue;
    }
    if (auto values = match(entry.route->path, path)) {
      return Match{entry.route, entry.dialect, std::move(*values)};
    }
  }
  return std::nullopt;
}

std::string Router::allowed(std::string_view path) const {
  std::string allowed;
  for (const auto& [method, shown] : std::array<std::pair<std::string_view, std::string_view>, 2>{
           {{"GET", "GET, HEAD"}, {"POST", "POST"}}}) {
    if (find(method, path)) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(shown);
    }
  }
  return allowed;
}

const Dialect& Router::owner(std::string_view path) const {
  const auto has_path = [&](const Entry& entry) {
    return match(entry.route->path, path).has_value();
  };
  const auto found = std::ranges::find_if(entries_, has_path);
  return found != entries_.end() ? *found->dialect : *entries_.front().dialect;
}

}  // namespace fastintent::serve
