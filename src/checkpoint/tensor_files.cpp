#include "checkpoint/tensor_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/git_lfs.h"
#include "checkpoint/shard_index.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

using Tensors = std::map<std::string, StoredTensor, std::less<>>;

// Reads the header of an opened file. The tensors' bytes are read when they are needed.
SafetensorsContent read_header(const std::shared_ptr<const OpenedFile>& file) {
  std::string beginning(std::min<uint64_t>(file->size(), kGitLfsPointer.size()), '\0');
  file->read(0, std::as_writable_bytes(std::span(beginning)));
  refuse_git_lfs_pointer(beginning, file->path());
  std::vector<std::byte> start(std::min(file->size(), kSafetensorsLengthBytes));
  file->read(0, start);
  start.resize(safetensors_header_end(start, file->size(), file->path()));
  file->read(0, start);
  SafetensorsContent content = parse_safetensors(start, file->size(), file->path());
  for (StoredTensor& tensor : content.tensors) {
    tensor.content = file;
  }
  return content;
}

Tensors by_name(std::vector<StoredTensor> list) {
  Tensors tensors;
  for (StoredTensor& tensor : list) {
    tensors.emplace(tensor.name, std::move(tensor));
  }
  return tensors;
}

}  // namespace

TensorFiles TensorFiles::open_file(const std::shared_ptr<const OpenedFile>& file) {
  TensorFiles result;
  result.description_ = file->path();
  SafetensorsContent content = read_header(file);
  result.tensors_ = by_name(std::move(content.tensors));
  result.metadata_ = std::move(content.metadata);
  result.files_.push_back(file);
  return result;
}

TensorFiles TensorFiles::open_file(const SnapshotPath& file) {
  return open_file(file.open());
}

TensorFiles TensorFiles::open_file(const std::filesystem::path& file) {
  return open_file(std::make_shared<const OpenedFile>(file));
}

TensorFiles::TensorFiles(const SnapshotPath& folder) {
  const SnapshotPath single = folder / "model.safetensors";
  const SnapshotPath index_file = folder / "model.safetensors.index.json";
  if (single.exists() || !index_file.exists()) {
    *this = open_file(single);
    return;
  }
  description_ = index_file.string();
  std::map<std::string, Tensors> shards;
  for (const auto& [tensor, name] : read_shard_index(index_file)) {
    auto shard = shards.find(name);
    if (shard == shards.end()) {
      const SnapshotPath file = folder / name;
      if (!file.exists()) {
        throw Error(ErrorCode::bad_checkpoint,
                    fmt::format("read shards: expected the shard {}, found no such file ({})",
                                file.string(),
                                description_));
      }
      files_.push_back(file.open());
      shard = shards.emplace(name, by_name(read_header(files_.back()).tensors)).first;
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

const StoredTensor* TensorFiles::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

void TensorFiles::require_unchanged(const char* operation) const {
  for (const auto& file : files_) {
    if (!file->unchanged()) {
      throw Error(
          ErrorCode::io_error,
          fmt::format("{}: expected the weights as they were when the model was loaded, found "
                      "that something wrote to them; load the model again ({})",
                      operation,
                      file->path()));
    }
  }
}

}  // namespace fastintent
