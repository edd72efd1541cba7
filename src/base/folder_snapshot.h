#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/file_descriptor.h"
#include "base/opened_file.h"
#include "fastintent/error.h"

namespace fastintent {

/// The files of a folder as those of one moment. The folder itself is opened, and its files through
/// it, so that another folder that takes its name does not matter. What happened to the files
/// meanwhile is reported by `unchanged`. Safe from many threads.
class FolderSnapshot {
 public:
  /// Throws missing_input when there is no such folder or it may not be read.
  explicit FolderSnapshot(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return path_; }
  /// Here and below, `name` is relative to the folder: "1_Pooling/config.json".
  bool has(const std::string& name) const;
  /// Throws as OpenedFile does. The file is not kept open by the snapshot.
  std::shared_ptr<const OpenedFile> open(const std::string& name) const;
  /// The whole content of a small file, read once and kept. Throws as open() and OpenedFile::text.
  std::shared_ptr<const std::string> text(const std::string& name, uint64_t most_bytes) const;

  /// Copies all files and folders, but those at the top that `leave_out` names, into the folder
  /// `out`, links followed. Throws io_error, also when a file changed meanwhile.
  void copy_to(const std::filesystem::path& out,
               const std::function<bool(const std::string& name)>& leave_out) const;

  /// Whether everything that was read through the snapshot belongs together: no file was written to
  /// or replaced since, and none had been removed before it was looked for.
  bool unchanged() const;
  /// Throws io_error, with the name of the file, unless unchanged().
  void require_unchanged(const char* operation) const;

 private:
  // Whether the file is there now; remembers one that the listing has and that is gone.
  bool look_for(const std::string& name) const;
  std::string find_change() const;  // the path of a file; empty when unchanged
  void list(const std::string& folder);
  bool is_covered(const std::string& name) const;
  std::string shown(const std::string& name) const;

  std::filesystem::path path_;
  FileDescriptor folder_;
  std::set<std::string> folders_;  // of the listing, with "" for the top
  std::set<std::string> names_;    // all that the listing has
  mutable std::mutex mutex_;       // guards the next three members
  mutable std::string lost_;       // a file that the listing has and that was gone
  mutable std::map<std::string, FileState> opened_;
  mutable std::map<std::string, std::shared_ptr<const std::string>> texts_;
};

/// The place of a file or folder in a snapshot, used like a path: `folder / "config.json"`.
class SnapshotPath {
 public:
  /// A new snapshot of `folder`. Throws as FolderSnapshot does.
  explicit SnapshotPath(const std::filesystem::path& folder)
      : snapshot_(std::make_shared<const FolderSnapshot>(folder)) {}

  SnapshotPath operator/(const std::filesystem::path& name) const;
  /// The folder of this file.
  SnapshotPath parent() const;
  bool exists() const { return snapshot_->has(name_); }
  std::shared_ptr<const OpenedFile> open() const { return snapshot_->open(name_); }
  std::shared_ptr<const std::string> text(uint64_t most_bytes) const {
    return snapshot_->text(name_, most_bytes);
  }
  std::filesystem::path path() const;  ///< outside the snapshot, for messages
  std::string string() const { return path().string(); }
  const FolderSnapshot& snapshot() const { return *snapshot_; }

 private:
  std::shared_ptr<const FolderSnapshot> snapshot_;
  std::string name_;  // empty: the folder itself
};

/// Waits some milliseconds. Throws io_error at the last attempt: the folder changes all the time.
void wait_to_load_again(const std::filesystem::path& folder, int attempt);

/// Returns what `load` makes of a snapshot of `folder`. When the folder changed meanwhile, loads it
/// again, a bounded number of times. Throws what `load` throws; io_error when the folder always
/// changed.
template <class Load>
auto load_unchanged(const std::filesystem::path& folder, const Load& load) {
  for (int attempt = 1;; ++attempt) {
    const SnapshotPath at(folder);
    try {
      auto loaded = load(at);
      if (at.snapshot().unchanged()) {
        return loaded;
      }
    } catch (const Error&) {
      if (at.snapshot().unchanged()) {
        throw;
      }
    }
    wait_to_load_again(folder, attempt);
  }
}

}  // namespace fastintent
