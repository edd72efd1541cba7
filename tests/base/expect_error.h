#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fastintent/error.h"

namespace fastintent {

/// Expects that `call` throws an Error of `code` with `part` in its message.
template <class Call>
void expect_error(ErrorCode code, const std::string& part, Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
        << "expected: " << part << "\nfound: " << error.what();
    return;
  }
  ADD_FAILURE() << "expected an error with: " << part;
}

}  // namespace fastintent
