#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "reference/dropped.h"
#include "reference/reference_operations.h"
#include "reference/sums.h"

namespace fastintent::reference {
namespace {

// One query row and head of one sequence: the ranges of the loops below.
struct Question {
  int64_t query = 0;
  int64_t position = 0;  ///< of the query in its sequence
  int64_t head = 0;
  int64_t first_column = 0;
  int64_t width = 0;        ///< of a head
  int64_t first_key = 0;    ///< in the batch
  int64_t first_place = 0;  ///< of that key in its sequence
  int64_t keys = 0;
};

template <class Visit>
void for_each_question(const AttentionOperands& operands, const Visit& visit) {
  const AttentionSpans& spans = operands.spans;
  const int64_t heads = operands.heads;
  const int64_t width = operands.q.columns / heads;
  for (size_t s = 0; s + 1 < spans.query_starts.size(); ++s) {
    const int64_t length = spans.key_starts[s + 1] - spans.key_starts[s];
    for (int64_t query = spans.query_starts[s]; query < spans.query_starts[s + 1]; ++query) {
      const int64_t place = query - spans.query_starts[s];
      const int64_t window = operands.window;
      const int64_t first = window == 0 ? 0 : std::max<int64_t>(0, place - window);
      const int64_t end = window == 0 ? length : std::min(length, place + window + 1);
      for (int64_t head = 0; head < heads; ++head) {
        visit(Question{query,
                       place,
                       head,
                       head * width,
                       width,
                       spans.key_starts[s] + first,
                       first,
                       end - first});
      }
    }
  }
}

double dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += static_cast<double>(a[i]) * b[i];
  }
  return sum;
}

// The row of the table of biases that key `j` of the loops uses.
int64_t bucket_of(const DistanceBias& bias, const Question& at, int64_t j) {
  return bias.buckets[static_cast<size_t>(bias.reach() + at.first_place + j - at.position)];
}

// softmax(q · kᵀ / sqrt(width) + distance bias), before dropout.
std::vector<double> probabilities(const Question& at, const AttentionOperands& operands) {
  const ConstTensor q = operands.q;
  const ConstTensor k = operands.k;
  const DistanceBias& bias = operands.distance_bias;
  std::vector<double> scores(static_cast<size_t>(at.keys));
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t j = 0; j < at.keys; ++j) {
    scores[j] = dot(q.row(at.query) + at.first_column,
                    k.row(at.first_key + j) + at.first_column,
                    at.width) /
                std::sqrt(static_cast<double>(at.width));
    if (!bias.empty()) {
      scores[j] += bias.table.row(bucket_of(bias, at, j))[at.head];
    }
    largest = std::max(largest, scores[j]);
  }
  double sum = 0;
  for (double& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (double& score : scores) {
    score /= sum;
  }
  return scores;
}

}  // namespace

void attention(const AttentionOperands& operands, Tensor out) {
  const ConstTensor q = operands.q;
  const ConstTensor v = operands.v;
  Sums sums(q.rows, q.columns);
  for_each_question(operands, [&](const Question& at) {
    const std::vector<double> p = probabilities(at, operands);
    for (int64_t j = 0; j < at.keys; ++j) {
      const double weight =
          dropped(p[j],
                  operands.dropout,
                  attention_dropout_index(at.query, operands.heads, at.head, at.first_place + j));
      for (int64_t c = at.first_column; c < at.first_column + at.width; ++c) {
        sums.row(at.query)[c] += weight * v.row(at.first_key + j)[c];
      }
    }
  });
  sums.store(out, Write::overwrite);
}

// With P the probabilities and D dropout:
//   d_v = D(P)ᵀ · d_out
//   dP = D(d_out · vᵀ)
//   dS = P · (dP - sum_j P_j dP_j)
//   d_q = dS · k / sqrt(width)
//   d_k = dSᵀ · q / sqrt(width)
//   d_bias = the sums of dS by bucket
void attention_backward(const AttentionOperands& operands,
                        ConstTensor d_out,
                        const AttentionGradient& gradient) {
  const ConstTensor q = operands.q;
  const ConstTensor k = operands.k;
  const ConstTensor v = operands.v;
  Sums q_sums(q.rows, q.columns);
  Sums k_sums(k.rows, k.columns);
  Sums v_sums(k.rows, k.columns);
  const DistanceBias& bias = operands.distance_bias;
  Sums bias_sums(bias.table.rows, bias.table.columns);
  for_each_question(operands, [&](const Question& at) {
    const std::vector<double> p = probabilities(at, operands);
    std::vector<double> d_p(p.size());
    double mean_d_p = 0;
    for (int64_t j = 0; j < at.keys; ++j) {
      const double d_weight = dot(d_out.row(at.query) + at.first_column,
                                  v.row(at.first_key + j) + at.first_column,
                                  at.width);
      d_p[j] =
          dropped(d_weight,
                  operands.dropout,
                  attention_dropout_index(at.query, operands.heads, at.head, at.first_place + j));
      mean_d_p += p[j] * d_p[j];
    }
    for (int64_t j = 0; j < at.keys; ++j) {
      const double weight =
          dropped(p[j],
                  operands.dropout,
                  attention_dropout_index(at.query, operands.heads, at.head, at.first_place + j));
      const double d_biased = p[j] * (d_p[j] - mean_d_p);
      const double d_score = d_biased / std::sqrt(static_cast<double>(at.width));
      const int64_t key = at.first_key + j;
      if (!bias.empty()) {
        bias_sums.row(bucket_of(bias, at, j))[at.head] += d_biased;
      }
      for (int64_t c = at.first_column; c < at.first_column + at.width; ++c) {
        q_sums.row(at.query)[c] += d_score * k.row(key)[c];
        k_sums.row(key)[c] += d_score * q.row(at.query)[c];
        v_sums.row(key)[c] += weight * d_out.row(at.query)[c];
      }
    }
  });
  q_sums.store(gradient.d_q, Write::overwrite);
  k_sums.store(gradient.d_k, Write::overwrite);
  v_sums.store(gradient.d_v, Write::overwrite);
  bias_sums.store(gradient.d_distance_bias, Write::accumulate);
}

}  // namespace fastintent::reference
