#include "text/read/post_processor.h"

#include <string>
#include <utility>

#include "text/read/token_id.h"

namespace fastintent {

using nlohmann::json;

namespace {

// A special token of BertProcessing and RobertaProcessing: ["[SEP]", 102].
int32_t read_pair(const JsonDocument& section, const char* key) {
  const json& pair = section.array(key);
  if (pair.size() != 2 || !is_token_id(pair[1])) {
    section.fail(key, "a token and its id");
  }
  return pair[1].get<int32_t>();
}

// The ids of one special token of a template.
void append_special(const JsonDocument& processor,
                    const std::string& token,
                    std::vector<int32_t>& ids) {
  const JsonDocument section = processor.section("special_tokens").section(token);
  for (const json& id : section.array("ids")) {
    if (!is_token_id(id)) {
      section.fail("ids", "ids");
    }
    ids.push_back(id.get<int32_t>());
  }
}

SurroundingIds read_template(const JsonDocument& processor) {
  SurroundingIds ids;
  int sequences = 0;
  for (const json& value : processor.array("single")) {
    const JsonDocument piece = processor.section("single[]", value);
    if (piece.has("SpecialToken")) {
      append_special(processor,
                     piece.section("SpecialToken").text("id"),
                     sequences == 0 ? ids.before : ids.after);
    } else if (piece.section("Sequence").text("id") == "A") {
      ++sequences;
    } else {
      piece.fail("Sequence", "sequence A");
    }
  }
  if (sequences != 1) {
    processor.fail("single", "a template that has sequence A once");
  }
  return ids;
}

SurroundingIds read_one(const JsonDocument& processor) {
  const std::string type = processor.text_or("type", "");
  if (type == "TemplateProcessing") {
    return read_template(processor);
  }
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    return {{read_pair(processor, "cls")}, {read_pair(processor, "sep")}};
  }
  if (type != "ByteLevel") {
    processor.fail("type", "TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel");
  }
  return {};
}

}  // namespace

SurroundingIds read_post_processor(const JsonDocument& top) {
  if (!top.has("post_processor")) {
    return {};
  }
  const JsonDocument processor = top.section("post_processor");
  if (processor.text_or("type", "") != "Sequence") {
    return read_one(processor);
  }
  SurroundingIds all;
  for (const json& value : processor.array("processors")) {
    const JsonDocument section = processor.section("processors[]", value);
    SurroundingIds ids = read_one(section);
    if (ids.is_empty()) {
      continue;
    }
    // Behind a template, `tokenizers` puts the tokens of another one around each part of it.
    if (!all.is_empty()) {
      section.fail("type", "one processor with special tokens");
    }
    all = std::move(ids);
  }
  return all;
}

}  // namespace fastintent
