#include "checkpoint/modules_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/parse_json.h"
#include "checkpoint/json_document.h"
#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

[[noreturn]] void fail(const std::string& file, std::string_view expected, std::string_view found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected {}, found {}", file, expected, found));
}

// nullptr when there is none.
const std::string* find_text(const json& module, const char* key) {
  const auto found = module.is_object() ? module.find(key) : module.end();
  return found == module.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::vector<ModuleEntry> modules_of(const json& document,
                                    const std::string& name,
                                    Malformed malformed) {
  if (!document.is_array()) {
    fail(name, "an array of modules", document.type_name());
  }
  std::vector<ModuleEntry> modules;
  for (const json& module : document) {
    const std::string* type = find_text(module, "type");
    const std::string* path = find_text(module, "path");
    if (malformed == Malformed::refused && (type == nullptr || path == nullptr)) {
      fail(name, "modules with \"type\" and \"path\"", module.dump());
    }
    modules.push_back({type == nullptr ? "" : *type, path == nullptr ? "" : *path});
  }
  return modules;
}

using namespace std::string_view_literals;

// The modules of sentence-transformers.
constexpr std::array kModules = {"Asym"sv,
                                 "BoW"sv,
                                 "CLIPModel"sv,
                                 "CNN"sv,
                                 "Dense"sv,
                                 "Dropout"sv,
                                 "LSTM"sv,
                                 "LayerNorm"sv,
                                 "MLMTransformer"sv,
                                 "Normalize"sv,
                                 "Pooling"sv,
                                 "Router"sv,
                                 "SparseAutoEncoder"sv,
                                 "SparseStaticEmbedding"sv,
                                 "SpladePooling"sv,
                                 "StaticEmbedding"sv,
                                 "Transformer"sv,
                                 "WeightedLayerPooling"sv,
                                 "WordEmbeddings"sv,
                                 "WordWeights"sv};

}  // namespace

std::vector<ModuleEntry> read_modules_json(const std::filesystem::path& file, Malformed malformed) {
  try {
    const std::string name = file.string();
    return modules_of(*parse_json(OpenedFile(file).text(kMaxJsonBytes), name), name, malformed);
  } catch (const Error&) {
    if (malformed == Malformed::ignored) {
      return {};
    }
    throw;
  }
}

std::vector<ModuleEntry> read_modules_json(const SnapshotPath& file) {
  const std::string name = file.string();
  return modules_of(*parse_json(*file.text(kMaxJsonBytes), name), name, Malformed::refused);
}

bool is_module_folder_name(std::string_view folder) {
  const size_t digits = folder.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && folder[digits] == '_' &&
         std::find(kModules.begin(), kModules.end(), folder.substr(digits + 1)) != kModules.end();
}

}  // namespace fastintent
