#include "output.h"

#include <unistd.h>

namespace fastintent::cli {
namespace {

constexpr size_t kBufferSize = 1 << 16;  // a pipe's capacity: no larger write is done at once

bool is_standard_output(const std::string& file) {
  return file.empty() || file == "-";
}

}  // namespace

Output::Output(const std::string& file, Unfinished unfinished)
    : file_(is_standard_output(file) ? FileWriter(STDOUT_FILENO, "standard output")
                                     : FileWriter(file, unfinished)) {}

std::filesystem::path Output::partial_name(const std::string& file) {
  return is_standard_output(file) ? std::filesystem::path() : FileWriter::partial_name(file);
}

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBufferSize) {
    flush();
  }
}

void Output::flush() {
  file_.write(buffer_);
  buffer_.clear();
}

void Output::finish() {
  flush();
  file_.finish();
}

}  // namespace fastintent::cli
