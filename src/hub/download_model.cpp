#include "hub/download_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "checkpoint/foreign_folder.h"
#include "fastintent/error.h"
#include "hub/download_file.h"
#include "hub/file_lock.h"
#include "hub/hub_client.h"
#include "hub/model_files.h"

namespace fastintent {
namespace {

std::string description(const HubName& name) {
  return fmt::format("{} at revision {}", name.repository, name.revision);
}

void require_weights(const RepositoryListing& listing, const HubName& name) {
  const auto& files = listing.files;
  if (std::any_of(files.begin(), files.end(), is_weights)) {
    return;
  }
  const std::optional<ForeignFolder> foreign = recognise_foreign_folder(files);
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("download model: expected model.safetensors, found {} ({}){}",
                          foreign ? foreign->what : "no weights",
                          description(name),
                          foreign ? ". " + foreign->way_out : ""));
}

[[noreturn]] void refuse_size(int64_t most,
                              std::string_view unit,
                              std::string_view found,
                              const std::string& where) {
  throw Error(
      ErrorCode::io_error,
      fmt::format(
          "download model: expected at most {} {}, found {} ({})", most, unit, found, where));
}

std::vector<RemoteFile> describe_files(HubClient& client,
                                       const RepositoryListing& listing,
                                       const HubName& name) {
  const std::vector<std::string> chosen = choose_model_files(listing.files);
  if (chosen.size() > kMaxModelFiles) {
    refuse_size(
        kMaxModelFiles, "files of a model", fmt::format("{}", chosen.size()), description(name));
  }
  std::vector<RemoteFile> files;
  files.reserve(chosen.size());
  for (const std::string& file : chosen) {
    files.push_back(client.describe(listing.commit, file));
    const RemoteFile& described = files.back();
    if (described.size > most_bytes(file)) {
      refuse_size(most_bytes(file), "bytes", fmt::format("{}", described.size), described.url);
    }
  }
  return files;
}

// The size of all files together; -1 when the hub does not report the size of one. Each is below
// kMaxWeightBytes, so the sum is exact.
int64_t total_size(const std::vector<RemoteFile>& files) {
  int64_t total = 0;
  for (const RemoteFile& file : files) {
    if (file.size < 0) {
      return -1;
    }
    total += file.size;
  }
  return total;
}

}  // namespace

std::filesystem::path download_model(const HubName& name,
                                     const HubSettings& settings,
                                     const HubCache& cache,
                                     const HubCallbacks& callbacks) {
  HubClient client(settings, name, {callbacks.should_stop, callbacks.on_message});
  const RepositoryListing listing = client.list_files();
  require_weights(listing, name);
  const std::vector<RemoteFile> files = describe_files(client, listing, name);

  DownloadProgress progress;
  progress.bytes_total = total_size(files);
  if (progress.bytes_total > kMaxModelBytes) {
    refuse_size(kMaxModelBytes,
                "bytes of a model",
                fmt::format("{}", progress.bytes_total),
                description(name));
  }
  for (const RemoteFile& file : files) {
    const int64_t before = progress.bytes_done;
    progress.file = file.name;
    const auto on_bytes = [&](int64_t bytes) {
      progress.bytes_done = before + bytes;
      if (progress.bytes_done > kMaxModelBytes) {  // of sizes that the hub does not report
        refuse_size(kMaxModelBytes, "bytes of a model", "more", description(name));
      }
      if (callbacks.on_progress) {
        callbacks.on_progress(progress);
      }
    };
    const FileLock lock(cache.lock(file.checksum), callbacks.should_stop);
    download_file(client, cache, file, on_bytes);
    cache.link(listing.commit, file.name, file.checksum);
  }

  std::filesystem::path snapshot = cache.snapshot(listing.commit);
  if (const auto missing = find_missing_model_file(snapshot)) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("download model: expected {}, found none in the repository ({})",
                            *missing,
                            description(name)));
  }
  if (!is_commit(name.revision)) {
    const FileLock lock(cache.lock("refs"), callbacks.should_stop);
    cache.write_ref(name.revision, listing.commit);
  }
  return snapshot;
}

}  // namespace fastintent
