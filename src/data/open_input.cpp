#include "data/open_input.h"

#include <fmt/format.h>

#include <algorithm>
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

FileFormat format_of(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (extension == ".csv") {
    return FileFormat::csv;
  }
  if (extension == ".tsv") {
    return FileFormat::tsv;
  }
  return extension == ".jsonl" || extension == ".ndjson" ? FileFormat::jsonl : FileFormat::text;
}

DatasetOptions with_format_of(const std::filesystem::path& file, DatasetOptions options) {
  if (options.format == FileFormat::automatic) {
    options.format = format_of(file);
  }
  return options;
}

}  // namespace fastintent
