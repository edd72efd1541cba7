#include "api/output_folder.h"

#include <fmt/format.h>

#include <system_error>

#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

fs::path normalized_output(const fs::path& folder) {
  std::error_code ignored;
  const fs::path path = fs::absolute(folder, ignored).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

void require_output_folder(const char* operation, const fs::path& folder, bool overwrite) {
  std::error_code error;
  const bool in_use = fs::exists(folder, error) &&
                      !(fs::is_directory(folder, error) && fs::is_empty(folder, error));
  if (!in_use) {
    return;
  }
  const char* expected = nullptr;
  if (!overwrite) {
    expected = "an output folder that is new or empty, or leave to replace a model (--force)";
  } else if (!fs::exists(folder / "config.json", error)) {
    expected = "a model folder to replace, with a config.json, or an empty one";
  }
  if (expected == nullptr) {
    return;
  }
  throw Error(ErrorCode::cannot_create,
              fmt::format("{}: expected {}, found {}", operation, expected, folder.string()));
}

}  // namespace fastintent
