#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async_call.h"
#include "choices.h"
#include "classifier.h"
#include "fastintent/error.h"
#include "interruption.h"
#include "progress.h"
#include "stream.h"
#include "texts.h"

namespace fastintent::python {
namespace {

IntentPrediction predict(
    const Classifier& self, nb::handle text, bool use_cache, int top_k, bool with_logits) {
  IntentClassifier& classifier = self.native();
  PredictOptions options;
  options.use_cache = use_cache;
  options.top_k = top_k;
  options.with_logits = with_logits;
  const Text utf8 = read_text(text, "text");
  Interruption interruption;
  // Called while the workers are busy with other calls.
  options.on_progress = [&](int64_t, int64_t) { return interruption.allows(); };
  return interruption.run([&] { return classifier.predict(utf8.view, options); });
}

// Throws invalid_argument for a negative number and NaN.
std::chrono::steady_clock::time_point deadline_after(double seconds) {
  if (!(seconds >= 0)) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("predict_async: timeout: expected 0 or more seconds, found {}", seconds));
  }
  constexpr double kYear = 365.0 * 24 * 3600;  // so that the sum does not overflow
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(
             std::chrono::duration<double>(std::min(seconds, kYear)));
}

nb::list predict_batch(const Classifier& self,
                       nb::handle texts,
                       std::optional<int> batch_size,
                       bool use_cache,
                       bool show_progress,
                       int top_k,
                       bool with_logits) {
  IntentClassifier& classifier = self.native();
  Interruption interruption;
  Progress progress(show_progress, "texts");
  PredictOptions options;
  options.use_cache = use_cache;
  options.batch_size = chosen_batch_size(batch_size);
  options.top_k = top_k;
  options.with_logits = with_logits;
  options.on_progress = [&](int64_t done, int64_t total) {
    return interruption.allows([&] { progress.update(done, total); });
  };
  const Texts all = read_texts(texts, "texts");
  auto answers = interruption.run([&] { return classifier.predict_batch(all.views, options); });
  progress.finish();
  nb::list predictions;
  for (IntentPrediction& answer : answers) {
    predictions.append(std::move(answer));
  }
  return predictions;
}

Stream* predict_batch_streaming(const Classifier& self,
                                nb::handle texts,
                                std::optional<int> batch_size,
                                bool use_cache,
                                int top_k,
                                bool with_logits) {
  PredictOptions options;
  options.use_cache = use_cache;
  options.batch_size = chosen_batch_size(batch_size);
  options.top_k = top_k;
  options.with_logits = with_logits;
  return new Stream(self.native(), texts, options);
}

nb::object predict_async(const Classifier& self,
                         nb::handle texts,
                         bool use_cache,
                         int top_k,
                         bool with_logits,
                         std::optional<double> timeout) {
  PredictOptions options;
  options.use_cache = use_cache;
  options.top_k = top_k;
  options.with_logits = with_logits;
  if (timeout) {
    options.deadline = deadline_after(*timeout);
  }
  const bool one = nb::isinstance<nb::str>(texts);
  std::vector<std::string> all;
  if (one) {
    all.emplace_back(read_text(texts, "texts").view);
  } else {
    all = read_texts(texts, "texts").copy();
  }
  const nb::object call_object =
      nb::cast(new AsyncCall(self.native(), std::move(all), std::move(options), one),
               nb::rv_policy::take_ownership);
  return call(import_attribute("fastintent._async", "future_of"), call_object);
}

constexpr const char* kPredictDoc =
    R"(The intent of one text.

use_cache: where the cache is enabled.
top_k: alternatives after the winner (fewer where there are fewer classes).
with_logits: fill IntentPrediction.logits; such answers are not cached.

A lone surrogate in `text` is read as U+FFFD, with a UnicodeWarning.

Raises InvalidDataError when `text` is blank (empty or only Unicode white space), TypeError when it is
no str.)";

constexpr const char* kPredictBatchDoc =
    R"(Predictions in the order of `texts`; repeated texts are computed once.

texts: any iterable of str: a list, a generator, a NumPy array, a pandas Series, an open file (the
newline at the end of a line is removed). Lone surrogates are read as U+FFFD, with a UnicodeWarning.
batch_size: texts per batch; None: the classifier's.
show_progress: a bar with rate and time left on standard error.
use_cache, top_k, with_logits: as in predict().

Raises InvalidDataError, naming the index, when a text is blank, before any work; TypeError, naming the
index, for one that is no str (None and NaN, too), and for what is no list of texts: one str, bytes, a
dict, a set, a DataFrame; OutOfResourcesError when not even one text at a time fits into memory.
Ctrl-C stops it within about a tenth of a second.)";

constexpr const char* kPredictAsyncDoc =
    R"(An asyncio.Future of the predictions of `texts`, for `await`: of one IntentPrediction for a str, of a
list in the order of the texts for an iterable, as predict_batch() returns it.

The texts are tokenised and queued before it returns; the workers of the classifier do the rest, and the
event loop is free meanwhile. Cancelling the future drops what has not begun.

use_cache, top_k, with_logits: as in predict().
timeout: seconds after which texts that no worker has begun are not computed: the future then raises
DeadlineExceededError. None: they wait as long as it takes.

Raises, before anything is queued, OverloadedError when max_queued_tokens of the constructor would be
exceeded, InvalidDataError for a blank text, RuntimeError where no event loop runs.)";

constexpr const char* kPredictBatchStreamingDoc =
    R"(Returns pairs (batch_idx, predictions), one batch at a time, in the order of the texts and in constant
memory.

Takes any iterable of str, such as a generator or an open file, whose length is not needed; see
PredictionStream. A blank text yields a prediction with `error` set, and the stream continues. An
exception of the iterable is raised after the batches before it.

batch_size, use_cache, top_k, with_logits: as in predict_batch().)";

}  // namespace

void add_prediction_methods(nb::class_<Classifier>& classifier) {
  const PredictOptions defaults;
  classifier
      .def("predict",
           &predict,
           nb::arg("text").none(),
           nb::arg("use_cache") = defaults.use_cache,
           nb::kw_only(),
           nb::arg("top_k") = defaults.top_k,
           nb::arg("with_logits") = defaults.with_logits,
           nb::sig("def predict(self, text: str, use_cache: bool = True, *, top_k: int = 5, "
                   "with_logits: bool = False) -> IntentPrediction"),
           kPredictDoc)
      .def("predict_batch",
           &predict_batch,
           nb::arg("texts").none(),
           nb::arg("batch_size") = nb::none(),
           nb::arg("use_cache") = defaults.use_cache,
           nb::arg("show_progress") = false,
           nb::kw_only(),
           nb::arg("top_k") = defaults.top_k,
           nb::arg("with_logits") = defaults.with_logits,
           nb::sig("def predict_batch(self, texts: collections.abc.Iterable[str], "
                   "batch_size: int | None = None, use_cache: bool = True, "
                   "show_progress: bool = False, *, top_k: int = 5, with_logits: bool = False) "
                   "-> list[IntentPrediction]"),
           kPredictBatchDoc)
      .def("predict_async",
           &predict_async,
           nb::arg("texts").none(),
           nb::kw_only(),
           nb::arg("use_cache") = defaults.use_cache,
           nb::arg("top_k") = defaults.top_k,
           nb::arg("with_logits") = defaults.with_logits,
           nb::arg("timeout") = nb::none(),
           nb::sig("def predict_async(self, texts: str | collections.abc.Iterable[str], *, "
                   "use_cache: bool = True, top_k: int = 5, with_logits: bool = False, "
                   "timeout: float | None = None) -> asyncio.Future[typing.Any]"),
           kPredictAsyncDoc)
      .def("predict_batch_streaming",
           &predict_batch_streaming,
           nb::arg("texts").none(),
           nb::arg("batch_size") = nb::none(),
           nb::kw_only(),
           nb::arg("use_cache") = defaults.use_cache,
           nb::arg("top_k") = defaults.top_k,
           nb::arg("with_logits") = defaults.with_logits,
           nb::sig("def predict_batch_streaming(self, texts: collections.abc.Iterable[str], "
                   "batch_size: int | None = None, *, use_cache: bool = True, top_k: int = 5, "
                   "with_logits: bool = False) -> PredictionStream"),
           kPredictBatchStreamingDoc);
}

}  // namespace fastintent::python
