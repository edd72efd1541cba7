#include "checkpoint/checksum.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL  // its header alone, without its library
#include <xxhash.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr size_t kBlockBytes = 1 << 18;  // stays in the second cache between reading and hashing
constexpr std::string_view kOfMetadata = "xxh3";

std::string key_of(std::string_view tensor) {
  return fmt::format("{} {}", kOfMetadata, tensor);
}

std::string checksum_of(const FileMetadata& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) {
    if (key != kOfMetadata) {
      text.append(key).push_back('\0');
      text.append(value).push_back('\0');
    }
  }
  return checksum(text);
}

std::string checksum_of(const OpenedFile& file, uint64_t offset, uint64_t size) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  std::vector<std::byte> block(kBlockBytes);
  for (uint64_t done = 0; done < size; done += block.size()) {
    block.resize(std::min<uint64_t>(kBlockBytes, size - done));
    file.read(offset + done, block);
    XXH3_64bits_update(&state, block.data(), block.size());
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(&state));
}

[[noreturn]] void fail(const std::string& expected,
                       const std::string& found,
                       const std::string& where) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("verify: expected the checksum {}, found {}; the file is damaged ({})",
                          expected.substr(0, 20),  // enough to recognise it
                          found,
                          where));
}

std::string find_checksum(const TensorFiles& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? "(none there)" : found->second;
}

}  // namespace

std::string checksum(std::span<const std::byte> bytes) {
  return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

std::string checksum(std::string_view text) {
  return checksum(std::as_bytes(std::span(text)));
}

std::string checksum(const StoredTensor& stored) {
  return checksum_of(*stored.content, stored.offset, stored.size);
}

std::string checksum(const OpenedFile& file) {
  return checksum_of(file, 0, file.size());
}

FileMetadata with_checksums(FileMetadata metadata, std::span<const TensorToWrite> tensors) {
  for (const TensorToWrite& tensor : tensors) {
    metadata.insert_or_assign(key_of(tensor.name), checksum(tensor.bytes));
  }
  metadata.insert_or_assign(std::string(kOfMetadata), checksum_of(metadata));
  return metadata;
}

bool has_checksums(const TensorFiles& file) {
  const auto first = file.metadata().lower_bound(kOfMetadata);
  return first != file.metadata().end() && first->first.starts_with(kOfMetadata);
}

void verify_metadata(const TensorFiles& file) {
  const std::string expected = find_checksum(file, std::string(kOfMetadata));
  const std::string found = checksum_of(file.metadata());
  if (expected != found) {
    fail(expected, found, fmt::format("{}, metadata", file.description()));
  }
}

void verify_checksum(const TensorFiles& file,
                     const StoredTensor& stored,
                     std::span<const std::byte> bytes) {
  const std::string expected = find_checksum(file, key_of(stored.name));
  const std::string found = checksum(bytes);
  if (expected != found) {
    fail(expected, found, fmt::format("{}, tensor {}", stored.file, stored.name));
  }
}

}  // namespace fastintent
