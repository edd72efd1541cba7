#include "stream.h"

#include <nanobind/stl/string.h>

#include <utility>

#include "bindings.h"
#include "fastintent/error.h"
#include "gil.h"

namespace fastintent::python {

Stream::Stream(IntentClassifier& classifier, nb::handle texts, PredictOptions options)
    : texts_(texts, "texts"), stream_([&] {
        options.on_progress = [this](int64_t, int64_t) { return interruption_.allows(); };
        return classifier.predict_batch_streaming([this](std::string& text) { return read(text); },
                                                  options);
      }()) {}

// Called by the library on the thread that requests a batch, while that thread waits without the
// GIL.
bool Stream::read(std::string& text) {
  return with_gil([&] {
    try {
      const auto found = texts_.next();
      if (found) {
        text = found->view;
      }
      return found.has_value();
    } catch (nb::python_error& error) {
      // An error of the source is raised after the batches before it; Ctrl-C ends the stream at
      // once.
      if (error.matches(PyExc_Exception)) {
        throw;
      }
      interruption_.raise_afterwards(std::current_exception());
      return false;
    }
  });
}

nb::tuple Stream::next() {
  if (running_) {
    throw Error(ErrorCode::invalid_argument,
                "PredictionStream: expected one thread at a time, found a call under way");
  }
  if (ended_) {
    throw nb::stop_iteration();
  }
  PredictionBatch batch;
  running_ = true;
  try {
    ended_ = !interruption_.run([&] { return stream_->next(batch); });
  } catch (...) {
    running_ = false;
    close();
    throw;
  }
  running_ = false;
  if (ended_) {
    close();
    texts_.warn_of_surrogates();
    throw nb::stop_iteration();
  }
  nb::list predictions;
  for (IntentPrediction& prediction : batch.predictions) {
    predictions.append(std::move(prediction));
  }
  return nb::make_tuple(batch.batch_idx, predictions);
}

void Stream::close() {
  if (running_) {
    throw Error(ErrorCode::invalid_argument,
                "PredictionStream.close: expected no call under way, found one");
  }
  ended_ = true;
  stream_.reset();
}

void Stream::release_source() {
  ended_ = true;
  stream_.reset();
  texts_.release();
}

namespace {

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) {
    Py_VISIT(nb::inst_ptr<Stream>(self)->source().ptr());
  }
  return 0;
}

int clear(PyObject* self) {
  if (nb::inst_ready(self)) {
    nb::inst_ptr<Stream>(self)->release_source();
  }
  return 0;
}

PyType_Slot kSlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                        {Py_tp_clear, reinterpret_cast<void*>(clear)},
                        {0, nullptr}};

}  // namespace

void init_stream(nb::module_& m) {
  nb::class_<Stream>(
      m,
      "PredictionStream",
      nb::type_slots(kSlots),
      R"(Predictions of a source of texts, one batch at a time, in the order of the texts and in constant
memory. Made by IntentClassifier.predict_batch_streaming.

While one batch runs, the next ones are read and tokenised. The source is called on the thread that
requests the batches. With a batch size of 1, each text is answered before the next is read.
Destroying or closing a stream early stops the work. A stream keeps the model it started with when
the classifier trains or changes its precision, and may outlive the classifier. One thread at a time.)")
      .def(
          "__iter__",
          [](nb::handle self) { return nb::borrow(self); },
          nb::sig("def __iter__(self) -> PredictionStream"),
          "Returns the stream itself, which is iterated once.")
      .def("__next__",
           &Stream::next,
           nb::sig("def __next__(self) -> tuple[int, list[IntentPrediction]]"),
           R"(The next batch: its number, from 0, and its predictions.

A blank text yields a prediction with `error` set. An exception of the source or an error of the
prediction is raised after the batches before it were returned; the stream has then ended.)")
      .def("close", &Stream::close, "Stops the work and ends the stream.");
}

}  // namespace fastintent::python
