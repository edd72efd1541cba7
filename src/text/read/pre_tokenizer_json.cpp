#include "text/read/pre_tokenizer_json.h"

#include <string>
#include <vector>

#include "base/utf8.h"
#include "text/read/normalizer_json.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The steps of a pre-tokenizer, without their sequences.
void append_steps(const JsonDocument& section, std::vector<JsonDocument>& steps) {
  if (section.text_or("type", "") != "Sequence") {
    steps.push_back(section);
    return;
  }
  for (const json& value : section.array("pretokenizers")) {
    append_steps(section.section("pretokenizers[]", value), steps);
  }
}

Metaspace read_metaspace(const JsonDocument& section, bool has_normalizer) {
  Metaspace metaspace;
  metaspace.mark = section.text("replacement");
  if (metaspace.mark.empty() || decode_utf8(metaspace.mark.data()).bytes != metaspace.mark.size()) {
    section.fail("replacement", "one character");
  }
  metaspace.split = section.boolean_or("split", true);
  const bool adds = section.boolean_or("add_prefix_space", true);
  const std::string scheme = section.text_or("prepend_scheme", adds ? "always" : "never");
  if (!adds && scheme != "never") {
    section.fail("add_prefix_space", "true, or \"never\" as prepend_scheme,");
  }
  if (scheme == "never") {
    metaspace.prepend = Metaspace::Prepend::never;
  } else if (scheme == "first" && !has_normalizer) {
    // Whether a word is the first depends on what a normalizer removed before it.
    metaspace.prepend = Metaspace::Prepend::first;
  } else if (scheme != "always") {
    section.fail("prepend_scheme", "\"always\" or \"never\", or \"first\" without a normalizer,");
  }
  return metaspace;
}

// Gemma's tokenizers split at spaces, of which their normalizer leaves none.
bool splits_nowhere(const JsonDocument& top, const JsonDocument& step) {
  return step.text_or("type", "") == "Split" && !step.boolean_or("invert", false) &&
         step.section("pattern").text_or("String", "") == " " && replaces_spaces(top);
}

std::vector<JsonDocument> read_steps(const JsonDocument& top) {
  std::vector<JsonDocument> steps;
  if (top.has("pre_tokenizer")) {
    append_steps(top.section("pre_tokenizer"), steps);
  }
  return steps;
}

}  // namespace

std::optional<ByteLevelSplitter> read_byte_level_splitter(const JsonDocument& top) {
  const std::vector<JsonDocument> steps = read_steps(top);
  if (steps.size() != 1 || steps[0].text_or("type", "") != "ByteLevel") {
    return std::nullopt;
  }
  if (!steps[0].boolean_or("use_regex", true)) {
    steps[0].fail("use_regex", "true");
  }
  return ByteLevelSplitter(steps[0].boolean_or("add_prefix_space", true));
}

MetaspaceSplitter read_metaspace_splitter(const JsonDocument& top, bool has_normalizer) {
  const std::vector<JsonDocument> steps = read_steps(top);
  auto parts = MetaspaceSplitter::Parts::all;
  std::optional<Metaspace> metaspace;
  for (const JsonDocument& step : steps) {
    const std::string type = step.text_or("type", "");
    if (splits_nowhere(top, step)) {
      continue;
    }
    if (type == "Metaspace" && !metaspace) {
      metaspace = read_metaspace(step, has_normalizer);
    } else if (type == "WhitespaceSplit" && &step == steps.data()) {
      parts = MetaspaceSplitter::Parts::white_space;
    } else if (type == "BertPreTokenizer" && &step == steps.data()) {
      parts = MetaspaceSplitter::Parts::bert;
    } else {
      step.fail(
          "type",
          "WhitespaceSplit or BertPreTokenizer, then Metaspace, or ByteLevel alone, or Split at "
          "spaces behind a normalizer that replaces them,");
    }
  }
  return {parts, metaspace};
}

}  // namespace fastintent
