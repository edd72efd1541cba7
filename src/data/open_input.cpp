#include "data/open_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "base/git_lfs.h"
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
  if (std::filesystem::is_regular_file(file, ignored)) {  // a pipe cannot be read twice
    std::string start(kGitLfsPointer.size(), '\0');
    stream.read(start.data(), static_cast<std::streamsize>(start.size()));
    refuse_git_lfs_pointer(start, file.string(), ErrorCode::invalid_data);
    stream.clear();
    stream.seekg(0);
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
