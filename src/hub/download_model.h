#pragma once

#include <filesystem>

#include "fastintent/hub.h"
#include "hub/hub_cache.h"
#include "hub/hub_name.h"
#include "hub/hub_settings.h"

namespace fastintent {

/// Downloads what fastintent reads of a model into the cache, and gives its snapshot folder. What
/// the cache has of it is not fetched again. Throws as find_model does.
std::filesystem::path download_model(const HubName& name,
                                     const HubSettings& settings,
                                     const HubCache& cache,
                                     const HubCallbacks& callbacks);

}  // namespace fastintent
