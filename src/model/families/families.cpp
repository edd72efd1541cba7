#include "model/families/families.h"

#include <fmt/format.h>

#include <array>

namespace fastintent {
namespace {

constexpr std::array kFamilies{&bert_family,
                               &distilbert_family,
                               &roberta_family,
                               &xlm_roberta_family,
                               &camembert_family,
                               &mpnet_family,
                               &electra_family,
                               &modernbert_family};

}  // namespace

std::span<const Family* const> families() {
  return kFamilies;
}

const Family* find_family(std::string_view model_type) {
  for (const Family* family : families()) {
    if (family->model_type == model_type) {
      return family;
    }
  }
  return nullptr;
}

std::string known_families() {
  std::string list;
  for (const Family* family : families()) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : " or ", family->model_type);
  }
  return list;
}

}  // namespace fastintent
