#include "data/open_input.h"

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "fastintent/error.h"

namespace fastintent {

std::ifstream open_input(const std::filesystem::path& file) {
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(file, ignored);
  std::ifstream stream(file, std::ios::binary);
  if (folder || !stream.is_open()) {
    throw Error(ErrorCode::missing_input,
                fmt::format("read data: expected a readable file, found: {} ({})",
                            folder ? "a folder" : std::system_category().message(errno),
                            file.string()));
  }
  return stream;
}

DatasetOptions with_format_of(const std::filesystem::path& file, DatasetOptions options) {
  if (options.format == FileFormat::automatic) {
    const std::string extension = file.extension().string();
    if (extension == ".csv") {
      options.format = FileFormat::csv;
    } else if (extension == ".tsv") {
      options.format = FileFormat::tsv;
    } else if (extension == ".jsonl" || extension == ".ndjson") {
      options.format = FileFormat::jsonl;
    } else {
      options.format = FileFormat::text;
    }
  }
  return options;
}

}  // namespace fastintent
