#include "checkpoint/foreign_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "base/folder_entries.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

// More files than any model folder has: the listing is for a message, whatever the folder is.
constexpr size_t kMostFiles = 2000;
// Of a folder in the hub cache: snapshots/REVISION.
constexpr int kDeepest = 2;

constexpr std::string_view kConvert =
    "Convert them with Python's transformers, "
    "AutoModel.from_pretrained(...).save_pretrained(FOLDER) "
    "and the same with AutoTokenizer (AutoModelForSequenceClassification for a trained "
    "classifier), "
    "and name that folder";

std::string_view base_name(std::string_view file) {
  return file.substr(file.rfind('/') + 1);  // npos + 1 is 0
}

// The first of `files` whose name has one of the `beginnings` and one of the `ends`; empty: none.
std::string find_file(const std::vector<std::string>& files,
                      std::string_view beginning,
                      std::initializer_list<std::string_view> ends) {
  for (const std::string& file : files) {
    const std::string_view name = base_name(file);
    const bool ends_so = std::any_of(
        ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
    if (name.starts_with(beginning) && ends_so) {
      return file;
    }
  }
  return "";
}

// The name of the direct subfolder of the last of `files` that has `beginning`; empty: none.
std::string last_subfolder(const std::vector<std::string>& files, std::string_view beginning) {
  std::string last;
  for (const std::string& file : files) {
    const size_t slash = file.find('/');
    if (slash != std::string::npos && file.starts_with(beginning)) {
      last = file.substr(0, slash);
    }
  }
  return last;
}

std::optional<ForeignFolder> recognise_weights(const std::vector<std::string>& files) {
  const std::string pickled = find_file(files, "pytorch_model", {".bin", ".bin.index.json"});
  if (!pickled.empty()) {
    return ForeignFolder{"only " + pickled,
                         fmt::format("Pickled weights are not read, since opening them can run any "
                                     "code. {}",
                                     kConvert)};
  }
  if (const std::string adapter = find_file(files, "adapter_", {".json", ".safetensors", ".bin"});
      !adapter.empty()) {
    return ForeignFolder{fmt::format("an adapter of PEFT ({})", adapter),
                         "It is no model without its base. Merge both with Python's "
                         "peft, merge_and_unload() and save_pretrained(FOLDER), and name that "
                         "folder"};
  }
  struct Format {
    std::string_view name;
    std::string_view beginning;
    std::initializer_list<std::string_view> ends;
  };
  const Format formats[] = {{"TensorFlow", "", {".h5", ".ckpt", ".ckpt.index", ".pb"}},
                            {"Flax", "", {".msgpack"}},
                            {"ONNX", "", {".onnx"}},
                            {"OpenVINO", "openvino_", {".xml", ".bin"}},
                            {"GGUF", "", {".gguf", ".ggml"}}};
  for (const Format& format : formats) {
    const std::string file = find_file(files, format.beginning, format.ends);
    if (!file.empty()) {
      return ForeignFolder{fmt::format("only weights of {} ({})", format.name, file),
                           "Name the folder of the same model that has model.safetensors; "
                           "transformers writes it with save_pretrained(FOLDER)"};
    }
  }
  return std::nullopt;
}

// Adds the names of the files in `folder`, `prefix` in front. A folder that cannot be read seems empty,
// and links to folders are not followed.
void add_files(const fs::path& folder,
               const std::string& prefix,
               int depth,
               std::vector<std::string>& files) {
  for (const fs::path& entry : readable_entries_of(folder)) {
    if (files.size() == kMostFiles) {
      return;
    }
    const std::string name = prefix + entry.filename().string();
    std::error_code unknown;
    if (!fs::is_directory(entry, unknown)) {
      files.push_back(name);
    } else if (depth < kDeepest && !fs::is_symlink(entry, unknown)) {
      add_files(entry, name + "/", depth + 1, files);
    }
  }
}

}  // namespace

std::optional<ForeignFolder> recognise_foreign_folder(const std::vector<std::string>& files) {
  if (files.empty()) {
    return ForeignFolder{"an empty folder", "Name a folder with a model"};
  }
  if (const std::string last = last_subfolder(files, "checkpoint-"); !last.empty()) {
    return ForeignFolder{"the folder of a training run of transformers",
                         fmt::format("Name one of its checkpoints, such as {}", last)};
  }
  if (!last_subfolder(files, "snapshots/").empty()) {
    return ForeignFolder{"a model's folder of the hub cache",
                         "Name the folder in snapshots/, or the model by its id"};
  }
  if (std::optional<ForeignFolder> weights = recognise_weights(files)) {
    return weights;
  }
  const auto is_file = [&](std::string_view name) {
    return std::find(files.begin(), files.end(), name) != files.end();
  };
  if (is_file("config.json") || is_file("modules.json")) {
    return std::nullopt;
  }
  for (const std::string& file : files) {
    const size_t slash = file.find('/');
    if (slash != std::string::npos && file.substr(slash) == "/config.json") {
      return ForeignFolder{
          "a folder of folders",
          fmt::format("Name the folder of the model, such as {}", file.substr(0, slash))};
    }
  }
  return std::nullopt;
}

std::vector<std::string> list_files(const fs::path& folder) {
  std::vector<std::string> files;
  add_files(folder, "", 0, files);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace fastintent
