#pragma once

#include <stdexcept>
#include <string>

namespace fastintent {

/// What went wrong, for callers that react to it: the command line turns each code into one exit
/// status, the Python module into one exception class (table in docs/errors.md).
enum class ErrorCode {
  invalid_argument,   ///< an option or a call is unusable as given
  invalid_data,       ///< a text, a data set or a label is unusable
  missing_input,      ///< a file or folder that was named does not exist or cannot be opened
  bad_checkpoint,     ///< a model file is malformed, incomplete or inconsistent
  cannot_create,      ///< an output may not or cannot be created
  io_error,           ///< reading or writing failed midway
  device_missing,     ///< the requested device is absent or was not built in
  out_of_resources,   ///< host or device memory ran out
  no_model,           ///< a prediction was requested before there was a trained model
  overloaded,         ///< too much work is queued; the same call may succeed later
  deadline_exceeded,  ///< the call had not begun at its deadline
  interrupted,        ///< the caller requested a stop; the promised state has been saved
};

/// Thrown by every function of the library that fails. The message names the operation, what was
/// expected and what was found (and the file, line or tensor). It is printable and short, whatever
/// the names in it are.
class Error : public std::runtime_error {
 public:
  /// `message` is "operation: expected X, found Y". It is kept as printable() returns it.
  Error(ErrorCode code, const std::string& message);

  /// The kind of error; docs/errors.md lists them.
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace fastintent
