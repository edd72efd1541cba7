#include "checkpoint/parse_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

/// How deep brackets nest. Right as far as the syntax is, and no further needed.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;  // the escaped character ends nothing
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

/// The parser's words, without its quotation of the input, which has no limit.
std::string without_excerpt(const std::string& message) {
  const std::string text = message.substr(0, message.find("; last read"));
  return text.substr(text.find("] ") == std::string::npos ? 0 : text.find("] ") + 2);
}

json parse_with_unique_keys(std::string_view text, const std::string& name) {
  std::vector<std::set<std::string>> open_objects;
  return json::parse(text, [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) {
      open_objects.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open_objects.pop_back();
    } else if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!open_objects.back().insert(key).second) {
        throw Error(
            ErrorCode::bad_checkpoint,
            fmt::format("read JSON: expected each key once, found '{}' twice ({})", key, name));
      }
    }
    return true;
  });
}

}  // namespace

json parse_json(std::string_view text, const std::string& name, bool unique_keys) {
  const int depth = nesting_depth(text);
  if (depth > kMaxJsonDepth) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read JSON: expected at most {} nested values, found {} ({})",
                            kMaxJsonDepth,
                            depth,
                            name));
  }
  try {
    return unique_keys ? parse_with_unique_keys(text, name) : json::parse(text);
  } catch (const json::exception& error) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format(
            "read JSON: expected valid JSON, found: {} ({})", without_excerpt(error.what()), name));
  }
}

}  // namespace fastintent
