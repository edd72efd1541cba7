#pragma once

namespace fastintent::cli {

/// While it lives, the first Ctrl-C (SIGINT), SIGTERM or SIGHUP (a lost terminal) prints `notice` and
/// is remembered; a second SIGINT or SIGTERM ends the program at once, as it would without this
/// class. A signal that was ignored (nohup) stays ignored. One at a time.
class StopSignal {
 public:
  /// `notice` must be a literal: it is printed inside the signal handler.
  explicit StopSignal(const char* notice);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const;
};

}  // namespace fastintent::cli
