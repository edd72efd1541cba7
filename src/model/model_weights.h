#pragma once

#include <string>
#include <vector>

#include "compute/backend.h"
#include "compute/host_memory.h"
#include "model/model_config.h"

namespace fastintent {

// Weights and their gradients share one set of structs; parts that a model lacks are empty.
// Everything but the word table is stored in one flat range of memory, so that optimizer and
// reductions run over it without regard to tensors.

struct LinearWeights {
  Tensor weight;  // [N,K]
  Tensor bias;    // [1,N], or empty
};

/// Parts of a fused projection [3H,H]: the rows of the queries, and the rows of the keys and
/// values.
LinearWeights query_rows(const LinearWeights& fused);      // [H,H]
LinearWeights key_value_rows(const LinearWeights& fused);  // [2H,H]

struct NormWeights {
  Tensor scale;  // [1,H]
  Tensor shift;  // [1,H], or empty
};

struct LayerWeights {
  LinearWeights query_key_value;   // [3H,H], the three projections one below the other
  LinearWeights attention_output;  // [H,H]
  NormWeights attention_norm;
  LinearWeights intermediate;  // [I,H], or [2I,H] of a gated feed-forward
  LinearWeights output;        // [H,I]
  NormWeights output_norm;
};

struct EncoderWeights {
  // E is the width of the embeddings, H unless they are projected.
  // [vocabulary,E]; as a gradient [U,E]: one row for each distinct word piece of the step
  Tensor word;
  Tensor position_table;  // [positions,E], as it is stored, or empty
  Tensor position;        // its rows from EncoderConfig::first_position on
  Tensor segment;         // [segments,E] or empty
  Tensor distance_bias;   // [buckets,heads], or empty
  NormWeights embedding_norm;
  LinearWeights embedding_projection;  // [H,E], or empty
  std::vector<LayerWeights> layers;
};

struct HeadWeights {
  LinearWeights dense;       // [H,H], or empty
  NormWeights norm;          // or empty
  LinearWeights classifier;  // [C,H]
};

struct ModelWeights {
  EncoderWeights encoder;
  HeadWeights head;
};

/// Weights with their memory.
struct OwnedWeights {
  ModelWeights weights;
  Buffer flat;  // all but the word table
  Buffer word;
};

/// The number of floats of a model's weights without the word table, as allocate_weights lays them
/// out.
int64_t flat_parameter_count(const ModelConfig& config);

/// Zeroed memory for `floats` in one row, without the filler rows that a tensor of one row would
/// have.
Buffer allocate_flat(Backend& backend, int64_t floats);

/// Zeroed weights of a model in a backend's memory, with a word table of `word_rows` rows (0: none,
/// the caller sets it).
OwnedWeights allocate_weights(Backend& backend, const ModelConfig& config, int64_t word_rows);
/// The same in host memory.
OwnedWeights allocate_host_weights(const ModelConfig& config, int64_t word_rows);

/// A model's weights that the host can read and write: the weights themselves if the backend shares
/// host memory, otherwise a copy. Backend and weights must outlive it.
class HostWeights {
 public:
  HostWeights(Backend& backend, const OwnedWeights& weights, const ModelConfig& config);

  const ModelWeights& get() const { return view_; }
  /// Copies the backend's values into the view, and the view's values to the backend.
  void read();
  void write() const;

 private:
  HostView flat_;
  HostView word_;
  ModelWeights view_;
};

/// One tensor under its Hugging Face name, a view into ModelWeights.
struct NamedTensor {
  // Without the family's prefix for the encoder; "linear.weight" for a cls or mean head.
  std::string name;
  Tensor tensor;
  int depth = 0;  // 0 embeddings, 1.. layers, layers + 1 head: for layer-wise learning rates
  bool is_vector = false;  // stored with one dimension
  bool is_scale = false;   // of a norm, which begins at 1
  bool decays = false;     // uses weight decay: not a bias, a table of biases or a layer norm
};

/// Lists every encoder tensor under its name in the family, without the family's prefix
/// ("embeddings.word_embeddings.weight").
std::vector<NamedTensor> name_encoder_tensors(const EncoderWeights& weights,
                                              const EncoderConfig& config);

/// Lists the head's tensors under the names of the family ("pooler.dense.weight",
/// "classifier.weight" for BERT), or as "linear.weight", "linear.bias" for cls and mean (the Dense
/// module of sentence-transformers).
std::vector<NamedTensor> name_head_tensors(const HeadWeights& weights, const ModelConfig& config);

/// The classifier's name in that list, without ".weight" and ".bias".
std::string classifier_name(const ModelConfig& config);

}  // namespace fastintent
