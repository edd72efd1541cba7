#include "hub/hub_cache.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "base/file_writer.h"
#include "fastintent/error.h"
#include "hub/hub_name.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

std::string folder_name(const std::string& repository) {
  std::string name = "models--" + repository;
  if (const size_t slash = name.find('/'); slash != std::string::npos) {
    name.replace(slash, 1, "--");
  }
  return name;
}

}  // namespace

HubCache::HubCache(const fs::path& cache, const std::string& repository)
    : folder_(cache / folder_name(repository)),
      locks_(cache / ".locks" / folder_name(repository)) {}

std::optional<fs::path> HubCache::find_snapshot(const std::string& revision) const {
  std::string commit = revision;
  if (!is_commit(revision)) {
    std::ifstream ref(folder_ / "refs" / revision);
    const bool read = static_cast<bool>(ref >> commit);
    if (ref.bad()) {  // also when memory runs out: a stream keeps that to itself
      throw Error(ErrorCode::io_error,
                  fmt::format("find model: expected to read a revision's commit, found that "
                              "reading failed ({})",
                              (folder_ / "refs" / revision).string()));
    }
    if (!read || !is_commit(commit)) {
      return std::nullopt;
    }
  }
  std::error_code ignored;  // a folder that cannot be examined counts as absent
  if (!fs::is_directory(snapshot(commit), ignored)) {
    return std::nullopt;
  }
  return snapshot(commit);
}

fs::path HubCache::snapshot(const std::string& commit) const {
  return folder_ / "snapshots" / commit;
}

fs::path HubCache::blob(const std::string& checksum) const {
  return folder_ / "blobs" / checksum;
}

fs::path HubCache::lock(const std::string& name) const {
  return locks_ / (name + ".lock");
}

void HubCache::link(const std::string& commit,
                    const std::string& file,
                    const std::string& checksum) const {
  const fs::path link = snapshot(commit) / file;
  create_parent_folder(link);
  const fs::path target = blob(checksum).lexically_relative(link.parent_path());
  std::error_code error;
  if (fs::read_symlink(link, error) == target) {
    return;
  }
  fs::remove(link, error);
  fs::create_symlink(target, link, error);
  if (error) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("download model: expected to make a link, found: {} ({})",
                            error.message(),
                            link.string()));
  }
  sync_to_disk(link.parent_path());
}

void HubCache::write_ref(const std::string& revision, const std::string& commit) const {
  const fs::path ref = folder_ / "refs" / revision;
  create_parent_folder(ref);
  write_file(ref, commit);
}

void create_parent_folder(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("download model: expected to create a folder, found: {} ({})",
                            error.message(),
                            file.parent_path().string()));
  }
}

}  // namespace fastintent
