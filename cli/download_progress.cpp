#include "download_progress.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "fastintent/hub.h"
#include "messages.h"
#include "status_line.h"
#include "stop_signal.h"

namespace fastintent::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Shows one download, with speed and time left.
class DownloadBar {
 public:
  explicit DownloadBar(const std::string& model_name) : model_name_(model_name) {}

  void update(const DownloadProgress& progress) {
    if (!first_bytes_) {
      say("Downloading {} into the Hugging Face cache.", model_name_);
      first_bytes_ = progress.bytes_done;
      start_ = Clock::now();
    }
    if (status_.due()) {
      const double total = static_cast<double>(progress.bytes_total);
      const double share = total > 0 ? static_cast<double>(progress.bytes_done) / total : 0;
      status_.show(share, line(progress));
    }
  }

  void finish(const std::filesystem::path& folder) {
    status_.clear();
    if (first_bytes_) {
      say("Downloaded {} to {}.", model_name_, folder.string());
    }
  }

  void say_above(const std::string& message) {
    status_.clear();
    say("{}", message);
  }

  void clear() { status_.clear(); }

 private:
  static double megabytes(int64_t bytes) { return static_cast<double>(bytes) / 1e6; }

  std::string line(const DownloadProgress& progress) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double speed = megabytes(progress.bytes_done - *first_bytes_) / seconds;
    std::string text = fmt::format("{}, {:.1f} MB", progress.file, megabytes(progress.bytes_done));
    if (progress.bytes_total >= 0) {
      text += fmt::format(" of {:.1f} MB", megabytes(progress.bytes_total));
    }
    text += fmt::format(", {:.1f} MB/s", speed);
    if (progress.bytes_total >= 0 && speed > 0) {
      const double left = megabytes(progress.bytes_total - progress.bytes_done);
      text += fmt::format(", {} left", duration(left / speed));
    }
    return text;
  }

  std::string model_name_;
  StatusLine status_;
  std::optional<int64_t> first_bytes_;  ///< left by an earlier download
  Clock::time_point start_;
};

}  // namespace

std::filesystem::path find_model_showing_progress(const std::string& model_name) {
  DownloadBar bar(model_name);
  const StopSignal stop("\ndownload: stopping; what has arrived is kept for the next try\n");
  HubCallbacks callbacks;
  callbacks.on_progress = [&](const DownloadProgress& progress) { bar.update(progress); };
  callbacks.should_stop = [&] { return stop.requested(); };
  callbacks.on_message = [&](const std::string& message) { bar.say_above(message); };
  try {
    std::filesystem::path folder = find_model(model_name, callbacks);
    bar.finish(folder);
    return folder;
  } catch (...) {
    bar.clear();
    throw;
  }
}

}  // namespace fastintent::cli
