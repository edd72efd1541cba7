#include "compute/precisions.h"

#include <fmt/format.h>

#include <string>

#include "fastintent/error.h"

namespace fastintent {

std::vector<Precision> precisions_of(const Backend& backend) {
  std::vector<Precision> found;
  for (const SupportedPrecision& each : backend.traits().precisions) {
    found.push_back(each.precision);
  }
  return found;
}

void require_precision(const char* operation, const Backend& backend, Precision precision) {
  if (backend.traits().multiplies(precision)) {
    return;
  }
  std::vector<std::string_view> names;
  for (const Precision one : precisions_of(backend)) {
    names.push_back(precision_name(one));
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: precision: expected one that {} multiplies in ({}), found {}",
                          operation,
                          backend.name(),
                          fmt::join(names, ", "),
                          precision_name(precision)));
}

}  // namespace fastintent
