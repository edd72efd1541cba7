#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>

namespace fastintent::python {

namespace nb = nanobind;

/// The bar of fastintent/_progress.py while it is wanted; all calls need the GIL.
class Progress {
 public:
  /// `unit` is what it counts, such as "texts".
  Progress(bool shown, const char* unit);
  /// Leaves the last state on the screen.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// All is done, perhaps after the last update().
  void finish();
  void update(int64_t done, int64_t total, const std::string& note = {});

 private:
  nb::object bar_;  ///< None when not wanted
};

}  // namespace fastintent::python
