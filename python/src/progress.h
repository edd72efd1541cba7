#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>

#include "fastintent/hub.h"

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

  /// Marks the job complete, even if the last update() did not report that.
  void finish();
  void update(int64_t done, int64_t total, const std::string& note = {});

 private:
  nb::object bar_;  ///< None when not wanted
};

/// Shows a download in megabytes.
void update(Progress& progress, const DownloadProgress& report);

}  // namespace fastintent::python
