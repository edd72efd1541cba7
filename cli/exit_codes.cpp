#include "exit_codes.h"

namespace fastintent::cli {

ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return kUsage;
    case ErrorCode::invalid_data:
    case ErrorCode::bad_checkpoint:
    case ErrorCode::no_model:
      return kBadData;
    case ErrorCode::missing_input:
      return kMissingInput;
    case ErrorCode::cannot_create:
      return kCannotCreate;
    case ErrorCode::io_error:
      return kInputOutput;
    case ErrorCode::device_missing:
      return kDeviceMissing;
    case ErrorCode::out_of_resources:
      return kOutOfResources;
    case ErrorCode::overloaded:
    case ErrorCode::deadline_exceeded:
      return kTryAgain;
    case ErrorCode::interrupted:
      return kInterrupted;
  }
  return kInternalError;
}

}  // namespace fastintent::cli
