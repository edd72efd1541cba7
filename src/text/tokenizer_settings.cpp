#include "text/tokenizer_settings.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder) {
  for (const auto& [name, read] :
       {std::pair{"tokenizer.json", &read_tokenizer_json}, {"vocab.txt", &read_vocab_txt}}) {
    const std::filesystem::path file = folder / name;
    if (std::filesystem::exists(file)) {
      return read(file);
    }
  }
  throw Error(
      ErrorCode::missing_input,
      fmt::format("read tokenizer: expected tokenizer.json or vocab.txt, found neither ({})",
                  folder.string()));
}

AddedToken read_added_token(const JsonDocument& section, bool normalized) {
  AddedToken token;
  token.content = section.text("content");
  token.single_word = section.boolean_or("single_word", false);
  token.lstrip = section.boolean_or("lstrip", false);
  token.rstrip = section.boolean_or("rstrip", false);
  token.normalized = section.boolean_or("normalized", normalized);
  return token;
}

int32_t require_token(const TokenizerSettings& settings,
                      const std::string& token,
                      const char* key) {
  const int32_t id = settings.model.vocabulary.find(token);
  if (id < 0) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read tokenizer: expected the {} in the vocabulary, found no '{}' ({})",
                            key,
                            token,
                            settings.file));
  }
  return id;
}

}  // namespace fastintent
