#include "arrow_predictions.h"

#include <fmt/format.h>

#include <cerrno>
#include <limits>
#include <unordered_map>
#include <utility>

#include "fastintent/error.h"

namespace fastintent::python {
namespace {

int32_t checked_offset(size_t offset) {
  if (offset > size_t{std::numeric_limits<int32_t>::max()}) {
    throw Error(
        ErrorCode::invalid_argument,
        "predict_arrow: expected at most 2147483647 alternatives, and as many characters of "
        "errors, found more; split the texts into several calls");
  }
  return static_cast<int32_t>(offset);
}

std::vector<uint8_t> empty_bitmap(size_t rows) {
  return std::vector<uint8_t>((rows + 7) / 8);
}

void set_bit(std::vector<uint8_t>& bitmap, int64_t row, bool value) {
  bitmap[static_cast<size_t>(row / 8)] |= static_cast<uint8_t>(value ? 1 << (row % 8) : 0);
}

// What an exported struct owns until it is released. A consumer may move a child or the dictionary
// away first; it is then released by itself.
template <typename Struct>
struct Exported {
  std::vector<ArrowOwned<Struct>> children;
  std::vector<Struct*> child_pointers;
  ArrowOwned<Struct> dictionary;

  // Makes `out` refer to the above.
  void connect(Struct& out) {
    for (ArrowOwned<Struct>& child : children) {
      child_pointers.push_back(&child.get());
    }
    out.n_children = static_cast<int64_t>(children.size());
    out.children = child_pointers.data();
    out.dictionary = dictionary.is_released() ? nullptr : &dictionary.get();
  }
};

struct ExportedSchema : Exported<ArrowSchema> {
  std::string name;
};

struct ExportedArray : Exported<ArrowArray> {
  std::shared_ptr<const ArrowPredictions> owner;  // of the buffers
  std::vector<const void*> buffers;
};

struct ExportedStream {
  std::shared_ptr<const ArrowPredictions> predictions;
  bool ended = false;
};

template <typename Private, typename Struct>
void release(Struct* exported) {
  delete static_cast<Private*>(exported->private_data);
  exported->release = nullptr;
}

template <typename Private, typename Struct>
ArrowOwned<Struct> owned(std::unique_ptr<Private> owner, Struct exported) {
  exported.release = &release<Private, Struct>;
  exported.private_data = owner.release();
  return ArrowOwned<Struct>(exported);
}

// `format` must be a literal.
ArrowOwned<ArrowSchema> field(const char* format,
                              std::string name,
                              bool nullable,
                              std::vector<ArrowOwned<ArrowSchema>> children = {},
                              ArrowOwned<ArrowSchema> dictionary = {}) {
  auto owner = std::make_unique<ExportedSchema>();
  owner->name = std::move(name);
  owner->children = std::move(children);
  owner->dictionary = std::move(dictionary);
  ArrowSchema schema{};
  schema.format = format;
  schema.name = owner->name.c_str();
  schema.flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  owner->connect(schema);
  return owned(std::move(owner), schema);
}

// Makes the arrays of one export.
class Exporter {
 public:
  explicit Exporter(std::shared_ptr<const ArrowPredictions> owner) : owner_(std::move(owner)) {}

  ArrowOwned<ArrowArray> operator()(size_t length,
                                    std::vector<const void*> buffers,
                                    int64_t nulls = 0,
                                    std::vector<ArrowOwned<ArrowArray>> children = {},
                                    ArrowOwned<ArrowArray> dictionary = {}) const {
    auto owner = std::make_unique<ExportedArray>();
    owner->owner = owner_;
    owner->buffers = std::move(buffers);
    owner->children = std::move(children);
    owner->dictionary = std::move(dictionary);
    ArrowArray array{};
    array.length = static_cast<int64_t>(length);
    array.null_count = nulls;
    array.n_buffers = static_cast<int64_t>(owner->buffers.size());
    array.buffers = owner->buffers.data();
    owner->connect(array);
    return owned(std::move(owner), array);
  }

 private:
  std::shared_ptr<const ArrowPredictions> owner_;
};

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  try {
    const auto& state = *static_cast<const ExportedStream*>(stream->private_data);
    ArrowOwned<ArrowSchema> schema = state.predictions->schema();
    *out = std::exchange(schema.get(), {});
    return 0;
  } catch (...) {  // std::bad_alloc
    return ENOMEM;
  }
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  try {
    auto& state = *static_cast<ExportedStream*>(stream->private_data);
    *out = {};  // released: the end
    if (!state.ended) {
      ArrowOwned<ArrowArray> array = array_of(state.predictions);
      *out = std::exchange(array.get(), {});
      state.ended = true;
    }
    return 0;
  } catch (...) {  // std::bad_alloc
    return ENOMEM;
  }
}

const char* get_last_error(ArrowArrayStream* /*stream*/) {
  return "not enough memory";  // the only error above
}

}  // namespace

// Indices of the names of intents. A name that the model did not have when the call began, because
// another model replaced it at that moment, is added.
class ArrowPredictions::Names {
 public:
  Names(const std::vector<std::string>& intents, Strings& all) : all_(all) {
    for (const std::string& intent : intents) {
      index_of(intent);
    }
  }

  // `intent` must outlive this.
  int32_t index_of(std::string_view intent) {
    const auto [place, is_new] =
        indices_.try_emplace(intent, static_cast<int32_t>(all_.offsets.size() - 1));
    if (is_new) {
      all_.push_back(intent);
    }
    return place->second;
  }

 private:
  std::unordered_map<std::string_view, int32_t> indices_;
  Strings& all_;
};

void ArrowPredictions::Strings::push_back(std::string_view text) {
  offsets.push_back(checked_offset(characters.size() + text.size()));
  characters += text;
}

void ArrowPredictions::Indices::narrow_down() {
  narrow.assign(wide.begin(), wide.end());
  wide = {};
}

const void* ArrowPredictions::Indices::data() const {
  return narrow.empty() ? static_cast<const void*>(wide.data()) : narrow.data();
}

ArrowPredictions::ArrowPredictions(const std::vector<std::string>& intents,
                                   std::span<const std::string_view> texts,
                                   std::span<const IntentPrediction> predictions,
                                   bool with_alternatives)
    : with_alternatives_(with_alternatives),
      needs_review_(empty_bitmap(predictions.size())),
      truncated_(empty_bitmap(predictions.size())),
      answered_(empty_bitmap(predictions.size())),
      failed_(empty_bitmap(predictions.size())) {
  intent_.wide.reserve(predictions.size());
  confidence_.reserve(predictions.size());
  error_.offsets.reserve(predictions.size() + 1);
  Names names(intents, intents_);
  for (size_t i = 0; i < predictions.size(); ++i) {
    push_back(predictions[i], texts[i], names);
  }
  if (has_narrow_indices()) {
    intent_.narrow_down();
    alternative_intent_.narrow_down();
  }
}

void ArrowPredictions::push_back(const IntentPrediction& prediction,
                                 std::string_view text,
                                 Names& names) {
  const bool failed = !prediction.error.empty();
  set_bit(failed_, size_, failed);
  set_bit(answered_, size_, !failed);
  set_bit(needs_review_, size_, prediction.needs_review);
  set_bit(truncated_, size_, prediction.truncated);
  confidence_.push_back(prediction.confidence);
  intent_.wide.push_back(failed ? 0 : names.index_of(prediction.intent));
  if (failed) {
    ++failures_;
    error_.push_back(text.data() == nullptr ? kNullText : std::string_view(prediction.error));
  } else {
    error_.push_back({});
  }
  if (with_alternatives_) {
    for (const ScoredIntent& alternative : prediction.alternatives) {
      alternative_intent_.wide.push_back(names.index_of(alternative.intent));
      alternative_confidence_.push_back(alternative.confidence);
    }
    alternatives_.push_back(checked_offset(alternative_confidence_.size()));
  }
  ++size_;
}

bool ArrowPredictions::has_narrow_indices() const {
  return intents_.offsets.size() - 1 <= size_t{std::numeric_limits<int16_t>::max()} + 1;
}

ArrowOwned<ArrowSchema> ArrowPredictions::intent_schema(bool nullable) const {
  return field(has_narrow_indices() ? "s" : "i", "intent", nullable, {}, field("u", "", false));
}

ArrowOwned<ArrowSchema> ArrowPredictions::schema() const {
  std::vector<ArrowOwned<ArrowSchema>> columns;
  columns.push_back(intent_schema(true));
  columns.push_back(field("f", "confidence", true));
  columns.push_back(field("b", "needs_review", false));
  columns.push_back(field("b", "truncated", false));
  columns.push_back(field("u", "error", true));
  if (with_alternatives_) {
    std::vector<ArrowOwned<ArrowSchema>> scored;
    scored.push_back(intent_schema(false));
    scored.push_back(field("f", "confidence", false));
    std::vector<ArrowOwned<ArrowSchema>> item;
    item.push_back(field("+s", "item", false, std::move(scored)));
    columns.push_back(field("+l", "alternatives", false, std::move(item)));
  }
  return field("+s", "", false, std::move(columns));
}

ArrowOwned<ArrowArray> array_of(const std::shared_ptr<const ArrowPredictions>& predictions) {
  const ArrowPredictions& of = *predictions;
  const Exporter exported(predictions);
  const auto size = static_cast<size_t>(of.size_);
  const auto answered = of.failures_ == 0 ? nullptr : of.answered_.data();
  const auto strings = [&](const ArrowPredictions::Strings& all) {
    return std::vector<const void*>{nullptr, all.offsets.data(), all.characters.data()};
  };
  const auto names = [&] { return exported(of.intents_.offsets.size() - 1, strings(of.intents_)); };

  std::vector<ArrowOwned<ArrowArray>> columns;
  columns.push_back(exported(size, {answered, of.intent_.data()}, of.failures_, {}, names()));
  columns.push_back(exported(size, {answered, of.confidence_.data()}, of.failures_));
  columns.push_back(exported(size, {nullptr, of.needs_review_.data()}));
  columns.push_back(exported(size, {nullptr, of.truncated_.data()}));
  std::vector<const void*> errors = strings(of.error_);
  errors[0] = of.failed_.data();
  columns.push_back(exported(size, std::move(errors), of.size_ - of.failures_));
  if (of.with_alternatives_) {
    const size_t all = of.alternative_confidence_.size();
    std::vector<ArrowOwned<ArrowArray>> scored;
    scored.push_back(exported(all, {nullptr, of.alternative_intent_.data()}, 0, {}, names()));
    scored.push_back(exported(all, {nullptr, of.alternative_confidence_.data()}));
    std::vector<ArrowOwned<ArrowArray>> item;
    item.push_back(exported(all, {nullptr}, 0, std::move(scored)));
    columns.push_back(exported(size, {nullptr, of.alternatives_.data()}, 0, std::move(item)));
  }
  return exported(size, {nullptr}, 0, std::move(columns));
}

ArrowOwned<ArrowArrayStream> stream_of(std::shared_ptr<const ArrowPredictions> predictions) {
  auto owner = std::make_unique<ExportedStream>();
  owner->predictions = std::move(predictions);
  ArrowArrayStream stream{};
  stream.get_schema = &get_schema;
  stream.get_next = &get_next;
  stream.get_last_error = &get_last_error;
  return owned(std::move(owner), stream);
}

}  // namespace fastintent::python
