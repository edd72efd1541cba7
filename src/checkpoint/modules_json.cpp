#include "checkpoint/modules_json.h"

#include <fmt/format.h>

#include "base/parse_json.h"
#include "checkpoint/json_document.h"
#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

[[noreturn]] void fail(const std::string& file, std::string_view expected, std::string_view found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected {}, found {}", file, expected, found));
}

// nullptr when there is none.
const std::string* find_text(const json& module, const char* key) {
  const auto found = module.is_object() ? module.find(key) : module.end();
  return found == module.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::vector<ModuleEntry> modules_of(const json& document,
                                    const std::string& name,
                                    Malformed malformed) {
  if (!document.is_array()) {
    fail(name, "an array of modules", document.type_name());
  }
  std::vector<ModuleEntry> modules;
  for (const json& module : document) {
    const std::string* type = find_text(module, "type");
    const std::string* path = find_text(module, "path");
    if (malformed == Malformed::refused && (type == nullptr || path == nullptr)) {
      fail(name, "modules with \"type\" and \"path\"", module.dump());
    }
    modules.push_back({type == nullptr ? "" : *type, path == nullptr ? "" : *path});
  }
  return modules;
}

}  // namespace

std::vector<ModuleEntry> read_modules_json(const std::filesystem::path& file, Malformed malformed) {
  try {
    const std::string name = file.string();
    return modules_of(*parse_json(OpenedFile(file).text(kMaxJsonBytes), name), name, malformed);
  } catch (const Error&) {
    if (malformed == Malformed::ignored) {
      return {};
    }
    throw;
  }
}

std::vector<ModuleEntry> read_modules_json(const SnapshotPath& file) {
  const std::string name = file.string();
  return modules_of(*parse_json(*file.text(kMaxJsonBytes), name), name, Malformed::refused);
}

}  // namespace fastintent
