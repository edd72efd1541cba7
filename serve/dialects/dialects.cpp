#include "dialects.h"

namespace fastintent::serve {
namespace {

std::vector<std::unique_ptr<Dialect>> make_dialects() {
  std::vector<std::unique_ptr<Dialect>> dialects;
  dialects.push_back(make_native());
  dialects.push_back(make_tei());
  dialects.push_back(make_hugging_face());
  dialects.push_back(make_open_inference());
  dialects.push_back(make_vllm());
  dialects.push_back(make_kserve_v1());
  dialects.push_back(make_sagemaker());
  dialects.push_back(make_rasa());
  dialects.push_back(make_azure());
  return dialects;
}

}  // namespace

std::span<const std::unique_ptr<Dialect>> dialects() {
  static const std::vector<std::unique_ptr<Dialect>> all = make_dialects();
  return all;
}

}  // namespace fastintent::serve
