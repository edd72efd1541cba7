#include "hub/download_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <system_error>

#include "base/file_descriptor.h"
#include "base/file_writer.h"
#include "fastintent/error.h"
#include "hub/checksum.h"
#include "hub/model_files.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

// The first bytes of a file, to which the rest is appended.
class PartialFile {
 public:
  explicit PartialFile(const fs::path& path)
      : path_(path),
        descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666)) {
    size_ = descriptor_.valid() ? ::lseek(descriptor_.get(), 0, SEEK_END) : -1;
    if (size_ < 0) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("download model: expected to create a file, found: {} ({})",
                              last_system_error(),
                              path.string()));
    }
  }

  int64_t size() const { return size_; }

  void clear() {
    if (::ftruncate(descriptor_.get(), 0) != 0 || ::lseek(descriptor_.get(), 0, SEEK_SET) != 0) {
      throw_io_error();
    }
    size_ = 0;
  }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) {
        throw_io_error();
      }
      if (written > 0) {
        bytes.remove_prefix(static_cast<size_t>(written));
        size_ += written;
      }
    }
  }

 private:
  [[noreturn]] void throw_io_error() const {
    throw Error(ErrorCode::io_error,
                fmt::format("download model: expected all bytes written, found: {} ({})",
                            last_system_error(),
                            path_.string()));
  }

  fs::path path_;
  FileDescriptor descriptor_;
  int64_t size_;
};

// Throws unless the answer begins at byte `first`, as requested, of a content of the announced size.
void check_range(const HttpResponse& response, int64_t first, const RemoteFile& file) {
  const std::string range = response.header("content-range");
  const std::string total = file.size < 0 ? "" : fmt::format("/{}", file.size);
  if (!range.starts_with(fmt::format("bytes {}-", first)) ||
      (!range.ends_with(total) && !range.ends_with("/*"))) {
    throw Error(ErrorCode::io_error,
                fmt::format("download model: expected the bytes from {} on, found '{}' ({})",
                            first,
                            range,
                            file.url));
  }
}

// `etag` is that of the answers so far, as the server wrote it; empty before the first.
void fetch_rest(HubClient& client,
                PartialFile& partial,
                const RemoteFile& file,
                std::string& etag,
                const std::function<void(int64_t)>& on_bytes) {
  constexpr long kPartialContent = 206;
  bool begun = false;
  const auto resume = [&] {
    begun = false;
    return Resumption{partial.size(), etag};
  };
  const auto begin = [&](const HttpResponse& response) {
    if (response.status == kPartialContent) {
      check_range(response, partial.size(), file);
    } else {
      partial.clear();  // the server sends all of it
    }
    // A weak one ("W/") does not promise the same bytes.
    const auto found = response.headers.find("etag");
    etag = found != response.headers.end() && found->second.starts_with('"') ? found->second : "";
  };
  const bool any =
      client.fetch(file, resume, [&](const HttpResponse& response, std::string_view bytes) {
        if (!begun) {
          begin(response);
        }
        begun = true;
        const int64_t most = file.size >= 0 ? file.size : most_bytes(file.name);
        if (partial.size() + static_cast<int64_t>(bytes.size()) > most) {
          partial.clear();
          throw Error(ErrorCode::io_error,
                      fmt::format("download model: expected {} bytes, found more; what arrived is "
                                  "removed ({})",
                                  file.size,
                                  file.url));
        }
        partial.append(bytes);
        on_bytes(partial.size());
      });
  if (!any) {
    partial.clear();  // bytes of another content, which was longer
  }
}

// Fetches until all bytes have arrived. A body without a length looks complete wherever it is cut,
// and a body that has delivered its last bytes may still end in an error: only the size decides.
void fetch_all(HubClient& client,
               PartialFile& partial,
               const RemoteFile& file,
               const std::function<void(int64_t)>& on_bytes) {
  constexpr int kMostCuts = 4;  // as many tries as for a connection that fails outright
  std::string etag;
  for (int cuts = 0; partial.size() != file.size; ++cuts) {
    try {
      fetch_rest(client, partial, file, etag, on_bytes);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::interrupted || partial.size() != file.size) {
        throw;
      }
    }
    if (file.size < 0) {
      return;  // its checksum will decide
    }
    if (partial.size() < file.size && cuts == kMostCuts) {
      throw Error(ErrorCode::io_error,
                  fmt::format("download model: expected {} bytes, found {}; they are kept for "
                              "another try ({})",
                              file.size,
                              partial.size(),
                              file.url));
    }
  }
}

// Returns whether it continued a file that was there.
bool fetch_into(const fs::path& incomplete,
                HubClient& client,
                const RemoteFile& file,
                const std::function<void(int64_t)>& on_bytes) {
  PartialFile partial(incomplete);
  if (partial.size() > file.size) {  // also when the size is unknown
    partial.clear();
  }
  const bool resumed = partial.size() > 0;
  on_bytes(partial.size());
  fetch_all(client, partial, file, on_bytes);
  return resumed;
}

}  // namespace

void download_file(HubClient& client,
                   const HubCache& cache,
                   const RemoteFile& file,
                   const std::function<void(int64_t bytes)>& on_bytes) {
  const fs::path blob = cache.blob(file.checksum);
  create_parent_folder(blob);
  if (fs::exists(blob)) {
    const auto size = static_cast<int64_t>(fs::file_size(blob));
    if (file.size < 0 || size == file.size) {
      on_bytes(size);
      return;
    }
    fs::remove(blob);  // a power cut under a tool that does not wait for the disk
  }
  const fs::path incomplete = blob.string() + ".incomplete";
  // What an earlier call left may be bytes of something else: with all bytes anew it must fit.
  const bool resumed = fetch_into(incomplete, client, file, on_bytes);
  bool sound = has_checksum(incomplete, file.checksum);
  if (!sound && resumed) {
    fs::remove(incomplete);
    fetch_into(incomplete, client, file, on_bytes);
    sound = has_checksum(incomplete, file.checksum);
  }
  if (!sound) {
    fs::remove(incomplete);
    throw Error(ErrorCode::io_error,
                fmt::format("download model: expected the checksum {}, found another; what arrived "
                            "is removed, so that another try begins anew ({})",
                            file.checksum,
                            file.url));
  }
  sync_to_disk(incomplete);
  fs::rename(incomplete, blob);
  sync_to_disk(blob.parent_path());
}

}  // namespace fastintent
