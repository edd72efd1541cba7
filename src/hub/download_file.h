#pragma once

#include <cstdint>
#include <functional>

#include "hub/hub_cache.h"
#include "hub/hub_client.h"

namespace fastintent {

/// Brings the content of `file` into the cache's blobs, unless it is there. Bytes are written to
/// `<blob>.incomplete`, which survives a failure and is continued by the next call; when complete,
/// it is checked, fsynced and renamed. `on_bytes` receives the number of bytes of the file that
/// have arrived. REQUIRES: the caller holds the cache's lock of the file's checksum.
///
/// Throws io_error when writing fails, or when the content has another checksum than announced (it
/// is then removed), and the errors of HubClient.
void download_file(HubClient& client,
                   const HubCache& cache,
                   const RemoteFile& file,
                   const std::function<void(int64_t bytes)>& on_bytes);

}  // namespace fastintent
