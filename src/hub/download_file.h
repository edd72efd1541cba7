#pragma once

#include <cstdint>
#include <functional>

#include "hub/hub_cache.h"
#include "hub/hub_client.h"

namespace fastintent {

/// Brings the content of `file` into the cache's blobs, unless it is there. Bytes go to
/// `<blob>.incomplete`, which outlives a failure and is gone on with by the next call; when all are
/// there they are checked, fsynced and renamed. `on_bytes` hears how many of the file are there.
/// REQUIRES: the caller holds the cache's lock of the file's checksum.
///
/// Throws io_error when writing fails, or when the content has another checksum than announced (it
/// is then removed), and what HubClient throws.
void download_file(HubClient& client,
                   const HubCache& cache,
                   const RemoteFile& file,
                   const std::function<void(int64_t bytes)>& on_bytes);

}  // namespace fastintent
