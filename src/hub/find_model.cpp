#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "fastintent/error.h"
#include "fastintent/hub.h"
#include "hub/download_model.h"
#include "hub/hub_cache.h"
#include "hub/hub_name.h"
#include "hub/hub_settings.h"
#include "hub/model_files.h"
#include "hub/web_address.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

HubName require_hub_name(const std::string& model_name) {
  std::error_code ignored;  // a path that cannot be examined counts as absent
  if (fs::is_regular_file(model_name, ignored)) {
    throw Error(ErrorCode::missing_input,
                fmt::format("find model: expected a folder, or a Hugging Face id such as "
                            "organisation/name, found a file ({}); name the folder that it is in",
                            model_name));
  }
  const std::optional<HubName> name = parse_hub_name(model_name);
  if (fs::exists(model_name, ignored) || !name) {
    throw Error(ErrorCode::missing_input,
                fmt::format("find model: expected a folder, or a Hugging Face id such as "
                            "organisation/name, found neither ({})",
                            without_secrets(model_name)));
  }
  return *name;
}

}  // namespace

std::optional<fs::path> find_local_model(const std::string& model_name) {
  std::error_code ignored;
  if (fs::is_directory(model_name, ignored)) {
    return model_name;
  }
  const HubName name = require_hub_name(model_name);
  const HubCache cache(read_hub_settings().cache, name.repository);
  std::optional<fs::path> snapshot = cache.find_snapshot(name.revision);
  return snapshot && !find_missing_model_file(*snapshot) ? snapshot : std::nullopt;
}

fs::path find_model(const std::string& model_name, const HubCallbacks& callbacks) {
  if (const std::optional<fs::path> folder = find_local_model(model_name)) {
    return *folder;
  }
  const HubName name = require_hub_name(model_name);
  const HubSettings settings = read_hub_settings();
  const HubCache cache(settings.cache, name.repository);
  const std::optional<fs::path> snapshot = cache.find_snapshot(name.revision);
  const std::optional<std::string> missing =
      snapshot ? find_missing_model_file(*snapshot) : std::nullopt;
  if (settings.offline) {
    throw Error(ErrorCode::missing_input,
                fmt::format("find model: expected a folder, or a model in the hub cache at {}, "
                            "found {}, and no download is allowed since HF_HUB_OFFLINE is set ({})",
                            settings.cache.string(),
                            missing ? "one that lacks " + *missing : "neither",
                            model_name));
  }
  try {
    return download_model(name, settings, cache, callbacks);
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::io_error, fmt::format("download model: {}", error.what()));
  }
}

}  // namespace fastintent
