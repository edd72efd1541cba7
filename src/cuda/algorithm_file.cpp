#include "cuda/algorithm_file.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/file_writer.h"
#include "base/limits.h"
#include "base/opened_file.h"
#include "base/parse_json.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

namespace fs = std::filesystem;

// Increase when the names of products or the meaning of a choice change.
constexpr int kFormat = 2;

std::string safe_name(std::string name) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
  for (char& letter : name) {
    if (kSafe.find(letter) == std::string_view::npos) {
      letter = '_';
    }
  }
  return name;
}

fs::path cache_folder() {
  // A relative path is ignored, as the XDG Base Directory Specification requires.
  const char* caches = std::getenv("XDG_CACHE_HOME");
  if (caches != nullptr && fs::path(caches).is_absolute()) {
    return caches;
  }
  const char* home = std::getenv("HOME");
  return home != nullptr && fs::path(home).is_absolute() ? fs::path(home) / ".cache" : fs::path();
}

nlohmann::json to_json(const Algorithm& algorithm) {
  nlohmann::json words = nlohmann::json::array();
  for (const uint64_t word : algorithm.words) {
    words.push_back(fmt::format("{:016x}", word));
  }
  return words;
}

std::optional<Algorithm> from_json(const nlohmann::json& words) {
  Algorithm algorithm;
  if (!words.is_array() || words.size() != algorithm.words.size()) {
    return {};
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].is_string()) {
      return {};
    }
    const auto& digits = words[i].get_ref<const std::string&>();
    if (digits.size() != 16 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return {};
    }
    algorithm.words[i] = std::stoull(digits, nullptr, 16);
  }
  return algorithm;
}

// Null where there is no such file, or no JSON in it.
JsonTree read_document(const fs::path& file) {
  try {
    return parse_json(OpenedFile(file).text(kMaxJsonBytes), file.string());
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

fs::path algorithm_file(const DeviceFacts& device, size_t library_version) {
  const fs::path folder = cache_folder();
  if (folder.empty()) {
    return {};
  }
  return folder / "fastintent" / "autotune" /
         fmt::format(
             "{}-{}-{}.json", safe_name(device.name), safe_name(device.driver), library_version);
}

std::map<std::string, Algorithm> read_algorithms(const fs::path& file) {
  std::map<std::string, Algorithm> algorithms;
  const JsonTree tree = read_document(file);
  const nlohmann::json& document = *tree;
  if (!document.is_object() || !document.contains("format") || document["format"] != kFormat) {
    return {};
  }
  const auto found = document.find("algorithms");
  if (found == document.end() || !found->is_object()) {
    return {};
  }
  for (const auto& [name, words] : found->items()) {
    const std::optional<Algorithm> algorithm = from_json(words);
    if (!algorithm) {
      return {};  // damaged: none of its contents can be trusted
    }
    algorithms.emplace(name, *algorithm);
  }
  return algorithms;
}

void add_algorithms(const fs::path& file, const std::map<std::string, Algorithm>& algorithms) {
  std::map<std::string, Algorithm> all = algorithms;
  all.merge(read_algorithms(file));
  nlohmann::ordered_json document;
  document["format"] = kFormat;
  for (const auto& [name, algorithm] : all) {
    document["algorithms"][name] = to_json(algorithm);
  }
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) {
    return;
  }
  try {
    write_file(file, document.dump(1) + "\n");
  } catch (const Error&) {
    // Choices that cannot be stored are made again next time.
  }
}

}  // namespace fastintent::cuda
