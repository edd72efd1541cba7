#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http.h"

namespace fastintent::serve {

/// The keys of a file: lines of NAME:KEY; blank lines and lines with a # are ignored.
class ApiKeys {
 public:
  ApiKeys() = default;  ///< no keys: every request is let in
  /// Throws missing_input when the file cannot be read, and invalid_data for a line that is no key
  /// or a file without any.
  explicit ApiKeys(const std::string& file);

  bool are_required() const { return !keys_.empty(); }
  /// The name of the request's key; none when it has no or a wrong one. It is read from
  /// Authorization: Bearer, x-api-key, Ocp-Apim-Subscription-Key or, for Rasa's clients, ?token=.
  /// Compares with all keys in a time that depends on lengths alone.
  std::optional<std::string> name_of(const HttpRequest& request) const;

 private:
  std::vector<std::pair<std::string, std::string>> keys_;
};

}  // namespace fastintent::serve
