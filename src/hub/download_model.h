#pragma once

#include <filesystem>

#include "fastintent/hub.h"
#include "hub/hub_cache.h"
#include "hub/hub_name.h"
#include "hub/hub_settings.h"

namespace fastintent {

/// Downloads the files of a model that fastintent reads into the cache, and returns its snapshot
/// folder. Files that the cache already has are not fetched again. Throws the errors of find_model.
std::filesystem::path download_model(const HubName& name,
                                     const HubSettings& settings,
                                     const HubCache& cache,
                                     const HubCallbacks& callbacks);

}  // namespace fastintent
