#pragma once

#include "fastintent/error.h"

namespace fastintent::cli {

/// Exit codes of the program, from BSD's sysexits.h; the table is in docs/errors.md.
enum ExitCode : int {
  kOk = 0,
  kUsage = 64,
  kBadData = 65,
  kMissingInput = 66,
  kDeviceMissing = 69,
  kInternalError = 70,
  kOutOfResources = 71,
  kCannotCreate = 73,
  kInputOutput = 74,
  kTryAgain = 75,
  kInterrupted = 130,  ///< a shell's code for a program ended by Ctrl-C
};

ExitCode exit_code(ErrorCode code);

}  // namespace fastintent::cli
