#include "api/output_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/folder_entries.h"
#include "base/output_place.h"
#include "base/replace_folder.h"
#include "checkpoint/modules_json.h"
#include "checkpoint/shard_index.h"
#include "fastintent/error.h"
#include "fastintent/trainer.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

using namespace std::string_view_literals;

// What fastintent, transformers and sentence-transformers write into a folder of a model: those
// that other programs wrote of the old weights would contradict the new ones.
constexpr std::array kModelFiles = {"adapter_config.json"sv,
                                    "adapter_model.bin"sv,
                                    "adapter_model.safetensors"sv,
                                    "added_tokens.json"sv,
                                    "config.json"sv,
                                    "config_sentence_transformers.json"sv,
                                    "fastintent.json"sv,
                                    "fastintent.safetensors"sv,
                                    "fastintent.tokenizer.safetensors"sv,
                                    "flax_model.msgpack"sv,
                                    "generation_config.json"sv,
                                    "merges.txt"sv,
                                    "model.safetensors"sv,
                                    "model.safetensors.index.json"sv,
                                    "modules.json"sv,
                                    "preprocessor_config.json"sv,
                                    "pytorch_model.bin"sv,
                                    "pytorch_model.bin.index.json"sv,
                                    "rust_model.ot"sv,
                                    "sentence_albert_config.json"sv,
                                    "sentence_bert_config.json"sv,
                                    "sentence_camembert_config.json"sv,
                                    "sentence_distilbert_config.json"sv,
                                    "sentence_roberta_config.json"sv,
                                    "sentence_xlm-roberta_config.json"sv,
                                    "sentence_xlnet_config.json"sv,
                                    "sentencepiece.bpe.model"sv,
                                    "special_tokens_map.json"sv,
                                    "spiece.model"sv,
                                    "spm.model"sv,
                                    "tf_model.h5"sv,
                                    "tokenizer.json"sv,
                                    "tokenizer_config.json"sv,
                                    "unigram.json"sv,
                                    "vocab.json"sv,
                                    "vocab.txt"sv};

bool is_model_file_name(std::string_view name) {
  return is_shard_name(name, "model", ".safetensors") ||
         is_shard_name(name, "pytorch_model", ".bin") ||
         std::find(kModelFiles.begin(), kModelFiles.end(), name) != kModelFiles.end();
}

// Weights of the same model for other programs, as sentence-transformers stores them.
bool is_export(std::string_view folder, std::string_view name) {
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return (folder == "onnx" && (ends(".onnx") || ends(".onnx_data"))) ||
         (folder == "openvino" && (ends(".xml") || ends(".bin")));
}

// Nothing but what a run keeps inside, and the folder that a new file system comes with.
bool holds_nothing(const fs::path& folder) {
  try {
    const std::vector<fs::path> entries = entries_of(folder);
    return std::all_of(entries.begin(), entries.end(), [](const fs::path& entry) {
      const std::string name = entry.filename().string();
      return name.starts_with(kOurFilesInside) || name == "lost+found";
    });
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool is_model_file(const fs::path& file) {
  const fs::path folder = file.parent_path();
  const std::string name = file.filename().string();
  if (folder.empty() || (!folder.has_parent_path() && is_module_folder_name(folder.string()))) {
    return is_model_file_name(name);
  }
  return is_export(folder.string(), name);
}

fs::path normalized_output(const fs::path& folder) {
  std::error_code ignored;
  const fs::path path = fs::absolute(folder, ignored).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

void require_output_folder(const char* operation, const fs::path& folder, bool overwrite) {
  std::error_code error;
  const bool in_use =
      fs::exists(folder, error) && !(fs::is_directory(folder, error) && holds_nothing(folder));
  if (!in_use) {
    return;
  }
  const char* expected = nullptr;
  if (!overwrite) {
    expected = "an output folder that is new or empty, or permission to replace a model (--force)";
  } else if (!fs::is_regular_file(complete_folder(folder) / "config.json", error)) {
    expected = "a model folder to replace, with a config.json, or an empty one";
  }
  if (expected == nullptr) {
    return;
  }
  throw Error(ErrorCode::cannot_create,
              fmt::format("{}: expected {}, found {}", operation, expected, folder.string()));
}

OutputFolder::OutputFolder(const char* operation, const fs::path& folder, bool overwrite)
    : operation_(operation),
      folder_((require_output_folder(operation, folder, overwrite), resolve_output(folder))),
      overwrite_(overwrite),
      lock_(operation, hidden_companion(folder_, ".lock")) {}

void OutputFolder::require_places(const std::vector<fs::path>& files) const {
  const auto refuse = [&](const fs::path& name) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("{}: expected an output where the model's files can be written, found "
                            "{}, which is not a model's ({}); move it away, or choose another "
                            "output",
                            operation_,
                            name.string(),
                            folder_.string()));
  };
  for (const fs::path& file : files) {
    std::error_code absent;
    if (fs::is_directory(fs::symlink_status(folder_ / file, absent))) {
      refuse(file);
    }
    const fs::path parent = file.parent_path();
    const fs::file_status found = fs::symlink_status(folder_ / parent, absent);
    if (!parent.empty() && fs::exists(found) && !fs::is_directory(found)) {
      refuse(parent);
    }
  }
}

void OutputFolder::replace(const std::function<void(const fs::path&)>& write) const {
  const auto check = [&] { require_output_folder(operation_, folder_, overwrite_); };
  replace_folder(folder_, {is_model_file, check}, write);
}

}  // namespace fastintent
