#include "access_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/json_writer.h"
#include "fastintent/error.h"

namespace fastintent::serve {

AccessLog::AccessLog(const std::string& destination) {
  if (destination.empty()) {
    descriptor_ = STDERR_FILENO;
  } else if (destination != "off") {
    file_ = destination;
    reopen();
  }
}

AccessLog::~AccessLog() {
  if (!file_.empty()) {
    close(descriptor_);
  }
}

void AccessLog::reopen() {
  if (file_.empty()) {
    return;
  }
  // Only the server's user and group read it: it says when clients call.
  const int opened = open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (opened < 0) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("serve: expected to append to {} (--access-log), found: {}",
                            file_,
                            std::generic_category().message(errno)));
  }
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
  descriptor_ = opened;
}

void AccessLog::write(const AccessRecord& record) const {
  if (descriptor_ < 0) {
    return;
  }
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  JsonWriter line(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
  line.begin_object();
  line.member("ts", fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(whole), (now - whole).count()));
  line.member("request_id", record.request_id);
  if (!record.trace_id.empty()) {
    line.member("trace_id", record.trace_id);
  }
  line.member("route", record.route);
  line.member("status", record.status);
  if (!record.key_name.empty()) {
    line.member("key", record.key_name);
  }
  line.member("bytes_in", record.bytes_in);
  line.member("bytes_out", record.bytes_out);
  if (!record.model.empty()) {
    line.member("model", record.model);
    line.member("version", record.version);
    line.member("texts", record.texts);
    line.member("tokens", record.tokens);
    line.member("from_cache", record.from_cache);
  }
  const auto microseconds = std::chrono::floor<std::chrono::microseconds>(record.duration);
  line.member("total_ms", static_cast<double>(microseconds.count()) / 1000);
  line.end_object();
  const std::string text = line.text() + "\n";
  // A full disk must not stop the service.
  [[maybe_unused]] const ssize_t count = ::write(descriptor_, text.data(), text.size());
}

}  // namespace fastintent::serve
