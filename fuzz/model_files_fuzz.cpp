#include <array>
#include <cstdint>
#include <string_view>

#include "checkpoint/modules_json.h"
#include "checkpoint/shard_index.h"
#include "folder.h"
#include "hub/model_files.h"

// Reads the files that name other files of a model: modules.json and the index of shards.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  static const fuzz::Folder folder;
  constexpr std::array<std::string_view, 2> kFiles = {"modules.json",
                                                      "model.safetensors.index.json"};
  folder.write_parts(fuzz::as_text(data, size), kFiles);
  const auto modules = folder.path() / kFiles[0];
  const auto index = folder.path() / kFiles[1];
  fuzz::attempt([&] { read_modules_json(modules, Malformed::refused); });
  fuzz::attempt([&] {
    for (const auto& [tensor, shard] : read_shard_index(index, Malformed::refused)) {
      fuzz::require(!shard.empty() && shard.find('/') == std::string::npos && shard != "..");
    }
  });
  // These throw nothing, whatever the files hold.
  read_modules_json(modules, Malformed::ignored);
  read_shard_index(index, Malformed::ignored);
  find_missing_model_file(folder.path());
  return 0;
}
