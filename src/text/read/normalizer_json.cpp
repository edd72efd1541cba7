#include "text/read/normalizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/utf8.h"
#include "text/normalize/character_steps.h"
#include "text/normalize/charsmap.h"
#include "text/normalize/replace.h"
#include "text/normalize/unicode_form.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The bytes of standard base64 with its padding; nothing where the text is not base64.
std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr int kBits = 6;
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  std::array<int8_t, 256> values;
  values.fill(-1);
  for (size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<int8_t>(i);
  }
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t open = 0;
  int open_bits = 0;
  for (const char digit : text) {
    const int8_t value = values[static_cast<unsigned char>(digit)];
    if (value < 0) {
      return std::nullopt;
    }
    open = open << kBits | static_cast<uint32_t>(value);
    open_bits += kBits;
    if (open_bits >= 8) {
      open_bits -= 8;
      bytes += static_cast<char>(open >> open_bits & 0xFF);
    }
  }
  return bytes;
}

std::shared_ptr<const NormalizerStep> read_charsmap(const JsonDocument& section) {
  const std::optional<std::string> blob = decode_base64(section.text("precompiled_charsmap"));
  if (!blob) {
    section.fail("precompiled_charsmap", "base64");
  }
  try {
    return std::make_shared<Charsmap>(*blob);
  } catch (const std::invalid_argument&) {
    section.fail("precompiled_charsmap", "a trie and its strings");
  }
}

// A regular expression of one of the kinds that Replace follows.
struct Repeated {
  std::string text;
  size_t least = 0;  // 0: the text alone
};

std::optional<Repeated> read_expression(std::string_view expression) {
  constexpr std::string_view kOperators = "\\^$.|?*+()[]{}";
  const size_t literal = std::min(expression.find_first_of(kOperators), expression.size());
  Repeated result{std::string(expression.substr(0, literal))};
  expression.remove_prefix(literal);
  if (expression.empty()) {
    return result;
  }
  const bool one_character =
      !result.text.empty() && decode_utf8(result.text.data()).bytes == result.text.size();
  if (!one_character) {
    return std::nullopt;
  }
  if (expression == "+") {
    result.least = 1;
    return result;
  }
  // "{2,}"; more repetitions than nine are in no model.
  if (expression.size() == 4 && expression[0] == '{' && expression[1] >= '1' &&
      expression[1] <= '9' && expression.substr(2) == ",}") {
    result.least = static_cast<size_t>(expression[1] - '0');
    return result;
  }
  return std::nullopt;
}

std::shared_ptr<const NormalizerStep> read_replace(const JsonDocument& section) {
  const JsonDocument pattern = section.section("pattern");
  Repeated repeated;
  if (pattern.has("String")) {
    repeated.text = pattern.text("String");
  } else if (const auto expression = read_expression(pattern.text("Regex"))) {
    repeated = *expression;
  }
  if (repeated.text.empty()) {
    section.fail("pattern", "a text, or a character with '+' or '{2,}' behind it,");
  }
  const std::string content = section.text("content");
  if (content.size() > kMostGrowth) {
    section.fail("content", fmt::format("at most {} bytes", kMostGrowth));
  }
  return std::make_shared<Replace>(repeated.text, repeated.least, content);
}

void add_step(const JsonDocument& section, NormalizerChain& chain) {
  const std::string type = section.text_or("type", "");
  if (type == "Sequence") {
    for (const json& value : section.array("normalizers")) {
      add_step(section.section("normalizers[]", value), chain);
    }
  } else if (type == "Precompiled") {
    chain.add(read_charsmap(section));
  } else if (type == "Replace") {
    chain.add(read_replace(section));
  } else if (type == "Strip") {
    chain.add(std::make_shared<Strip>(section.boolean_or("strip_left", true),
                                      section.boolean_or("strip_right", true)));
  } else if (type == "Lowercase") {
    chain.add(std::make_shared<LowerCase>());
  } else if (type == "StripAccents") {
    chain.add(std::make_shared<StripAccents>());
  } else if (type == "BertNormalizer") {
    chain.add(std::make_shared<BertStep>(read_bert_normalizer(section)));
  } else if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") {
    chain.add(std::make_shared<UnicodeForm>(type.size() == 4, type.ends_with('C')));
  } else {
    section.fail("type",
                 "Precompiled, Replace, Strip, Lowercase, StripAccents, BertNormalizer, NFC, NFD, "
                 "NFKC, NFKD or Sequence");
  }
}

bool step_replaces_spaces(const JsonDocument& step) {
  const std::string type = step.text_or("type", "");
  if (type == "Sequence") {
    const json& steps = step.array("normalizers");
    return !steps.empty() && step_replaces_spaces(step.section("normalizers[]", steps.back()));
  }
  return type == "Replace" && step.section("pattern").text_or("String", "") == " " &&
         step.text("content").find(' ') == std::string::npos;
}

}  // namespace

BertNormalizerOptions read_bert_normalizer(const JsonDocument& section) {
  BertNormalizerOptions options;
  options.clean_text = section.boolean_or("clean_text", true);
  options.space_cjk = section.boolean_or("handle_chinese_chars", true);
  options.lower_case = section.boolean_or("lowercase", true);
  options.strip_accents = section.boolean_or("strip_accents", options.lower_case);
  return options;
}

bool replaces_spaces(const JsonDocument& top) {
  return top.has("normalizer") && step_replaces_spaces(top.section("normalizer"));
}

NormalizerChain read_normalizer_chain(const JsonDocument& top) {
  NormalizerChain chain;
  if (top.has("normalizer")) {
    add_step(top.section("normalizer"), chain);
  }
  return chain;
}

}  // namespace fastintent
