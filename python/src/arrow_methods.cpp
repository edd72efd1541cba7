#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "arrow_predictions.h"
#include "arrow_texts.h"
#include "bindings.h"
#include "choices.h"
#include "classifier.h"
#include "gil.h"
#include "interruption.h"

// Predictions of Arrow arrays by the Arrow PyCapsule interface, which is how Python libraries
// exchange the structs of arrow_abi.h.
namespace fastintent::python {
namespace {

// The implementation of fastintent.ArrowPredictions. Arrays that were handed out share the columns
// and may outlive it.
struct Answers {
  std::shared_ptr<const ArrowPredictions> columns;
};

constexpr const char* kSchemaCapsule = "arrow_schema";
constexpr const char* kArrayCapsule = "arrow_array";
constexpr const char* kStreamCapsule = "arrow_array_stream";

template <typename Struct>
ArrowOwned<Struct> take(nb::handle capsule, const char* name) {
  auto* from = static_cast<Struct*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (from == nullptr) {
    throw nb::python_error();
  }
  return ArrowOwned<Struct>(*from);
}

template <typename Struct>
nb::object capsule_of(ArrowOwned<Struct> exported, const char* name) {
  auto owner = std::make_unique<ArrowOwned<Struct>>(std::move(exported));
  // Consumers find the struct at the capsule's pointer and clear its `release`.
  static_assert(sizeof(ArrowOwned<Struct>) == sizeof(Struct));
  nb::object capsule = nb::steal(PyCapsule_New(owner.get(), name, [](PyObject* destroyed) {
    delete static_cast<ArrowOwned<Struct>*>(
        PyCapsule_GetPointer(destroyed, PyCapsule_GetName(destroyed)));
  }));
  if (!capsule.is_valid()) {
    throw nb::python_error();
  }
  static_cast<void>(owner.release());
  return capsule;
}

// What `data` exports: an array and its schema, or a stream.
struct Export {
  ArrowOwned<ArrowSchema> schema;
  ArrowOwned<ArrowArray> array;
  std::optional<ArrowOwned<ArrowArrayStream>> stream;
};

Export take_export(nb::handle data) {
  Export taken;
  if (calling_python([&] { return nb::hasattr(data, "__arrow_c_array__"); })) {
    const nb::object pair = call(data.attr("__arrow_c_array__"));
    taken.schema = take<ArrowSchema>(pair[0], kSchemaCapsule);
    taken.array = take<ArrowArray>(pair[1], kArrayCapsule);
  } else if (calling_python([&] { return nb::hasattr(data, "__arrow_c_stream__"); })) {
    const nb::object capsule = call(data.attr("__arrow_c_stream__"));
    taken.stream = take<ArrowArrayStream>(capsule, kStreamCapsule);
  } else {
    throw nb::type_error(
        ("data: expected an Arrow array, table or stream (an object with __arrow_c_array__ or "
         "__arrow_c_stream__), found " +
         std::string(nb::type_name(data.type()).c_str()) +
         "; predict_batch() takes an iterable of str")
            .c_str());
  }
  return taken;
}

// Returns whether Ctrl-C was pressed; looks about ten times per second, because each look waits for
// the GIL.
class Watch {
 public:
  explicit Watch(Interruption& interruption) : interruption_(interruption) {}

  bool operator()() {
    constexpr std::chrono::milliseconds kBetweenLooks{100};
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < kBetweenLooks) {
      return false;
    }
    looked_ = now;
    return !interruption_.allows();
  }

 private:
  Interruption& interruption_;
  std::chrono::steady_clock::time_point looked_ = std::chrono::steady_clock::now();
};

Answers predict_arrow(const Classifier& self,
                      nb::handle data,
                      const std::string& text,
                      std::optional<int> batch_size,
                      bool use_cache,
                      int top_k) {
  IntentClassifier& classifier = self.native();
  Interruption interruption;
  PredictOptions options;
  options.use_cache = use_cache;
  options.batch_size = chosen_batch_size(batch_size);
  options.top_k = top_k;
  options.errors_in_place = true;
  options.on_progress = [&](int64_t, int64_t) { return interruption.allows(); };
  Export taken = take_export(data);
  return interruption.run([&]() -> Answers {
    // Released without the GIL: a producer may wait for a thread that needs it.
    Export input = std::move(taken);
    const ArrowInput read = input.stream
                                ? read_stream(*std::move(input.stream), text, Watch(interruption))
                                : read_array(input.schema.get(), std::move(input.array), text);
    const std::vector<std::string> intents = classifier.intents();
    const auto predictions = classifier.predict_batch(read.texts, options);
    return {std::make_shared<const ArrowPredictions>(intents, read.texts, predictions, top_k > 0)};
  });
}

nb::object export_schema(const Answers& self) {
  return capsule_of(self.columns->schema(), kSchemaCapsule);
}

nb::tuple export_array(const Answers& self, nb::handle /*requested_schema*/) {
  return nb::make_tuple(export_schema(self), capsule_of(array_of(self.columns), kArrayCapsule));
}

nb::object export_stream(const Answers& self, nb::handle /*requested_schema*/) {
  return capsule_of(stream_of(self.columns), kStreamCapsule);
}

constexpr const char* kPredictArrowDoc =
    R"(Predictions of the texts of an Arrow array, in their order, as an Arrow record batch.

data: any object of the Arrow PyCapsule interface (__arrow_c_array__ or __arrow_c_stream__): an array, a
chunked array, a record batch, a table or a reader of pyarrow; a Series or DataFrame of Polars or of pandas
3; a relation of DuckDB. Texts may be utf8, large_utf8, string_view, or dictionaries (categories) of these.
They are read where they are, without copying and without pyarrow.
text: the column of the texts, where data has columns.
batch_size, use_cache: as in predict_batch().
top_k: alternatives after the winner, as in predict_batch(). With 0 there is no column for them.

A blank text or a null yields a row with `error`, and no exception. Repeated texts are computed once.

Raises TypeError when data is no such object; InvalidArgumentError when it has no such column, or one of
another type, or more nulls than answers can have; InvalidDataError when an array is malformed; IoError
when a stream fails; OutOfResourcesError when not even one text at a time fits into memory. Releases the
GIL; Ctrl-C stops it within about a tenth of a second.)";

constexpr const char* kClassDoc =
    R"(Predictions as an Arrow record batch, made by IntentClassifier.predict_arrow.

Libraries with Arrow arrays read it without copying: pyarrow.record_batch(answers),
pyarrow.table(answers), polars.DataFrame(answers), pandas.DataFrame.from_arrow(answers) of pandas 3,
duckdb.from_arrow(pyarrow.table(answers)). Its columns:

intent: dictionary<int16, utf8> (int32 where there are more than 32,768 intents), null beside an error.
confidence: float32, null beside an error.
needs_review, truncated: bool.
error: utf8, why there is no prediction; null where there is one.
alternatives: list<struct<intent, confidence>>, best first; with top_k > 0 alone.

Safe to use from many threads. Arrays that were read from it may outlive it.)";

}  // namespace

void init_arrow(nb::module_& m) {
  nb::class_<Answers>(m, "ArrowPredictions", kClassDoc)
      .def(
          "__len__",
          [](const Answers& self) { return self.columns->size(); },
          "The number of texts.")
      .def("__repr__",
           [](const Answers& self) {
             return "ArrowPredictions(" + std::to_string(self.columns->size()) + " texts)";
           })
      .def("__arrow_c_schema__",
           &export_schema,
           nb::sig("def __arrow_c_schema__(self) -> object"),
           "A PyCapsule of the schema.")
      .def("__arrow_c_array__",
           &export_array,
           nb::arg("requested_schema") = nb::none(),
           nb::sig("def __arrow_c_array__(self, requested_schema: object | None = None) "
                   "-> tuple[object, object]"),
           "PyCapsules of the schema and of the record batch; other schemas are not available.")
      .def(
          "__arrow_c_stream__",
          &export_stream,
          nb::arg("requested_schema") = nb::none(),
          nb::sig("def __arrow_c_stream__(self, requested_schema: object | None = None) -> object"),
          "A PyCapsule of a stream of the record batch; other schemas are not available.");
}

void add_arrow_methods(nb::class_<Classifier>& classifier) {
  classifier.def("predict_arrow",
                 &predict_arrow,
                 nb::arg("data").none(),
                 nb::arg("text") = "text",
                 nb::arg("batch_size") = nb::none(),
                 nb::arg("use_cache") = true,
                 nb::kw_only(),
                 nb::arg("top_k") = 0,
                 nb::sig("def predict_arrow(self, data: typing.Any, text: str = 'text', "
                         "batch_size: int | None = None, use_cache: bool = True, *, "
                         "top_k: int = 0) -> ArrowPredictions"),
                 kPredictArrowDoc);
}

}  // namespace fastintent::python
