#include "hub/model_files.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "base/limits.h"
#include "checkpoint/modules_json.h"
#include "checkpoint/sentence_folder.h"
#include "checkpoint/shard_index.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kWeights = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";
// What is read, and what says that a folder is no model.
constexpr std::array<std::string_view, 11> kConfigurations = {"config.json",
                                                              "tokenizer.json",
                                                              "vocab.txt",
                                                              "tokenizer_config.json",
                                                              "special_tokens_map.json",
                                                              "added_tokens.json",
                                                              "modules.json",
                                                              "config_sentence_transformers.json",
                                                              "config_setfit.json",
                                                              "adapter_config.json",
                                                              "fastintent.json"};

bool is_configuration(std::string_view name) {
  const auto names = transformer_config_names();
  return std::find(kConfigurations.begin(), kConfigurations.end(), name) != kConfigurations.end() ||
         std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view base_name(std::string_view file) {
  return file.substr(file.rfind('/') + 1);  // npos + 1 is 0
}

// The folder with its slash; empty at the top.
std::string folder_of(std::string_view file) {
  return std::string(file.substr(0, file.rfind('/') + 1));
}

bool is_shard(std::string_view name) {
  return is_shard_name(name, "model", ".safetensors");
}

bool file_exists(const fs::path& file) {
  std::error_code ignored;  // a link to a missing blob does not exist either
  return fs::exists(file, ignored);
}

// The files that the weights in `folder` need: one file, or the index with all shards it names.
std::vector<std::string> weights_in(const fs::path& folder) {
  if (file_exists(folder / kWeights) || !file_exists(folder / kIndex)) {
    return {std::string(kWeights)};
  }
  std::vector<std::string> shards;
  for (const auto& [tensor, shard] : read_shard_index(folder / kIndex, Malformed::ignored)) {
    shards.push_back(shard);
  }
  return shards;
}

// The files that the modules after the encoder need, and the folder of the encoder.
std::vector<std::string> module_files(const std::vector<ModuleEntry>& modules,
                                      std::string& encoder) {
  std::vector<std::string> files;
  for (const ModuleEntry& module : modules) {
    const std::string& type = module.type;
    const std::string path = module.path + "/";
    if (&module == &modules.front()) {
      encoder = path == "/" ? "" : path;
    } else if (type.ends_with("Pooling") || type.ends_with("Dense")) {
      files.push_back(path + "config.json");
    }
    if (type.ends_with("Dense")) {
      files.push_back(path + std::string(kWeights));
    }
  }
  return files;
}

}  // namespace

bool is_weights(const std::string& file) {
  const std::string_view name = base_name(file);
  return name == kWeights || name == kIndex || is_shard(name);
}

int64_t most_bytes(const std::string& file) {
  // The others are JSON, or a vocabulary as long; the index of shards is JSON, too.
  const bool weights = is_weights(file) && base_name(file) != kIndex;
  return weights ? kMaxWeightBytes : static_cast<int64_t>(kMaxJsonBytes);
}

std::vector<std::string> choose_model_files(const std::vector<std::string>& files) {
  const auto has = [&](const std::string& file) {
    return std::find(files.begin(), files.end(), file) != files.end();
  };
  std::vector<std::string> chosen;
  std::copy_if(files.begin(), files.end(), std::back_inserter(chosen), [&](const auto& file) {
    const std::string folder = folder_of(file);
    const std::string_view name = base_name(file);
    if (!folder.empty() && !is_module_folder_name({folder.data(), folder.size() - 1})) {
      return false;
    }
    if (name == kIndex || is_shard(name)) {
      return !has(folder + std::string(kWeights));  // the same weights, and preferred
    }
    return name == kWeights || is_configuration(name);
  });
  std::stable_partition(
      chosen.begin(), chosen.end(), [](const auto& file) { return !is_weights(file); });
  return chosen;
}

std::optional<std::string> find_missing_model_file(const fs::path& folder) {
  std::string encoder;
  std::vector<std::string> needed =
      module_files(read_modules_json(folder / "modules.json", Malformed::ignored), encoder);
  needed.push_back(encoder + "config.json");
  needed.push_back(encoder +
                   (file_exists(folder / encoder / "vocab.txt") ? "vocab.txt" : "tokenizer.json"));
  for (const std::string& file : weights_in(folder / encoder)) {
    needed.push_back(encoder + file);
  }
  const auto missing = std::find_if(
      needed.begin(), needed.end(), [&](const auto& file) { return !file_exists(folder / file); });
  return missing == needed.end() ? std::nullopt : std::optional(*missing);
}

}  // namespace fastintent
