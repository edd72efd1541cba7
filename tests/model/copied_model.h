#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "checkpoint/tensor_files.h"
#include "golden_case.h"

namespace fastintent {

/// A copy of a golden model to damage or vary.
class CopiedModel {
 public:
  explicit CopiedModel(const std::string& name) {
    std::filesystem::copy(
        GoldenCase(name).model(), path(), std::filesystem::copy_options::recursive);
  }
  std::filesystem::path path() const { return folder_ / "model"; }

  void edit_json(const std::string& file, const std::function<void(nlohmann::json&)>& edit) const {
    nlohmann::json document = nlohmann::json::parse(std::ifstream(path() / file));
    edit(document);
    std::ofstream(path() / file) << document;
  }
  /// Writes the folder's tensors again under the names that `rename` returns; an empty name omits
  /// the tensor.
  void rename_tensors(const std::function<std::string(const std::string&)>& rename) const {
    std::vector<TensorToWrite> renamed;
    std::vector<std::vector<float>> values;
    {
      const TensorFiles file{SnapshotPath(path())};
      values.reserve(file.tensors().size());
      for (const auto& [name, stored] : file.tensors()) {
        const int64_t rows = stored.shape.size() == 2 ? stored.shape[0] : 1;
        std::vector<float>& copy = values.emplace_back(stored.size / sizeof(float));
        read_tensor(stored, Tensor(copy.data(), rows, static_cast<int64_t>(copy.size()) / rows));
        if (!rename(name).empty()) {
          renamed.push_back({rename(name), stored.shape, copy});
        }
      }
    }
    write_safetensors(path() / "model.safetensors", renamed);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace fastintent
