#include "checkpoint/tensor_files.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/mapped_file.h"
#include "checkpoint/json_document.h"
#include "checkpoint/safetensors.h"
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

// The shard named by `value` of the index: a file in the index's folder, no other.
std::string shard_name(const JsonDocument& index, const std::string& tensor, const auto& value) {
  std::string name = value.is_string() ? value.template get<std::string>() : std::string();
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  if (!plain) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read shards: expected the name of a file beside the index, found {} "
                            "({}, tensor {})",
                            value.is_string() ? value.dump() : value.type_name(),
                            index.name(),
                            tensor));
  }
  return name;
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
  const JsonDocument index = JsonDocument::read(index_file);
  const auto weight_map = index.value().find("weight_map");
  if (weight_map == index.value().end() || !weight_map->is_object()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read shards: expected an object 'weight_map', found {} ({})",
                            weight_map == index.value().end() ? "none" : weight_map->type_name(),
                            index.name()));
  }
  std::map<std::string, Tensors> shards;
  for (const auto& [tensor, value] : weight_map->items()) {
    const std::string name = shard_name(index, tensor, value);
    auto shard = shards.find(name);
    if (shard == shards.end()) {
      const fs::path file = folder / name;
      if (!file_exists(file)) {
        throw Error(ErrorCode::bad_checkpoint,
                    fmt::format("read shards: expected the shard {}, found no such file ({})",
                                file.string(),
                                index.name()));
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
                              index.name()));
    }
    tensors_.insert(shard->second.extract(stored));
  }
}

const StoredTensor* TensorFiles::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace fastintent
