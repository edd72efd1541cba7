#include "async_call.h"

#include <set>
#include <utility>

#include "bindings.h"
#include "gil.h"

namespace fastintent::python {
namespace {

// The calls whose workers may still call Python; guarded by the GIL. Never destroyed, because calls
// may end with the interpreter.
std::set<AsyncCall*>& calls_in_progress() {
  static auto& calls = *new std::set<AsyncCall*>;
  return calls;
}

// Before the interpreter ends, after which no worker may wait for the GIL.
void cancel_all() {
  while (!calls_in_progress().empty()) {
    (*calls_in_progress().begin())->cancel();
  }
}

}  // namespace

AsyncCall::AsyncCall(IntentClassifier& classifier,
                     std::vector<std::string> texts,
                     PredictOptions options,
                     bool one)
    : classifier_(&classifier), texts_(std::move(texts)), options_(std::move(options)), one_(one) {}

AsyncCall::~AsyncCall() {
  cancel();
}

void AsyncCall::start(nb::object on_done) {
  on_done_ = std::move(on_done);
  calls_in_progress().insert(this);
  try {
    const WithoutGil unlocked;
    ticket_ = classifier_->predict_async(
        std::move(texts_),
        options_,
        [this](std::vector<IntentPrediction> predictions, std::exception_ptr error) {
          deliver(std::move(predictions), std::move(error));
        });
  } catch (...) {
    cancel();
    throw;
  }
}

// On a worker. The ticket, and with it this object, exists until it returns.
void AsyncCall::deliver(std::vector<IntentPrediction> predictions, std::exception_ptr error) {
  with_gil([&] {
    predictions_ = std::move(predictions);
    error_ = std::move(error);
    try {
      call(on_done_);
    } catch (nb::python_error& failed) {  // of a loop that was closed meanwhile, say
      failed.discard_as_unraisable(on_done_);
    }
  });
}

nb::object AsyncCall::take() {
  if (error_ != nullptr) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
  if (one_) {
    return nb::cast(std::move(predictions_.at(0)));
  }
  nb::list predictions;
  for (IntentPrediction& prediction : predictions_) {
    predictions.append(std::move(prediction));
  }
  return predictions;
}

void AsyncCall::cancel() {
  calls_in_progress().erase(this);
  {
    PredictionTicket ticket = std::move(ticket_);
    const WithoutGil unlocked;  // its worker may be waiting for the GIL
    ticket.cancel();
  }
  on_done_.reset();
}

void init_async_call(nb::module_& m) {
  nb::class_<AsyncCall>(m, "_AsyncCall", "A call of predict_async; see fastintent/_async.py.")
      .def("start", &AsyncCall::start, nb::arg("on_done"), "Starts it; on_done() runs on a worker.")
      .def(
          "take", &AsyncCall::take, "The answer, once on_done was called; raises the call's error.")
      .def("cancel",
           &AsyncCall::cancel,
           "Drops what has not begun; on_done is not called any more.");
  call(import_attribute("atexit", "register"), nb::cpp_function(&cancel_all));
}

}  // namespace fastintent::python
