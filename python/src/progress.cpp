#include "progress.h"

#include <nanobind/stl/string.h>

#include "gil.h"

namespace fastintent::python {

Progress::Progress(bool shown, const char* unit) : bar_(nb::none()) {
  if (shown) {
    bar_ = call(import_attribute("fastintent._progress", "ProgressBar"), unit);
  }
}

Progress::~Progress() {
  if (bar_.is_none()) {
    return;
  }
  try {
    call(nb::object(bar_.attr("close")));
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("closing the progress bar");
  }
}

void Progress::finish() {
  if (!bar_.is_none()) {
    call(nb::object(bar_.attr("finish")));
  }
}

void Progress::update(int64_t done, int64_t total, const std::string& note) {
  if (!bar_.is_none()) {
    call(nb::object(bar_.attr("update")), done, total, note);
  }
}

}  // namespace fastintent::python
