#include "checkpoint/shard_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "checkpoint/json_document.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

// The name of a file, without a folder.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

ShardIndex shards_of(const JsonDocument& index, Malformed malformed) {
  const auto weight_map = index.value().find("weight_map");
  if (weight_map == index.value().end() || !weight_map->is_object()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read shards: expected an object 'weight_map', found {} ({})",
                            weight_map == index.value().end() ? "none" : weight_map->type_name(),
                            index.name()));
  }
  ShardIndex shards;
  for (const auto& [tensor, value] : weight_map->items()) {
    const auto* shard = value.get_ptr<const std::string*>();
    if (malformed == Malformed::refused && (shard == nullptr || !is_plain(*shard))) {
      throw Error(ErrorCode::bad_checkpoint,
                  fmt::format("read shards: expected the name of a file beside the index, found {} "
                              "({}, tensor {})",
                              shard != nullptr ? value.dump() : value.type_name(),
                              index.name(),
                              tensor));
    }
    if (shard != nullptr) {
      shards.emplace(tensor, *shard);
    }
  }
  return shards;
}

}  // namespace

ShardIndex read_shard_index(const std::filesystem::path& file, Malformed malformed) {
  try {
    return shards_of(JsonDocument::read(file), malformed);
  } catch (const Error&) {
    if (malformed == Malformed::ignored) {
      return {};
    }
    throw;
  }
}

ShardIndex read_shard_index(const SnapshotPath& file) {
  return shards_of(JsonDocument::read(file), Malformed::refused);
}

bool is_shard_name(std::string_view file, std::string_view stem, std::string_view extension) {
  // The two numbers have no fixed width.
  const auto skip = [&](std::string_view part) {
    const bool found = file.starts_with(part);
    file.remove_prefix(found ? part.size() : 0);
    return found;
  };
  const auto skip_number = [&] {
    const size_t digits = std::min(file.find_first_not_of("0123456789"), file.size());
    file.remove_prefix(digits);
    return digits > 0;
  };
  return skip(stem) && skip("-") && skip_number() && skip("-of-") && skip_number() &&
         file == extension;
}

}  // namespace fastintent
