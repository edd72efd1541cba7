#include "checkpoint/tensor_files.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/mapped_file.h"
#include "checkpoint/shard_index.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

using Tensors = std::map<std::string, StoredTensor, std::less<>>;

bool file_exists(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

Tensors by_name(std::vector<StoredTensor> list) {
  Tensors tensors;
  for (StoredTensor& tensor : list) {
    tensors.emplace(tensor.name, std::move(tensor));
  }
  return tensors;
}

}  // namespace

TensorFiles TensorFiles::open_file(const fs::path& file) {
  TensorFiles result;
  result.description_ = file.string();
  const auto mapped = std::make_shared<const MappedFile>(file);
  SafetensorsContent content = parse_safetensors(mapped->bytes(), result.description_);
  result.tensors_ = by_name(std::move(content.tensors));
  result.metadata_ = std::move(content.metadata);
  result.files_.push_back(mapped);
  return result;
}

TensorFiles::TensorFiles(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index_file = folder / "model.safetensors.index.json";
  if (file_exists(single) || !file_exists(index_file)) {
    *this = open_file(single);
    return;
  }
  description_ = index_file.string();
  std::map<std::string, Tensors> shards;
  for (const auto& [tensor, name] : read_shard_index(index_file, Malformed::refused)) {
    auto shard = shards.find(name);
    if (shard == shards.end()) {
      const fs::path file = folder / name;
      if (!file_exists(file)) {
        throw Error(ErrorCode::bad_checkpoint,
                    fmt::format("read shards: expected the shard {}, found no such file ({})",
                                file.string(),
                                description_));
      }
      files_.push_back(std::make_shared<const MappedFile>(file));
      SafetensorsContent content = parse_safetensors(files_.back()->bytes(), file.string());
      shard = shards.emplace(name, by_name(std::move(content.tensors))).first;
    }
    const auto stored = shard->second.find(tensor);
    if (stored == shard->second.end()) {
      throw Error(ErrorCode::bad_checkpoint,
                  fmt::format("read shards: expected tensor {} in {}, found none of that name ({})",
                              tensor,
                              name,
                              description_));
    }
    tensors_.insert(shard->second.extract(stored));
  }
}

void TensorFiles::release_pages() const {
  for (const auto& file : files_) {
    file->release_pages();
  }
}

const StoredTensor* TensorFiles::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace fastintent
