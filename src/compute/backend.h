#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/team.h"
#include "compute/adamw_rates.h"
#include "compute/answers.h"
#include "compute/buffer.h"
#include "compute/device_operations.h"
#include "compute/device_traits.h"
#include "compute/dropout.h"
#include "compute/layer.h"
#include "compute/operands.h"
#include "compute/tensor.h"

namespace fastintent {

/// Runs the fused operations of a transformer encoder, forward and backward, on one device.
///
/// Public functions check shapes once and throw Error(invalid_argument) with the operation, what
/// was expected and what was found; a device implements DeviceOperations, which rely on these checks.
/// Zero rows are allowed everywhere. Tensors are in this backend's memory. Activation tensors come
/// from Buffer::tensor: they start at a buffer's first row (column slices are allowed) and own
/// filler rows up to a multiple of kRowTile, which any operation may use as scratch.
///
/// Row results do not depend on the other rows of a call (law 2, batch invariance).
///
/// Activation gradients overwrite unless a `Write` says otherwise. One backend serves one thread at
/// a time.
class Backend : protected DeviceOperations {
 public:
  /// What the device can do; constant, and safe to read from many threads.
  virtual const DeviceTraits& traits() const = 0;
  std::string_view name() const { return traits().name; }

  // --- memory

  /// Returns memory for a [rows, columns] tensor and its filler rows, zeroed. Throws
  /// out_of_resources.
  Buffer allocate(int64_t rows, int64_t columns);
  /// Copies from host memory / to host memory.
  void upload(ConstTensor host, Tensor out);
  void download(ConstTensor in, Tensor host);
  void clear(Tensor out);  ///< zeros
  /// Returns when all work submitted to the device is done.
  virtual void synchronize() = 0;

  // --- weights

  /// Prepares a weight [N,K] in a precision that this device multiplies in. For
  /// WeightUse::inference the weight is in host memory and may be freed afterwards; for training it
  /// is in this backend's memory and must outlive the handle.
  std::unique_ptr<PreparedWeight> prepare_weight(ConstTensor weight,
                                                 Precision precision,
                                                 WeightUse use);
  /// Makes a weight [N,K] for inference from the bytes of PreparedWeight::packed(), of this or an
  /// earlier process. The bytes are used in place, so they must outlive it. Throws invalid_argument
  /// unless their layout is the device's layout for `precision`, bad_checkpoint unless their size
  /// is that of [N,K].
  std::unique_ptr<PreparedWeight> adopt_weight(const PackedBytes& packed,
                                               int64_t output_width,
                                               int64_t input_width,
                                               Precision precision);
  /// Updates a training weight after rows [first, first + count) of its source tensor have changed.
  void refresh_weight(PreparedWeight& weight, int64_t first, int64_t count);

  // --- forward

  /// out = dropout(layer_norm(word[id] + position[p] + segment[s])); empty tables are left out.
  /// out [T,H]
  /// Throws when an id, segment or position is outside its table.
  void embed(const TokenInputs& tokens,
             const EmbeddingTables& tables,
             const LayerNorm& layer_norm,
             Dropout dropout,
             Tensor out,
             NormalizedRows keep = {});

  /// out = activation(in · weightᵀ + bias).   in [T,K], weight [N,K], bias [N] or empty, out [T,N]
  /// If `pre_activation` [T,N] is not empty, in · weightᵀ + bias is stored there for the backward
  /// of the activation.
  void linear(ConstTensor in,
              const PreparedWeight& weight,
              std::span<const float> bias,
              Activation activation,
              Tensor out,
              Tensor pre_activation = {});

  /// out = activation(a) · b, element by element, where in = [a b].   in [T,2I], out [T,I]
  void gate(ConstTensor in, Activation activation, Tensor out);

  /// Rotates each pair of values (x, y) of each head's row, in place, by its angle (Su et al. 2021):
  ///   (x cos - y sin, y cos + x sin), angle = position · frequency
  /// Pair i of a head has the columns i and i + W/2, where W is the head's width.
  /// rows [T,n·W]; positions [T] and frequencies [W/2] in host memory
  void rotate(Tensor rows,
              std::span<const int32_t> positions,
              std::span<const float> frequencies,
              Rotation direction);

  /// out [Tq,H] = dropout(softmax(q · kᵀ / sqrt(H / heads) + distance bias)) · v within each
  /// sequence and head.
  void attention(const AttentionOperands& operands, Tensor out);

  /// out = layer_norm(dropout(in) + residual).   in, residual, out [T,H]; out may be in or residual
  /// An empty residual counts as zero. If `sum` [T,H] is not empty, dropout(in) + residual is stored
  /// there; it may be the residual, but not out.
  void add_and_normalize(ConstTensor in,
                         ConstTensor residual,
                         const LayerNorm& layer_norm,
                         Dropout dropout,
                         Tensor out,
                         NormalizedRows keep = {},
                         Tensor sum = {});

  /// Writes one row per sequence: its first token or the mean of its tokens.
  /// hidden [T,H], starts [S+1], out [S,H]
  /// Throws when a sequence is empty.
  void pool(ConstTensor hidden, std::span<const int32_t> starts, Pooling pooling, Tensor out);

  /// out = dropout(in); out may be in. Applied to a gradient, this is also the backward of dropout.
  void apply_dropout(ConstTensor in, Dropout dropout, Tensor out);

  /// Runs embeddings and all layers, forward only and without dropout, if the device has a faster
  /// implementation of this encoder than the single operations above; otherwise returns false and
  /// does nothing. The weights are for inference. The return value depends on the kinds of the
  /// encoder's layers alone.
  /// out: [T,H], or [S,H] if the last layer continues with first rows only
  /// `team` may run parts of it on other threads; null: on the calling thread alone.
  bool try_encode(const TokenInputs& tokens,
                  std::span<const int32_t> starts,
                  const PreparedEncoder& encoder,
                  Team* team,
                  Tensor out);

  /// Runs encoder, head and the ranking of the logits, forward only, if the device computes answers
  /// from tokens in one go for this encoder, so that only the answers are copied to the host;
  /// otherwise returns false and does nothing. The answers are the classes of the largest logits of
  /// each text with their probabilities softmax(logits / temperature). Waits until they are
  /// complete. The weights are for inference, no text is empty, and the temperature is positive and
  /// finite.
  bool try_answer(const TokenInputs& tokens,
                  std::span<const int32_t> starts,
                  const PreparedEncoder& encoder,
                  const PreparedHead& head,
                  double temperature,
                  const Answers& answers);

  // --- loss

  /// losses[s] = the loss of row s, not divided by the normalizer.
  /// d_logits = the gradient of the sum of the losses, divided by the normalizer.
  /// Both are 0 in rows labelled kNoLabel.
  /// logits, d_logits [S,C], losses [S]; labels [S], host memory
  void softmax_cross_entropy(ConstTensor logits,
                             std::span<const int32_t> labels,
                             const CrossEntropy& options,
                             std::span<float> losses,
                             Tensor d_logits);

  // --- backward, one per forward

  /// d_out [T,H] is overwritten.
  void embed_backward(const TokenInputs& tokens,
                      const NormalizedRows& kept,
                      std::span<const float> scale,
                      Dropout dropout,
                      Tensor d_out,
                      const EmbeddingGradient& gradient);

  /// d_table[slots[t]] += d_rows[t].   d_rows [T,H], slots [T] host memory, d_table [U,H]
  void add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table);

  /// in [T,K], pre_activation [T,N] (empty for Activation::none); d_out [T,N] is overwritten.
  void linear_backward(ConstTensor in,
                       const PreparedWeight& weight,
                       Activation activation,
                       ConstTensor pre_activation,
                       Tensor d_out,
                       const LinearGradient& gradient);

  /// d_in = the gradient of gate's argument. in, d_in [T,2I], d_out [T,I]
  void gate_backward(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in);

  /// d_out [Tq,H]. Probabilities are recomputed rather than kept.
  void attention_backward(const AttentionOperands& operands,
                          ConstTensor d_out,
                          const AttentionGradient& gradient);

  /// d_residual is the gradient of the sum, d_in that gradient through dropout. d_in may be
  /// d_residual when dropout.rate is 0, and either may be d_out. All [T,H]. d_shift may be empty.
  /// `d_sum` [T,H], or empty for zero, is the gradient of the stored sum; it may be d_residual.
  void add_and_normalize_backward(const NormalizedRows& kept,
                                  std::span<const float> scale,
                                  Dropout dropout,
                                  ConstTensor d_out,
                                  Tensor d_in,
                                  Tensor d_residual,
                                  const NormGradient& gradient,
                                  ConstTensor d_sum = {});

  /// d_out [S,H], d_hidden [T,H]; `write` selects overwrite or add for d_hidden.
  void pool_backward(ConstTensor d_out,
                     std::span<const int32_t> starts,
                     Pooling pooling,
                     Write write,
                     Tensor d_hidden);

  // --- passes

  /// Runs `work`, which calls operations of this backend. Passes of equal `shape` call the same
  /// operations on the same tensors; only host memory contents, a normalizer or a seed may differ.
  /// A device may record them and replay the record from then on. `work` may run several times, and
  /// must not allocate, upload, download or synchronize.
  virtual void run_recorded(const PassShape& /*shape*/, const std::function<void()>& work) {
    work();
  }

  // --- update

  /// out = sum of `parts` (out may be one of them); returns the squared Euclidean norm of out.
  double sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out);

  /// One AdamW step (Loshchilov & Hutter 2019, as torch.optim.AdamW) of flat parameters. The
  /// updates do not overlap.
  void adamw_step(std::span<const AdamwUpdate> updates);

  /// AdamW on the rows of a table that a step touched. rates[i] are the rates of step i + 1; the
  /// last entry is the current step. Rows not updated since last_steps[row] first replay the missed
  /// steps with gradient zero, so the result equals dense AdamW at the cost of the touched rows
  /// only. A call with all rows and an empty gradient brings every row up to date, the last step
  /// included.
  ///
  /// state: the complete table [V,H] flat · rows [U] distinct · gradient [U,H] or empty ·
  /// last_steps [V]
  void adamw_step_rows(const AdamwState& state,
                       std::span<const int32_t> rows,
                       ConstTensor gradient,
                       std::span<int32_t> last_steps,
                       std::span<const AdamwRates> rates);
};

}  // namespace fastintent
