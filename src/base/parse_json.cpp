#include "base/parse_json.h"

#include <fmt/format.h>

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

// Builds the document from the parser's events. Each function returns true: continue.
class DocumentBuilder final : public nlohmann::json_sax<json> {
 public:
  DocumentBuilder(const std::string& name, const JsonRules& rules)
      : name_(name), rules_(rules), sink_(rules.sink) {}

  JsonTree take_document() { return std::move(document_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override {
    return (in_sink() && sink_->take(key_, value)) || add(value);
  }
  bool number_float(double value, const std::string& /*text*/) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t& /*value*/) override { return true; }  // JSON has none

  bool key(std::string& key) override {
    if (rules_.unique_keys && open_.back()->contains(key)) {
      fail(fmt::format("each key once, found '{}' twice", key));
    }
    key_ = std::move(key);
    return true;
  }

  bool start_object(size_t /*size*/) override { return open(json::object()); }
  bool start_array(size_t /*size*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(size_t /*position*/,
                   const std::string& /*token*/,
                   const json::exception& error) override {
    fail("valid JSON, found: " + without_excerpt(error.what()));
  }

 private:
  [[noreturn]] void fail(const std::string& expected_and_found) const {
    refuse(expected_and_found, name_, rules_);
  }

  json& place(json value) {
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
    const bool follows =
        sink_ != nullptr && on_path_ == depth && depth <= sink_->path.size() &&
        (depth == 0 || (open_.back()->is_object() && key_ == sink_->path[depth - 1]));
    if (follows) {
      ++on_path_;
    }
    open_.push_back(&place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    on_path_ = std::min(on_path_, open_.size());
    return true;
  }

  bool in_sink() const {
    return sink_ != nullptr && on_path_ == sink_->path.size() + 1 && open_.size() == on_path_ &&
           open_.back()->is_object();
  }

  const std::string& name_;
  const JsonRules& rules_;
  const NumberSink* sink_;
  JsonTree document_;
  std::vector<json*> open_;  // a container is not moved while it is open
  std::string key_;          // of the next value of an object
  size_t values_ = 0;
  size_t on_path_ = 0;  // containers, from the outermost, that lead to the sink's object
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
