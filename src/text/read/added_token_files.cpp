#include "text/read/added_token_files.h"

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
  TokenCollector(const SnapshotPath& folder,
                 const TokenizerConfig& config,
                 const JsonDocument* file)
      : folder_(folder), config_(config), file_(file) {}

  FolderTokens collect(const TokenIds& vocabulary) {
    const JsonDocument config = config_.document.with_errors(kTokenizerErrors);
    read_special(config, Source::configuration);
    read_extra(config);
    if (config.value().contains("added_tokens_decoder")) {
      read_decoder(config);
    } else {
      read_special_tokens_map();
      read_tokenizer_json();
    }
    if (config_.rules == TokenizerRules::bert_class) {
      for (const auto& [key, content] : kBertTokens) {
        special_.try_emplace(key, special_token(content));
      }
    }
    require_order(vocabulary);
    return in_order();
  }

 private:
  enum class Source { configuration, special_tokens_map };

  JsonDocument open(const char* name) const {
    return JsonDocument::read_or_empty(folder_ / name).with_errors(kTokenizerErrors);
  }

  // The special tokens under their names; other keys "..._token" name tokens of this model.
  void read_special(const JsonDocument& document, Source source) {
    for (const auto& [key, value] : document.value().items()) {
      const bool known = is_special_key(key);
      if (!known && !key.ends_with("_token")) {
        continue;
      }
      std::optional<AddedToken> token;
      if (value.is_string()) {
        token = special_token(value.get<std::string>());
      } else if (value.is_object()) {
        token = read_token(document.section(key), source == Source::special_tokens_map);
      }
      if (!token) {
        continue;  // null, or a setting such as add_bos_token
      }
      if (known) {
        special_[key] = *token;
        contents_[key] = counts(source, value) ? token->content : "";
      } else {
        of_model_.push_back(*token);
      }
    }
  }

  // The items of a list, or of an object by names that only programs use.
  void read_list(const JsonDocument& document, const char* key, Source source) {
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
      if (list.is_array() && counts(source, item)) {
        extra_contents_.insert(tokens.back().content);
      }
    }
  }

  void read_extra(const JsonDocument& config) {
    read_list(config, "extra_special_tokens", Source::configuration);
    if (extra_.empty()) {
      read_list(config, "additional_special_tokens", Source::configuration);
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
      list(std::stoll(key), listed.section(key));
    }
  }

  // A later file's token of the same id replaces an earlier one's.
  void list(int64_t id, const JsonDocument& section) {
    by_id_[id] = read_token(section, false);
    if (section.has("normalized")) {
      open_.erase(id);
    } else {
      open_.insert(id);
    }
  }

  void read_special_tokens_map() {
    const JsonDocument map = open("special_tokens_map.json");
    read_special(map, Source::special_tokens_map);
    read_list(map, "extra_special_tokens", Source::special_tokens_map);
    read_added_tokens_json();
    if (extra_.empty()) {
      read_list(map, "additional_special_tokens", Source::special_tokens_map);
    }
  }

  // Tokens that only the additional_special_tokens of special_tokens_map.json lists do not count as
  // special here.
  void read_added_tokens_json() {
    std::set<std::string> special = extra_contents_;
    for (const auto& [key, content] : contents_) {
      special.insert(content);
    }
    const JsonDocument ids = open("added_tokens.json");
    for (const auto& [content, id] : ids.value().items()) {
      AddedToken token = special_token(content);
      token.normalized = !special.contains(content);
      if (!by_id_.emplace(ids.integer(content), token).second) {
        ids.fail(content, "an id of its own");
      }
    }
  }

  // Whether transformers takes `value` for a special token when it reads added_tokens.json: in
  // tokenizer_config.json, an object is not yet one.
  static bool counts(Source source, const json& value) {
    return source == Source::special_tokens_map || value.is_string();
  }

  void read_tokenizer_json() {
    for_each_in_file([&](const JsonDocument& section) {
      if (section.has("id") || config_.rules == TokenizerRules::bert_class) {
        list(section.integer("id"), section);
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
  void require_order(const TokenIds& vocabulary) const {
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

  std::set<std::string> named_contents() const {
    std::set<std::string> names;
    for (const auto& [key, token] : special_) {
      names.insert(token.content);
    }
    for (const AddedToken& token : of_model_) {
      names.insert(token.content);
    }
    return names;
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
    const std::set<std::string> names = named_contents();
    for (const auto& [id, listed] : by_id_) {
      AddedToken token = listed;
      if (open_.contains(id) && names.contains(token.content)) {
        token.normalized = false;  // it counts as special
      }
      result.added[add(token)] = token;
    }
    result.listed = result.added.size();
    // A later one of the same content replaces an earlier one, but not one that is listed.
    const auto add_special = [&](const AddedToken& token) {
      const size_t place = add(token);
      if (place >= result.listed) {
        result.added[place] = token;
      }
    };
    for (const char* key : kSpecialKeys) {
      if (const auto found = special_.find(key); found != special_.end()) {
        result.special[key] = found->second.content;
        add_special(found->second);
      }
    }
    std::for_each(of_model_.begin(), of_model_.end(), add_special);
    std::for_each(extra_.begin(), extra_.end(), add_special);
    return result;
  }

  // More digits than any id has.
  static constexpr size_t kIdDigits = 18;

  const SnapshotPath& folder_;
  const TokenizerConfig& config_;
  const JsonDocument* file_;
  std::map<std::string, AddedToken, std::less<>> special_;  // by key
  std::map<std::string, std::string> contents_;  // those that count for added_tokens.json, by key
  std::set<std::string> extra_contents_;         // the same of extra_
  std::vector<AddedToken> of_model_;
  std::vector<AddedToken> extra_;
  std::map<int64_t, AddedToken> by_id_;
  std::set<int64_t> open_;  // those of by_id_ whose files do not say whether they are normalized
};

}  // namespace

FolderTokens read_added_tokens(const SnapshotPath& folder,
                               const TokenizerConfig& config,
                               const JsonDocument* file,
                               const TokenIds& vocabulary) {
  return TokenCollector(folder, config, file).collect(vocabulary);
}

}  // namespace fastintent
