#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect.h"

namespace fastintent::serve {

/// The route of a request, and whose it is.
struct Match {
  const Route* route = nullptr;
  const Dialect* dialect = nullptr;
  PathValues values = {};
};

/// Finds the route of a path. Where two templates fit, the one that was added first is chosen.
class Router {
 public:
  void add(const Dialect& dialect);  ///< which must outlive the router

  /// The route of that method; HEAD is served by GET.
  std::optional<Match> find(std::string_view method, std::string_view path) const;
  /// The methods of the path, for the header Allow: "GET, HEAD, POST"; empty when it is unknown.
  std::string allowed(std::string_view path) const;
  /// The dialect whose paths begin as `path` does; else the first. It writes the failures of unknown
  /// paths and methods.
  const Dialect& owner(std::string_view path) const;

 private:
  struct Entry {
    const Route* route;
    const Dialect* dialect;
  };
  std::vector<Entry> entries_;
};

}  // namespace fastintent::serve
