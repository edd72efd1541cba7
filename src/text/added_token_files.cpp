#include "text/added_token_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

// The special tokens of every tokenizer, in the order in which they get their ids.
constexpr const char* kSpecialKeys[] = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

// Those of BertTokenizer where no file names others.
const std::map<std::string, std::string, std::less<>> kBertTokens = {{"unk_token", "[UNK]"},
                                                                     {"sep_token", "[SEP]"},
                                                                     {"pad_token", "[PAD]"},
                                                                     {"cls_token", "[CLS]"},
                                                                     {"mask_token", "[MASK]"}};

bool is_special_key(std::string_view key) {
  return std::find(std::begin(kSpecialKeys), std::end(kSpecialKeys), key) != std::end(kSpecialKeys);
}

// The token that an object describes.
AddedToken read_token(const JsonDocument& section, bool special) {
  AddedToken token;
  token.content = section.text("content");
  token.single_word = section.boolean_or("single_word", false);
  token.lstrip = section.boolean_or("lstrip", false);
  token.rstrip = section.boolean_or("rstrip", false);
  token.normalized =
      section.boolean_or("normalized", !special && !section.boolean_or("special", false));
  return token;
}

// A token given by its content alone is a special one.
AddedToken special_token(std::string content) {
  AddedToken token;
  token.content = std::move(content);
  return token;
}

// Collects the tokens of a folder's files in the order in which transformers looks at them.
class TokenCollector {
 public:
  TokenCollector(const std::filesystem::path& folder,
                 const TokenizerConfig& config,
                 const JsonDocument* file)
      : folder_(folder), config_(config), file_(file) {
    if (config.rules == TokenizerRules::bert_class) {
      for (const auto& [key, content] : kBertTokens) {
        special_[key] = special_token(content);
      }
    }
  }

  FolderTokens collect(const Vocabulary& vocabulary) {
    const JsonDocument config = config_.document.with_errors(kTokenizerErrors);
    read_special(config);
    read_extra(config);
    if (config.value().contains("added_tokens_decoder")) {
      read_decoder(config);
    } else {
      read_special_tokens_map();
      read_tokenizer_json();
    }
    require_order(vocabulary);
    return in_order();
  }

 private:
  JsonDocument open(const char* name) const {
    return JsonDocument::read_or_empty(folder_ / name).with_errors(kTokenizerErrors);
  }

  // The special tokens under their names; other keys "..._token" name tokens of this model.
  void read_special(const JsonDocument& document, bool special = false) {
    for (const auto& [key, value] : document.value().items()) {
      const bool known = is_special_key(key);
      if (!known && !key.ends_with("_token")) {
        continue;
      }
      std::optional<AddedToken> token;
      if (value.is_string()) {
        token = special_token(value.get<std::string>());
      } else if (value.is_object()) {
        token = read_token(document.section(key), special);
      }
      if (!token) {
        continue;  // null, or a setting such as add_bos_token
      }
      if (known) {
        special_[key] = *token;
      } else {
        of_model_.push_back(*token);
      }
    }
  }

  // The items of a list, or of an object by names that only programs use.
  void read_list(const JsonDocument& document, const char* key) {
    if (!document.has(key)) {
      return;
    }
    const json& list = document.value().at(key);
    if (!list.is_array() && !list.is_object()) {
      document.fail(key, "a list of tokens");
    }
    std::vector<AddedToken>& tokens = list.is_array() ? extra_ : of_model_;
    for (const json& item : list) {
      tokens.push_back(item.is_string() ? special_token(item.get<std::string>())
                                        : read_token(document.section(key, item), false));
    }
  }

  void read_extra(const JsonDocument& config) {
    read_list(config, "extra_special_tokens");
    if (extra_.empty()) {
      read_list(config, "additional_special_tokens");
    }
  }

  // The tokens by their ids.
  void read_decoder(const JsonDocument& config) {
    if (!config.has("added_tokens_decoder")) {
      return;
    }
    const JsonDocument listed = config.section("added_tokens_decoder");
    for (const auto& [key, value] : listed.value().items()) {
      const bool digits = !key.empty() && key.size() < kIdDigits &&
                          key.find_first_not_of("0123456789") == std::string::npos;
      if (!digits) {
        listed.fail(key, "an id as the name");
      }
      by_id_[std::stoll(key)] = read_token(listed.section(key), false);
    }
  }

  void read_special_tokens_map() {
    const JsonDocument map = open("special_tokens_map.json");
    read_special(map, /*special=*/true);
    read_list(map, "extra_special_tokens");
    read_added_tokens_json();
    if (extra_.empty()) {
      read_list(map, "additional_special_tokens");
    }
  }

  // Tokens that only the additional_special_tokens of special_tokens_map.json lists do not count as
  // special here.
  void read_added_tokens_json() {
    std::set<std::string, std::less<>> special;
    for (const auto& [key, token] : special_) {
      special.insert(token.content);
    }
    for (const AddedToken& token : extra_) {
      special.insert(token.content);
    }
    const JsonDocument ids = open("added_tokens.json");
    for (const auto& [content, id] : ids.value().items()) {
      AddedToken token = special_token(content);
      token.normalized = !special.contains(content);
      by_id_[ids.integer(content)] = token;
    }
  }

  void read_tokenizer_json() {
    for_each_in_file([&](const JsonDocument& section) {
      if (section.has("id") || config_.rules == TokenizerRules::bert_class) {
        by_id_[section.integer("id")] = read_token(section, false);
      }
    });
  }

  template <typename Use>
  void for_each_in_file(const Use& use) const {
    if (file_ == nullptr || !file_->has("added_tokens")) {
      return;
    }
    size_t index = 0;
    for (const json& value : file_->array("added_tokens")) {
      use(file_->section(fmt::format("added_tokens[{}]", index++), value));
    }
  }

  // The ids of several new tokens depend on their order in the file, which objects do not keep.
  void require_order(const Vocabulary& vocabulary) const {
    std::set<std::string> created;
    for (const AddedToken& token : of_model_) {
      if (vocabulary.find(token.content) < 0) {
        created.insert(token.content);
      }
    }
    for (const auto& [id, token] : by_id_) {
      created.erase(token.content);
    }
    if (created.size() > 1) {
      config_.document.with_errors(kTokenizerErrors)
          .fail("added_tokens_decoder",
                fmt::format("the ids of the special tokens '{}' and '{}'",
                            *created.begin(),
                            *std::next(created.begin())));
    }
  }

  FolderTokens in_order() const {
    FolderTokens result;
    std::map<std::string, size_t> known;  // place in result.added by content
    const auto add = [&](const AddedToken& token) {
      const auto [entry, is_new] = known.try_emplace(token.content, result.added.size());
      if (is_new) {
        result.added.push_back(token);
      }
      return entry->second;
    };
    if (config_.rules == TokenizerRules::tokenizer_json) {
      for_each_in_file([&](const JsonDocument& section) {
        const AddedToken token = read_token(section, false);
        result.added[add(token)] = token;
      });
    }
    for (const auto& [id, token] : by_id_) {
      result.added[add(token)] = token;
    }
    result.listed = result.added.size();
    for (const char* key : kSpecialKeys) {
      if (const auto found = special_.find(key); found != special_.end()) {
        result.special[key] = found->second.content;
        add(found->second);
      }
    }
    std::for_each(of_model_.begin(), of_model_.end(), add);
    std::for_each(extra_.begin(), extra_.end(), add);
    return result;
  }

  // More digits than any id has.
  static constexpr size_t kIdDigits = 18;

  const std::filesystem::path& folder_;
  const TokenizerConfig& config_;
  const JsonDocument* file_;
  std::map<std::string, AddedToken, std::less<>> special_;  // by key
  std::vector<AddedToken> of_model_;
  std::vector<AddedToken> extra_;
  std::map<int64_t, AddedToken> by_id_;
};

}  // namespace

FolderTokens read_added_tokens(const std::filesystem::path& folder,
                               const TokenizerConfig& config,
                               const JsonDocument* file,
                               const Vocabulary& vocabulary) {
  return TokenCollector(folder, config, file).collect(vocabulary);
}

}  // namespace fastintent
