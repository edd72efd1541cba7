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
#include "fastintent/error.h"
#include "fastintent/trainer.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

// What fastintent, transformers and sentence-transformers write into a folder of a model: those
// that other programs wrote of the old weights would contradict the new ones.
constexpr std::array<std::string_view, 27> kModelFiles = {"added_tokens.json",
                                                          "config.json",
                                                          "config_sentence_transformers.json",
                                                          "fastintent.json",
                                                          "fastintent.safetensors",
                                                          "fastintent.tokenizer.safetensors",
                                                          "flax_model.msgpack",
                                                          "generation_config.json",
                                                          "merges.txt",
                                                          "model.safetensors",
                                                          "model.safetensors.index.json",
                                                          "modules.json",
                                                          "preprocessor_config.json",
                                                          "pytorch_model.bin",
                                                          "pytorch_model.bin.index.json",
                                                          "rust_model.ot",
                                                          "sentence_bert_config.json",
                                                          "sentencepiece.bpe.model",
                                                          "special_tokens_map.json",
                                                          "spiece.model",
                                                          "spm.model",
                                                          "tf_model.h5",
                                                          "tokenizer.json",
                                                          "tokenizer_config.json",
                                                          "unigram.json",
                                                          "vocab.json",
                                                          "vocab.txt"};

bool is_model_file_name(std::string_view name) {
  const bool is_shard = (name.starts_with("model-") && name.ends_with(".safetensors")) ||
                        (name.starts_with("pytorch_model-") && name.ends_with(".bin"));
  return is_shard || std::find(kModelFiles.begin(), kModelFiles.end(), name) != kModelFiles.end();
}

// "1_Pooling": how sentence-transformers names the folders of its modules.
bool is_module_folder(std::string_view name) {
  const size_t digits = name.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && name[digits] == '_';
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
  if (folder.empty() || (!folder.has_parent_path() && is_module_folder(folder.string()))) {
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
  } else if (!fs::exists(complete_folder(folder) / "config.json", error)) {
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

void OutputFolder::replace(const std::function<void(const fs::path&)>& write) const {
  const auto check = [&] { require_output_folder(operation_, folder_, overwrite_); };
  replace_folder(folder_, {is_model_file, check}, write);
}

}  // namespace fastintent
