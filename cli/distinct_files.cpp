#include "distinct_files.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "fastintent/error.h"
#include "fastintent/trainer.h"

namespace fastintent::cli {
namespace {

namespace fs = std::filesystem;

// Without links, also where the last one leads to nothing yet.
fs::path place_of(const std::string& file) {
  constexpr int kMostLinks = 40;  // as the system follows
  std::error_code unresolved;
  fs::path path = fs::absolute(file, unresolved);
  for (int links = 0; links < kMostLinks && fs::is_symlink(path, unresolved); ++links) {
    path = path.parent_path() / fs::read_symlink(path, unresolved);
  }
  unresolved.clear();
  fs::path place = fs::weakly_canonical(path, unresolved);
  if (unresolved) {
    place = path.lexically_normal();
  }
  return place.has_filename() ? place : place.parent_path();
}

// Nothing where the folder cannot be read. Not with the iterators of libstdc++, which end the process
// when memory runs out.
std::vector<fs::path> entries_of(const fs::path& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  std::vector<fs::path> entries;
  while (const dirent* entry = open != nullptr ? ::readdir(open.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      entries.push_back(folder / name);
    }
  }
  return entries;
}

bool is_same(const std::string& one, const std::string& other) {
  std::error_code absent;  // then they are not the same on the disk
  return place_of(one) == place_of(other) || fs::equivalent(one, other, absent);
}

bool is_device_or_pipe(const std::string& file) {
  std::error_code unknown;
  const fs::file_status status = fs::status(file, unknown);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

// A file of the model in `folder`, by its place or by being the same as one.
bool is_file_of_model(const std::string& file, const std::string& folder) {
  const fs::path root = place_of(folder);
  if (is_model_file(place_of(file).lexically_relative(root))) {
    return true;
  }
  const auto is_the_file = [&](const fs::path& entry) {
    std::error_code absent;
    return is_model_file(entry.lexically_relative(root)) && fs::equivalent(file, entry, absent);
  };
  for (const fs::path& entry : entries_of(root)) {
    std::error_code unknown;
    if (is_the_file(entry)) {
      return true;
    }
    if (!fs::is_directory(fs::symlink_status(entry, unknown))) {
      continue;
    }
    const std::vector<fs::path> inside = entries_of(entry);  // no file of a model is deeper
    if (std::any_of(inside.begin(), inside.end(), is_the_file)) {
      return true;
    }
  }
  return false;
}

[[noreturn]] void refuse(const char* command, const NamedFile& file, const std::string& found) {
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: {}: expected a file of its own, found {}, which is {}",
                          command,
                          file.option,
                          file.path,
                          found));
}

}  // namespace

std::string or_standard_input(const std::string& path) {
  return path.empty() || path == "-" ? "/dev/stdin" : path;
}

std::string or_standard_output(const std::string& path) {
  return path.empty() || path == "-" ? "/dev/stdout" : path;
}

void require_distinct_files(const char* command,
                            std::initializer_list<NamedFile> inputs,
                            std::initializer_list<NamedFile> outputs,
                            const std::string& model) {
  std::vector<NamedFile> taken(inputs);
  for (const NamedFile& output : outputs) {
    if (output.path.empty() || is_device_or_pipe(output.path)) {
      continue;
    }
    for (const NamedFile& other : taken) {
      if (!other.path.empty() && is_same(output.path, other.path)) {
        refuse(command, output, fmt::format("the file of {}, too", other.option));
      }
    }
    std::error_code absent;
    if (fs::is_directory(model, absent) && is_file_of_model(output.path, model)) {
      refuse(command, output, fmt::format("a file of the model {}", model));
    }
    taken.push_back(output);
  }
}

void require_apart_from_model(const char* command,
                              std::initializer_list<NamedFile> inputs,
                              const std::string& output) {
  for (const NamedFile& input : inputs) {
    if (!input.path.empty() && is_file_of_model(input.path, output)) {
      refuse(command, input, fmt::format("replaced as a file of the model in {}", output));
    }
  }
}

bool is_inside(const std::string& file, const std::string& folder) {
  const fs::path inner = place_of(file);
  const fs::path outer = place_of(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace fastintent::cli
