#include "status_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "messages.h"

namespace fastintent::cli {
namespace {

using std::chrono::milliseconds;

constexpr auto kRedraw = milliseconds(100);  // fast enough to look alive, too slow to flicker
constexpr auto kNewLine = milliseconds(5000);
constexpr int kLeastBar = 10;  // columns; a shorter bar says less than the figures beside it
constexpr int kMostBar = 40;

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string with_bar(double share, const std::string& text) {
  const int room = terminal_width() - 1;  // the last column would wrap on some terminals
  const int width = std::min(kMostBar, room - static_cast<int>(text.size()) - 3);
  if (width < kLeastBar) {
    return printable(text, static_cast<size_t>(std::max(room, 0)));
  }
  const int full = std::clamp(static_cast<int>(share * width), 0, width);
  return fmt::format("[{:=<{}}{: <{}}] {}", "", full, "", width - full, text);
}

}  // namespace

StatusLine::StatusLine() : terminal_(is_terminal()), last_drawn_(Clock::now()) {}

bool StatusLine::due() const {
  return Clock::now() - last_drawn_ >= (terminal_ ? kRedraw : kNewLine);
}

void StatusLine::restart() {
  last_drawn_ = Clock::now();
}

void StatusLine::show(double share, const std::string& text) {
  const std::string safe = printable(text);
  draw(terminal_ ? with_bar(share, safe) : safe);
}

void StatusLine::show(const std::string& text) {
  draw(printable(text));
}

void StatusLine::draw(const std::string& text) {
  restart();
  if (terminal_) {
    const std::string line = "\r" + text + "\x1b[K";  // clears the rest of a longer text
    std::fwrite(line.data(), 1, line.size(), stderr);
    shown_ = true;
  } else {
    print_message(text);
  }
}

void StatusLine::clear() {
  if (shown_) {
    std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }
}

std::string duration(double seconds) {
  const int64_t total = std::llround(seconds);
  if (total < 60) {
    return fmt::format("{} s", total);
  }
  if (total < 3600) {
    return fmt::format("{} min {:02} s", total / 60, total % 60);
  }
  return fmt::format("{} h {:02} min", total / 3600, total % 3600 / 60);
}

}  // namespace fastintent::cli
