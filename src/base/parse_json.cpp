#include "base/parse_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/git_lfs.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The parser's message without its quotation of the input, whose length is unlimited.
std::string without_excerpt(const std::string& message) {
  const std::string text = message.substr(0, message.find("; last read"));
  return text.substr(text.find("] ") == std::string::npos ? 0 : text.find("] ") + 2);
}

[[noreturn]] void refuse(const std::string& expected_and_found,
                         const std::string& name,
                         const JsonRules& rules) {
  throw Error(rules.error,
              fmt::format("{}: expected {} ({})", rules.operation, expected_and_found, name));
}

// Whether the innermost open container is the one that a path leads to.
class PathFollower {
 public:
  explicit PathFollower(const std::vector<std::string>* path) : path_(path) {}

  // A container is opened inside of `depth` others; `key` is null in an array.
  void open(size_t depth, const std::string* key) {
    if (path_ != nullptr && on_path_ == depth && depth <= path_->size() &&
        (depth == 0 || (key != nullptr && *key == (*path_)[depth - 1]))) {
      ++on_path_;
    }
  }
  // `depth` containers are open now.
  void close(size_t depth) { on_path_ = std::min(on_path_, depth); }

  bool is_there(size_t depth) const {
    return path_ != nullptr && on_path_ == path_->size() + 1 && depth == on_path_;
  }

 private:
  const std::vector<std::string>* path_;
  size_t on_path_ = 0;  // containers, from the outermost, that lead to the end of the path
};

// Builds the document from the parser's events. Each function returns true: continue.
class DocumentBuilder final : public nlohmann::json_sax<json> {
 public:
  DocumentBuilder(const std::string& name, const JsonRules& rules)
      : name_(name),
        rules_(rules),
        numbers_(rules.sinks.numbers == nullptr ? nullptr : &rules.sinks.numbers->path) {
    for (const ItemSink* sink : rules.sinks.items) {
      items_.push_back({PathFollower(&sink->path), sink});
    }
  }

  JsonTree take_document() { return std::move(document_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override {
    return add_to_item(static_cast<double>(value)) || add(value);
  }
  bool number_unsigned(uint64_t value) override {
    return (in_numbers() && rules_.sinks.numbers->take(key_, value)) ||
           add_to_item(static_cast<double>(value)) || add(value);
  }
  bool number_float(double value, const std::string& digits) override {
    if (in_item_ != nullptr && in_item_->to_number) {
      value = in_item_->to_number(digits);
    }
    return add_to_item(value) || add(value);
  }
  bool string(std::string& value) override {
    if (in_item_ != nullptr) {
      item_.texts.push_back(std::move(value));
      return true;
    }
    if (const ItemSink* sink = item_sink()) {
      item_.texts.push_back(std::move(value));
      take_item(*sink);
      return true;
    }
    return add(std::move(value));
  }
  bool binary(json::binary_t& /*value*/) override { return true; }  // JSON has none

  bool key(std::string& key) override {
    if (rules_.unique_keys && open_.back()->contains(key)) {
      fail(fmt::format("each key once, found '{}' twice", key));
    }
    key_ = std::move(key);
    return true;
  }

  bool start_object(size_t /*size*/) override { return open(json::object()); }
  bool start_array(size_t /*size*/) override {
    if (const ItemSink* sink = in_item_ == nullptr ? item_sink() : nullptr) {
      in_item_ = sink;
      return true;
    }
    return open(json::array());
  }
  bool end_object() override { return close(); }
  bool end_array() override {
    if (in_item_ != nullptr) {
      take_item(*std::exchange(in_item_, nullptr));
      return true;
    }
    return close();
  }

  bool parse_error(size_t /*position*/,
                   const std::string& /*token*/,
                   const json::exception& error) override {
    fail("valid JSON, found: " + without_excerpt(error.what()));
  }

 private:
  [[noreturn]] void fail(const std::string& expected_and_found) const {
    refuse(expected_and_found, name_, rules_);
  }

  // The sink whose array is the innermost open container.
  const ItemSink* item_sink() const {
    for (const auto& [path, sink] : items_) {
      if (path.is_there(open_.size()) && open_.back()->is_array()) {
        return sink;
      }
    }
    return nullptr;
  }

  bool add_to_item(double value) {
    if (in_item_ == nullptr) {
      return false;
    }
    item_.numbers.push_back(value);
    return true;
  }

  void take_item(const ItemSink& sink) {
    if (!sink.take(item_)) {
      fail_item(sink);
    }
    item_.texts.clear();
    item_.numbers.clear();
  }

  [[noreturn]] void fail_item(const ItemSink& sink) const {
    fail(fmt::format(
        "texts, or arrays of texts and numbers, as the items of '{}', found another value",
        fmt::join(sink.path, ".")));
  }

  json& place(json value) {
    if (const ItemSink* sink = in_item_ != nullptr ? in_item_
                               : open_.empty()     ? nullptr
                                                   : item_sink()) {
      fail_item(*sink);
    }
    if (++values_ > kMaxJsonValues) {
      fail(fmt::format("at most {} values, found more", kMaxJsonValues));
    }
    if (open_.empty()) {
      return *document_ = std::move(value);
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      return parent.get_ref<json::array_t&>().emplace_back(std::move(value));
    }
    return parent.get_ref<json::object_t&>()[key_] = std::move(value);
  }

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json container) {
    const size_t depth = open_.size();
    if (depth == kMaxJsonDepth) {
      fail(fmt::format(
          "at most {} nested values, found {}", kMaxJsonDepth, static_cast<int>(depth) + 1));
    }
    const std::string* key = depth > 0 && open_.back()->is_object() ? &key_ : nullptr;
    numbers_.open(depth, key);
    for (auto& [path, sink] : items_) {
      path.open(depth, key);
    }
    open_.push_back(&place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    numbers_.close(open_.size());
    for (auto& [path, sink] : items_) {
      path.close(open_.size());
    }
    return true;
  }

  bool in_numbers() const { return numbers_.is_there(open_.size()) && open_.back()->is_object(); }

  const std::string& name_;
  const JsonRules& rules_;
  JsonTree document_;
  std::vector<json*> open_;  // a container is not moved while it is open
  std::string key_;          // of the next value of an object
  size_t values_ = 0;
  PathFollower numbers_;
  std::vector<std::pair<PathFollower, const ItemSink*>> items_;
  ItemSink::Item item_;                // being read
  const ItemSink* in_item_ = nullptr;  // the sink of the item whose array is open
};

}  // namespace

JsonTree parse_json(std::string_view text, const std::string& name, const JsonRules& rules) {
  if (text.size() > kMaxJsonBytes) {
    refuse(fmt::format("at most {} bytes, found {}", kMaxJsonBytes, text.size()), name, rules);
  }
  refuse_git_lfs_pointer(text, name);
  DocumentBuilder builder(name, rules);
  json::sax_parse(text, &builder);
  return builder.take_document();
}

}  // namespace fastintent
