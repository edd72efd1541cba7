#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checksum.h"
#include "checkpoint/tensor_files.h"
#include "text/read/prepared_tokenizer.h"
#include "tokenizer_checks.h"

namespace {

using namespace fastintent;

constexpr std::string_view kTokenizerJson = "{}";  // of which only the checksum is read

// Writes the file again, with right checksums: otherwise no changed table would be looked at.
void repair(const std::filesystem::path& path) {
  const TensorFiles file = TensorFiles::open_file(path);
  std::map<std::string, std::vector<std::byte>> contents;
  for (const auto& [name, stored] : file.tensors()) {
    contents[name] = read_bytes(stored);
  }
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, content] : contents) {
    tensors.emplace_back(name, content);
  }
  const FileMetadata metadata = {{"format_version", "1"}, {"made_of", checksum(kTokenizerJson)}};
  write_safetensors(path, tensors, with_checksums(metadata, tensors));
}

}  // namespace

// Reads the prepared tables of a tokenizer: as they are, and as those of a faulty program, which have
// right checksums.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Folder folder;
  folder.write("tokenizer.json", kTokenizerJson);
  folder.write(kPreparedTokenizerFile, fuzz::as_text(data, size));
  fuzz::read_tokenizer(folder);
  fuzz::attempt([] {
    repair(folder.path() / kPreparedTokenizerFile);
    fuzz::read_tokenizer(folder);
  });
  return 0;
}
