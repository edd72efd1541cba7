#include "bindings.h"
#include "fastintent/version.h"
#include "gil.h"

namespace fastintent::python {

NB_MODULE(_fastintent, m) {
  m.doc() = "The native half of the package fastintent.";
  m.attr("__version__") = kVersion;
  // Objects that live until the interpreter ends are not leaks.
  nb::set_leak_warnings(false);
  watch_interpreter(m);
  init_errors(m);
  init_devices(m);
  init_tokenizer(m);
  init_dataset(m);
  init_prediction(m);
  init_evaluation(m);
  init_training(m);
  init_hub(m);
  init_quantize(m);
  init_check_model(m);
  init_stream(m);
  init_arrow(m);
  init_async_call(m);
  init_classifier(m);
}

}  // namespace fastintent::python
