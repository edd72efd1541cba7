#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "model/config_numbers.h"
#include "model/families/families.h"

// MPNet (Song et al. 2020): the layers of BERT with a bias by distance in attention, which all
// layers share. Positions and head are those of RoBERTa; there are no segments.
namespace fastintent {
namespace {

// The code of the family in transformers has both numbers, whatever config.json says.
constexpr int64_t kBuckets = 32;
constexpr int64_t kPadding = 1;

// Half of the buckets are for keys behind the query. Of each half, the first eight have one distance
// each; bucket 8 + n begins where the distance reaches 8 * 2^(n/2), so that its square reaches
// 64 * 2^n, and the last one has no end (Raffel et al. 2020, for distances up to 128).
uint8_t bucket_of(int64_t distance) {
  constexpr uint64_t kHalf = kBuckets / 2;
  constexpr uint64_t kExact = kHalf / 2;
  const auto away = static_cast<uint64_t>(std::abs(distance));
  uint64_t bucket = away;
  if (away >= kExact) {
    const auto doublings = std::bit_width(away * away / (kExact * kExact)) - 1;
    bucket = std::min(kExact + static_cast<uint64_t>(doublings), kHalf - 1);
  }
  return static_cast<uint8_t>(bucket + (distance > 0 ? kHalf : 0));
}

EncoderConfig read_config(const JsonDocument& config) {
  EncoderConfig encoder = read_bert_config(config);
  const int64_t buckets = config.integer_or("relative_attention_num_buckets", kBuckets);
  if (buckets != kBuckets) {
    fail_setting(config,
                 "relative_attention_num_buckets",
                 fmt::format("{}, the number that the family computes with", kBuckets),
                 fmt::format("{}", buckets));
  }
  encoder.vocabulary = size_of(config, "vocab_size", kMostRows, 30527);
  encoder.first_position = kPadding;
  encoder.padding_id = static_cast<int32_t>(kPadding);
  encoder.segments = 0;
  encoder.distance_bias_rows = kBuckets;
  const int64_t reach = encoder.max_tokens() - 1;
  for (int64_t distance = -reach; distance <= reach; ++distance) {
    encoder.distance_buckets.push_back(bucket_of(distance));
  }
  encoder.own_head.dropout_before_dense = true;
  encoder.head_dropout = encoder.hidden_dropout;  // classifier_dropout is not read
  return encoder;
}

constexpr EncoderNames mpnet_names() {
  EncoderNames names = kBertEncoderNames;
  names.segment = {};
  names.query = "attention.attn.q";
  names.key = "attention.attn.k";
  names.value = "attention.attn.v";
  names.attention_output = "attention.attn.o";
  names.attention_norm = "attention.LayerNorm";
  names.distance_bias = "encoder.relative_attention_bias.weight";
  return names;
}

}  // namespace

const Family mpnet_family{
    .model_type = "mpnet",
    .architecture = "MPNet",
    .prefix = "mpnet.",
    .read_config = read_config,
    .encoder = mpnet_names(),
    .head = {.dense = "classifier.dense", .classifier = "classifier.out_proj"}};

}  // namespace fastintent
