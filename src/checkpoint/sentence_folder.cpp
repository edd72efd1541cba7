#include "checkpoint/sentence_folder.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "checkpoint/json_document.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

// Older versions of the library named the file after the encoder.
constexpr std::string_view kTransformerConfigs[] = {"sentence_bert_config.json",
                                                    "sentence_roberta_config.json",
                                                    "sentence_distilbert_config.json",
                                                    "sentence_camembert_config.json",
                                                    "sentence_albert_config.json",
                                                    "sentence_xlm-roberta_config.json",
                                                    "sentence_xlnet_config.json"};

// Texts shown in a message.
constexpr size_t kMaxShown = 80;

[[noreturn]] void fail(const std::string& file, std::string_view expected, std::string_view found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected {}, found {}", file, expected, found.substr(0, kMaxShown)));
}

// The module with the class alone as its type. All paths of the library's versions,
// "sentence_transformers.models.Pooling" and longer ones, end in the class.
ModuleEntry checked_module(const ModuleEntry& module, const std::string& file) {
  if (!module.type.starts_with("sentence_transformers.")) {
    fail(file, "modules of sentence_transformers", module.type);
  }
  const std::filesystem::path path = module.path;
  if (path.is_absolute() || module.path.find("..") != std::string::npos) {
    fail(file, "a path within the folder", module.path);
  }
  return {module.type.substr(module.type.rfind('.') + 1), module.path};
}

void require_text(const JsonDocument& document, const char* key, const char* followed) {
  const std::string found = document.text_or(key, followed);
  if (found != followed) {
    fail(document.name(), fmt::format("\"{}\" as {}", followed, key), found);
  }
}

// Arguments for other functions, which would overrule files that are read.
void refuse_arguments(const JsonDocument& document, const char* key) {
  if (!document.has(key)) {
    return;
  }
  for (const auto& [name, value] : document.section(key).value().items()) {
    if (name != "trust_remote_code") {
      fail(document.name(), fmt::format("no arguments in {}", key), name);
    }
  }
}

void read_transformer_config(const SnapshotPath& encoder, SentenceFolder& result) {
  for (const std::string_view name : kTransformerConfigs) {
    const SnapshotPath file = encoder / name;
    if (!file.exists()) {
      continue;
    }
    const JsonDocument document = JsonDocument::read(file);
    if (document.has("max_seq_length")) {
      result.max_length = document.number_or("max_seq_length", 0);
    }
    result.lower_case = document.boolean_or("do_lower_case", false);
    require_text(document, "transformer_task", "feature-extraction");
    require_text(document, "module_output_name", "token_embeddings");
    if (document.has("tokenizer_name_or_path")) {
      fail(document.name(), "no tokenizer_name_or_path: the folder's own tokenizer", "one");
    }
    for (const char* key : {"tokenizer_args",
                            "processor_kwargs",
                            "processing_kwargs",
                            "config_args",
                            "config_kwargs"}) {
      refuse_arguments(document, key);
    }
    return;
  }
}

void read_prompt(const SnapshotPath& file, SentenceFolder& result) {
  const JsonDocument document = JsonDocument::read_or_empty(file);
  require_text(document, "model_type", "SentenceTransformer");
  if (!document.has("default_prompt_name")) {
    return;
  }
  const std::string name = document.text("default_prompt_name");
  if (document.has("prompts") && document.section("prompts").value().contains(name)) {
    result.prompt = document.section("prompts").text_or(name, "");
  } else if (name != "query" && name != "document") {  // these are empty where they are not given
    fail(document.name(), "the default_prompt_name among the prompts", "\"" + name + "\"");
  }
  if (!result.prompt.empty()) {
    result.prompt_name = name;
  }
}

}  // namespace

std::span<const std::string_view> transformer_config_names() {
  return kTransformerConfigs;
}

std::optional<SentenceFolder> read_sentence_folder(const SnapshotPath& folder) {
  const SnapshotPath file = folder / "modules.json";
  if (!file.exists()) {
    return std::nullopt;
  }
  SentenceFolder result;
  for (const ModuleEntry& module : read_modules_json(file)) {
    result.modules.push_back(checked_module(module, file.string()));
  }
  if (result.modules.empty() || result.modules.front().type != "Transformer") {
    fail(file.string(),
         "Transformer as the first module",
         result.modules.empty() ? "no modules" : result.modules.front().type);
  }
  result.encoder = result.modules.front().path;
  read_transformer_config(folder / result.encoder, result);
  read_prompt(folder / "config_sentence_transformers.json", result);
  return result;
}

}  // namespace fastintent
