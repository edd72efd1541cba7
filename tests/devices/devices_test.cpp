#include "fastintent/devices.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"

namespace fastintent {
namespace {

TEST(ParseDevice, KnowsEveryNameAndNoOther) {
  EXPECT_EQ(parse_device("auto")->device, Device::automatic);
  EXPECT_EQ(parse_device("cpu")->device, Device::cpu);
  EXPECT_EQ(parse_device("reference")->device, Device::reference);
  EXPECT_EQ(parse_device("cuda")->device, Device::cuda);
  EXPECT_EQ(parse_device("cuda")->gpu, std::nullopt);
  EXPECT_EQ(parse_device("cuda:12")->device, Device::cuda);
  EXPECT_EQ(parse_device("cuda:12")->gpu, 12);
  for (const char* name :
       {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:1 ", "cuda:one", "cuda:99999999999", "cpu:0"}) {
    EXPECT_FALSE(parse_device(name)) << name;
  }
}

TEST(ParsePrecision, ReadsBackEveryNameAndNoOther) {
  for (const Precision precision : {Precision::automatic,
                                    Precision::fp32,
                                    Precision::tf32,
                                    Precision::fp16,
                                    Precision::bf16,
                                    Precision::int8}) {
    EXPECT_EQ(parse_precision(precision_name(precision)), precision);
  }
  EXPECT_EQ(parse_precision("auto"), Precision::automatic);
  EXPECT_EQ(parse_precision("int8"), Precision::int8);
  for (const char* name : {"", "automatic", "FP32", "fp32 ", "fp64", "unknown"}) {
    EXPECT_FALSE(parse_precision(name)) << name;
  }
}

TEST(Precisions, AreRefusedUpFrontWhereTheDeviceLacksThem) {
  EXPECT_EQ(precisions(Device::cpu),
            std::vector({Precision::fp32, Precision::bf16, Precision::int8}));
  ClassifierOptions options;
  options.device = Device::cpu;
  for (const Precision precision : {Precision::fp16, Precision::tf32}) {
    options.precision = precision;  // no model yet: nothing has been read
    expect_error(ErrorCode::invalid_argument, "(fp32, bf16, int8), found", [&] {
      IntentClassifier{options};
    });
  }
  options.precision = Precision::automatic;
  options.model_path = GoldenCase("bert_mean").model();
  IntentClassifier classifier(options);
  expect_error(ErrorCode::invalid_argument, "(fp32, bf16, int8), found fp16", [&] {
    classifier.optimize_for_inference(Precision::fp16);
  });
}

TEST(ClassifierOptions, AGpuNeedsTheDeviceCuda) {
  ClassifierOptions options;
  options.gpu = 0;
  for (const Device device : {Device::automatic, Device::cpu, Device::reference}) {
    options.device = device;
    expect_error(ErrorCode::invalid_argument, "gpu", [&] { IntentClassifier{options}; });
  }
}

}  // namespace
}  // namespace fastintent
