#include <array>
#include <cstdint>
#include <string_view>

#include "tokenizer_checks.h"

// Reads the tokenizer of a folder without tokenizer.json: its vocabulary and its settings.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent::fuzz;
  static const Folder folder;
  constexpr std::array<std::string_view, 6> kFiles = {"vocab.txt",
                                                      "tokenizer_config.json",
                                                      "special_tokens_map.json",
                                                      "added_tokens.json",
                                                      "sentence_bert_config.json",
                                                      "config.json"};
  folder.write_parts(as_text(data, size), kFiles);
  read_tokenizer(folder);
  return 0;
}
