#include "model/calibration.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

class CalibrationFile : public testing::Test {
 protected:
  Calibration read(const std::string& text) const {
    std::ofstream(folder_ / "fastintent.json") << text;
    return read_calibration(SnapshotPath(folder_.path()));
  }
  void expect_refused(const std::string& text, const std::string& part) const {
    SCOPED_TRACE(text);
    expect_error(ErrorCode::bad_checkpoint, part, [&] { read(text); });
  }
  const TemporaryFolder folder_;
};

TEST_F(CalibrationFile, MayBeAbsent) {
  const Calibration calibration = read_calibration(SnapshotPath(folder_.path()));
  EXPECT_EQ(calibration.temperature, 1);
  EXPECT_FALSE(calibration.review_threshold.has_value());
}

TEST_F(CalibrationFile, ComesBackToTheBit) {
  for (const double value : {0.1, 1.0 / 3, 0.62134504318237305, 1.0}) {
    write_calibration(folder_.path(), {value, value});
    const Calibration calibration = read_calibration(SnapshotPath(folder_.path()));
    EXPECT_EQ(calibration.temperature, value);
    EXPECT_EQ(calibration.review_threshold, value);
  }
  write_calibration(folder_.path(), {2, std::nullopt});
  EXPECT_EQ(read_whole(folder_ / "fastintent.json"),
            "{\n  \"format_version\": 1,\n  \"temperature\": 2.0\n}\n");
  EXPECT_FALSE(read_calibration(SnapshotPath(folder_.path())).review_threshold.has_value());
}

TEST_F(CalibrationFile, HasTheLabelsThatPrecisionsKeep) {
  Calibration calibration;
  calibration.label_agreement = {{Precision::bf16, 1}, {Precision::int8, 0.9953125}};
  write_calibration(folder_.path(), calibration);
  EXPECT_EQ(read_calibration(SnapshotPath(folder_.path())).label_agreement,
            calibration.label_agreement);
  EXPECT_TRUE(
      read(R"({"format_version":1,"label_agreement":{"int2":0.5}})").label_agreement.empty())
      << "a precision of a later release";
  for (const char* share : {"-0.1", "1.0000001", "1e999", "\"0.5\"", "{}"}) {
    expect_refused(fmt::format(R"({{"format_version":1,"label_agreement":{{"int8":{}}}}})", share),
                   "fastintent.json");
  }
  expect_refused(R"({"format_version":1,"label_agreement":0.9})", "label_agreement");
}

TEST_F(CalibrationFile, MayLeaveOutWhatItDoesNotSay) {
  EXPECT_EQ(read(R"({"format_version":1})").temperature, 1);
  EXPECT_FALSE(read(R"({"format_version":1,"temperature":3})").review_threshold.has_value());
  EXPECT_EQ(read(R"({"format_version":1,"review_threshold":0})").review_threshold, 0);
}

TEST_F(CalibrationFile, MayHoldKeysOfALaterRelease) {
  EXPECT_EQ(read(R"({"format_version":1,"temperature":0.5,"colour":["red"]})").temperature, 0.5);
}

TEST_F(CalibrationFile, IsRefusedWhenItsFormatIsUnknown) {
  expect_refused(R"({"temperature":1})", "format_version");
  expect_refused(R"({"format_version":2,"temperature":1})", "found 2");
  expect_refused(R"({"format_version":0})", "found 0");
  expect_refused(R"({"format_version":"1"})", "format_version");
  expect_refused(R"([1])", "an object");
  expect_refused("{", "valid JSON");
}

TEST_F(CalibrationFile, IsRefusedWhenAValueIsImpossible) {
  for (const char* temperature : {"0", "-1", "-0.0", "1e999", "\"1\"", "true", "[1]"}) {
    expect_refused(fmt::format(R"({{"format_version":1,"temperature":{}}})", temperature),
                   "fastintent.json");
  }
  for (const char* threshold : {"-0.1", "1.0000001", "1e999", "\"0.5\"", "{}"}) {
    expect_refused(fmt::format(R"({{"format_version":1,"review_threshold":{}}})", threshold),
                   "fastintent.json");
  }
}

}  // namespace
}  // namespace fastintent
