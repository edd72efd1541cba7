#include "messages.h"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace fastintent::cli {

void print_message(std::string_view message) {
  char end = '\n';
  // writev only reads the bytes.
  const std::array<iovec, 2> line = {
      {{const_cast<char*>(message.data()), message.size()}, {&end, 1}}};
  [[maybe_unused]] const ssize_t count = writev(STDERR_FILENO, line.data(), line.size());
}

std::string counted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

namespace {

// $'...', in which bash, zsh and ksh read escapes of bytes.
std::string quoted_bytes(const std::string& argument) {
  std::string quoted = "$'";
  for (const char c : argument) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x7F) {
      quoted += fmt::format("\\{:03o}", byte);
    } else {
      quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    }
  }
  return quoted + '\'';
}

}  // namespace

std::string shell_quoted(const std::vector<std::string>& arguments) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:+@%";
  std::string line;
  for (const std::string& argument : arguments) {
    if (!line.empty()) {
      line += ' ';
    }
    if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) {
      line += argument;
      continue;
    }
    if (printable(argument, argument.size()) != argument) {
      line += quoted_bytes(argument);
      continue;
    }
    line += '\'';
    for (const char c : argument) {
      line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    line += '\'';
  }
  return line;
}

}  // namespace fastintent::cli
