#include "classifier.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>

#include "bindings.h"
#include "choices.h"
#include "fastintent/error.h"
#include "gil.h"

namespace fastintent::python {

Classifier::Classifier(ClassifierOptions options, std::optional<nb::callable> log, Loading loading)
    : log_(log ? nb::object(*log) : nb::object()), options_(std::move(options)) {
  if (!options_.model_path.empty()) {
    options_.model_path = std::filesystem::absolute(options_.model_path);  // for other processes
  }
  if (loading == Loading::now) {
    native();
  }
}

IntentClassifier& Classifier::native() const {
  if (IntentClassifier* made = native_) {
    return *made;
  }
  ClassifierOptions options = options_;
  if (log_.is_valid()) {
    options.log = log_function();
  }
  const WithoutGil unlocked;
  const std::lock_guard lock(loading_);
  if (owned_ == nullptr) {  // else another thread was faster
    owned_ = std::make_unique<IntentClassifier>(options);
    native_ = owned_.get();
  }
  return *owned_;
}

ClassifierOptions Classifier::options() const {
  if (!is_saved_) {
    throw Error(ErrorCode::invalid_argument,
                "pickle: expected a model in a folder, found one that train() left in a temporary "
                "one; call save() first, or train with output=");
  }
  ClassifierOptions options = options_;
  if (const IntentClassifier* made = native_) {
    options.batch_size = made->batch_size();
    options.enable_cache = made->enable_cache();
  }
  return options;
}

void Classifier::note_threshold(std::optional<double> threshold) {
  options_.review_threshold = threshold;
}

void Classifier::note_precision() {
  options_.precision = native().precision();
}

void Classifier::note_trained(const std::filesystem::path& output) {
  is_saved_ = !output.empty();
  options_.model_path = is_saved_ ? std::filesystem::absolute(output) : output;
}

void Classifier::note_saved(const std::filesystem::path& folder) {
  if (!is_saved_) {
    note_trained(folder);
  }
}

// Exceptions of the callback have no caller to reach: the model is loaded anyway.
std::function<void(const std::string&)> Classifier::log_function() const {
  return [this](const std::string& message) {
    with_gil([&] {
      try {
        if (log_.is_valid()) {
          call(log_, message);
        }
      } catch (nb::python_error& error) {
        error.discard_as_unraisable(log_);
      }
    });
  };
}

namespace {

void construct(Classifier* self,
               const std::filesystem::path& model_name,
               const std::optional<std::filesystem::path>& model_path,
               int batch_size,
               bool enable_cache,
               int64_t cache_size,
               const std::string& device,
               const std::string& precision,
               int threads,
               int max_length,
               std::optional<double> review_threshold,
               int64_t cache_bytes,
               std::optional<nb::callable> log,
               bool map_word_table,
               double label_agreement,
               int64_t max_queued_tokens) {
  ClassifierOptions options;
  options.model_name = model_name.string();
  options.model_path = model_path.value_or(std::filesystem::path());
  options.batch_size = batch_size;
  options.enable_cache = enable_cache;
  options.cache_size = cache_size;
  options.cache_bytes = cache_bytes;
  const DeviceChoice choice = parse_device(device);
  options.device = choice.device;
  options.gpu = choice.gpu;
  options.precision = parse_precision(precision);
  options.threads = threads;
  options.max_length = max_length;
  options.review_threshold = review_threshold;
  options.map_word_table = map_word_table;
  options.label_agreement = label_agreement;
  options.max_queued_tokens = max_queued_tokens;
  new (self) Classifier(std::move(options), std::move(log), Loading::now);
}

// The arguments of the constructor that pickle stores, in its order. Paths are what os.fsdecode()
// makes of them, because not all are UTF-8, and one version of Python cannot read the Path of another.
using State = std::tuple<nb::str,
                         nb::str,
                         int,
                         bool,
                         int64_t,
                         std::string,
                         std::string,
                         int,
                         int,
                         std::optional<double>,
                         int64_t,
                         std::optional<nb::callable>,
                         bool,
                         double,
                         int64_t>;

nb::str decoded(const std::filesystem::path& path) {
  const auto text = nb::steal<nb::str>(PyUnicode_DecodeFSDefault(path.c_str()));
  if (!text.is_valid()) {
    throw nb::python_error();
  }
  return text;
}

State state(const Classifier& self) {
  const ClassifierOptions options = self.options();
  std::optional<nb::callable> log;
  if (self.log().is_valid()) {
    log = nb::borrow<nb::callable>(self.log());
  }
  return {decoded(options.model_name),
          decoded(options.model_path),
          options.batch_size,
          options.enable_cache,
          options.cache_size,
          device_choice_name({options.device, options.gpu}),
          std::string(precision_name(options.precision)),
          options.threads,
          options.max_length,
          options.review_threshold,
          options.cache_bytes,
          log,
          options.map_word_table,
          options.label_agreement,
          options.max_queued_tokens};
}

void set_state(Classifier* self, const State& state) {
  ClassifierOptions options;
  nb::str model_name;
  nb::str model_path;
  std::string device;
  std::string precision;
  std::optional<nb::callable> log;
  std::tie(model_name,
           model_path,
           options.batch_size,
           options.enable_cache,
           options.cache_size,
           device,
           precision,
           options.threads,
           options.max_length,
           options.review_threshold,
           options.cache_bytes,
           log,
           options.map_word_table,
           options.label_agreement,
           options.max_queued_tokens) = state;
  options.model_name = nb::cast<std::filesystem::path>(model_name).string();
  options.model_path = nb::cast<std::filesystem::path>(model_path);
  const DeviceChoice choice = parse_device(device);
  options.device = choice.device;
  options.gpu = choice.gpu;
  options.precision = parse_precision(precision);
  new (self) Classifier(std::move(options), std::move(log), Loading::at_first_use);
}

// A getter of the library's classifier.
template <auto Member>
auto get(const Classifier& self) {
  return (self.native().*Member)();
}

void set_review_threshold(Classifier& self, std::optional<double> threshold) {
  self.native().set_review_threshold(threshold);
  self.note_threshold(threshold);
}

// The setter of another one.
template <auto Member, typename Value>
void set(const Classifier& self, Value value) {
  (self.native().*Member)(value);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) {
    Py_VISIT(nb::inst_ptr<Classifier>(self)->log().ptr());
  }
  return 0;
}

int clear(PyObject* self) {
  if (nb::inst_ready(self)) {
    nb::inst_ptr<Classifier>(self)->release_log();
  }
  return 0;
}

PyType_Slot kSlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                        {Py_tp_clear, reinterpret_cast<void*>(clear)},
                        {0, nullptr}};

constexpr const char* kClassDoc =
    R"(An intent classifier: texts in, ranked intents with probabilities out; fine-tunes, too.

Reads a folder saved by itself, by transformers (BertForSequenceClassification,
DistilBertForSequenceClassification) or by sentence-transformers (Transformer, Pooling, Dense).

A text's scores are bit-identical alone, in any batch, in a stream, from the cache and with any number
of workers (same device, precision, instruction set and build).

Safe to call from many threads: calls share the workers and release the GIL. train() and
optimize_for_inference() prepare the new model while the old one keeps answering. A running call
finishes with the model it started with.

All but the constructor raise NoModelError where they need a trained model and there is none yet.

Pickling stores the path of the folder and the settings, so a classifier can be sent to another process
that finds the folder at the same path; there it loads at its first use. A model that train() left in a
temporary folder has no path: InvalidArgumentError.

In a child made by fork() (multiprocessing, a server that loads before it forks), a classifier on the
processor works as before: its first prediction starts workers there, and the weights are in shared
memory. On GPUs every prediction raises InvalidArgumentError there, and so does a stream made before.)";

constexpr const char* kInitDoc =
    R"(model_name: what train() starts from: a Hugging Face folder, or the id of one (see find_model).
Nothing is looked up before.
model_path: a trained folder, loaded at once.
batch_size: texts per batch; does not change the answers.
enable_cache: remember predictions by text.
cache_size: most predictions remembered.
device: where the encoder runs: "auto" takes CUDA where there is a device, else the CPU; "cpu"; "cuda"
spreads predictions over all GPUs and trains on the first; "cuda:1" is one GPU by its number; "reference"
is the definition of every operation in plain loops: slow, for checking.
precision: "auto" is that of a prepared folder (see quantize_model) where the device has it, its fastest
where not; for other folders fp32 until optimize_for_inference() chooses; "fp32"; "bf16"; "int8", on the
processor; "tf32" and "fp16", on a GPU.
threads: workers; 0: one for each core this process may use, or as many as keep the GPUs busy, which have
at least one each.
max_length: tokens per text, special ones included; 0: as in training.
review_threshold: replaces the folder's own: a prediction with a lower confidence is flagged
`needs_review`.
cache_bytes: most memory for the cache.
log: called with a sentence when a model was loaded: which, where it runs, in which precision.
map_word_table: use the word table in place in the folder's file instead of a copy in memory. A start is
faster and needs less memory; but nobody may write to that file, or shorten it, while the model is in
use: answers would change, or the process would end.
label_agreement: the share of the labels, 0 to 1, that a precision must have kept in training to be chosen
by optimize_for_inference("auto").
max_queued_tokens: most tokens of calls in progress: predict_async() raises OverloadedError for a call that
would exceed it, and InvalidArgumentError for one that alone has more. Calls that wait for their answers
count, but are never refused. 0: no limit.

Raises MissingInputError or BadCheckpointError when model_path cannot be read, DeviceMissingError when
the device or GPU is absent, InvalidArgumentError for an impossible option or a precision that the device
lacks (both before anything is read).)";

constexpr const char* kFingerprintDoc =
    R"(Identifies the model in use by its content: 16 hexadecimal digits, the same for a copy of the folder.

Precision and options do not count. Reads all weights of the folder it was loaded from; raises IoError
when something wrote to them since.)";

constexpr const char* kInitSignature =
    "def __init__(self, model_name: str | os.PathLike[str] = 'bert-base-uncased', "
    "model_path: str | os.PathLike[str] | None = None, batch_size: int = 32, "
    "enable_cache: bool = True, cache_size: int = 1000, device: str = 'auto', "
    "precision: str = 'auto', threads: int = 0, *, max_length: int = 0, "
    "review_threshold: float | None = None, cache_bytes: int = 67108864, "
    "log: collections.abc.Callable[[str], object] | None = None, "
    "map_word_table: bool = False, label_agreement: float = 0.995, "
    "max_queued_tokens: int = 0) -> None";

}  // namespace

void init_classifier(nb::module_& m) {
  using Native = IntentClassifier;
  const ClassifierOptions defaults;
  nb::class_<Classifier> classifier(m, "IntentClassifier", nb::type_slots(kSlots), kClassDoc);
  classifier
      .def("__init__",
           &construct,
           nb::arg("model_name") = defaults.model_name,
           nb::arg("model_path") = nb::none(),
           nb::arg("batch_size") = defaults.batch_size,
           nb::arg("enable_cache") = defaults.enable_cache,
           nb::arg("cache_size") = defaults.cache_size,
           nb::arg("device") = "auto",
           nb::arg("precision") = "auto",
           nb::arg("threads") = defaults.threads,
           nb::kw_only(),
           nb::arg("max_length") = defaults.max_length,
           nb::arg("review_threshold") = nb::none(),
           nb::arg("cache_bytes") = defaults.cache_bytes,
           nb::arg("log") = nb::none(),
           nb::arg("map_word_table") = defaults.map_word_table,
           nb::arg("label_agreement") = defaults.label_agreement,
           nb::arg("max_queued_tokens") = defaults.max_queued_tokens,
           nb::sig(kInitSignature),
           kInitDoc)
      .def_prop_rw("batch_size",
                   &get<&Native::batch_size>,
                   &set<&Native::set_batch_size, int>,
                   "texts per batch; may be set at any time")
      .def_prop_rw("enable_cache",
                   &get<&Native::enable_cache>,
                   &set<&Native::set_enable_cache, bool>,
                   "whether predictions are remembered by text; may be set at any time; off also "
                   "empties the cache")
      .def_prop_rw("review_threshold",
                   &get<&Native::review_threshold>,
                   &set_review_threshold,
                   nb::for_setter(nb::arg("value").none()),
                   "a prediction with a lower confidence is flagged `needs_review`; set None for "
                   "the model's own, 0 to flag nothing")
      .def(
          "fingerprint",
          [](const Classifier& self) {
            const IntentClassifier& native = self.native();
            const WithoutGil unlocked;
            return native.fingerprint();
          },
          kFingerprintDoc)
      .def("__getstate__", &state)
      .def("__setstate__", &set_state)
      .def_prop_ro("is_loaded", &get<&Native::is_loaded>, "whether there is a trained model")
      .def_prop_ro("intents", &get<&Native::intents>, "names of the intents, in id2label order")
      .def_prop_ro("max_length", &get<&Native::max_length>, "most tokens per text")
      .def_prop_ro(
          "temperature", &get<&Native::temperature>, "logits are divided by it before the softmax")
      .def_prop_ro(
          "precision",
          [](const Classifier& self) { return precision_name(self.native().precision()); },
          "in which matrices are multiplied: \"fp32\", \"int8\" ...")
      .def_prop_ro("threads", &get<&Native::threads>, "number of workers")
      .def_prop_ro("device_name",
                   &get<&Native::device_name>,
                   "\"cpu (avx512)\", \"cuda:0 (NVIDIA H100 80GB HBM3)\"")
      .def_prop_ro("description", &get<&Native::description>, "family, sizes and head, for people");
  add_prediction_methods(classifier);
  add_arrow_methods(classifier);
  add_performance_methods(classifier);
  add_training_methods(classifier);
}

}  // namespace fastintent::python
