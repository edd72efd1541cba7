#include "demo/conversation.h"

#include <unistd.h>

#include <iostream>

namespace fastintent::cli {

bool is_conversation() {
  return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
}

std::optional<std::string> ask(std::string_view question) {
  std::cerr << question << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) {
    return std::nullopt;
  }
  return line;
}

}  // namespace fastintent::cli
