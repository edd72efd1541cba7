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
#include "compute/device_traits.h"
#include "compute/dropout.h"
#include "compute/layer.h"
#include "compute/operands.h"
#include "compute/tensor.h"

namespace fastintent {

/// Runs the fused operations of a transformer encoder, forward and backward, on one device.
///
/// Public functions check shapes once and throw Error(invalid_argument) that names the operation,
/// what was expected and what was found; the private virtual functions of a device may then assume.
/// Zero rows are allowed everywhere. Tensors live in this backend's memory. Activation tensors come
/// from Buffer::tensor: they start at a buffer's first row (column slices are allowed) and own
/// filler rows up to a multiple of kRowTile, which any operation may use as scratch.
///
/// Row results do not depend on the other rows of a call (law 2, batch invariance).
///
/// Activation gradients overwrite unless a `Write` says otherwise. One backend serves one thread at
/// a time.
class Backend {
 public:
  Backend() = default;
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// What the device can do; constant, and safe to read from many threads.
  virtual const DeviceTraits& traits() const = 0;
  std::string_view name() const { return traits().name; }

  // --- memory

  /// Room for a [rows, columns] tensor and its filler rows, zeroed. Throws out_of_resources.
  Buffer allocate(int64_t rows, int64_t columns);
  /// Copies from host memory / to host memory.
  void upload(ConstTensor host, Tensor out);
  void download(ConstTensor in, Tensor host);
  void clear(Tensor out);  ///< zeros
  /// Returns when all work handed to the device is done.
  virtual void synchronize() = 0;

  // --- weights

  /// weight [N,K], precision one that this device multiplies in. For WeightUse::inference it lies
  /// in host memory and may go afterwards; for training in this backend's, and must outlive the
  /// handle.
  std::unique_ptr<PreparedWeight> prepare_weight(ConstTensor weight,
                                                 Precision precision,
                                                 WeightUse use);
  /// A weight [N,K] for inference of bytes that PreparedWeight::packed() gave, now or in an earlier
  /// process: used where they lie, so they must outlive it. Throws invalid_argument unless their
  /// layout is the device's of `precision`, bad_checkpoint unless they are those of [N,K].
  std::unique_ptr<PreparedWeight> adopt_weight(const PackedBytes& packed,
                                               int64_t output_width,
                                               int64_t input_width,
                                               Precision precision);
  /// Takes over changed rows [first, first + count) of the tensor that a training weight was made
  /// from.
  void refresh_weight(PreparedWeight& weight, int64_t first, int64_t count);

  // --- forward

  /// out = dropout(layer_norm(word[id] + position[p] + segment[s])), without the tables that are
  /// empty.   out [T,H]
  /// Throws when an id, segment or position is outside its table.
  void embed(const TokenInputs& tokens,
             const EmbeddingTables& tables,
             const LayerNorm& layer_norm,
             Dropout dropout,
             Tensor out,
             NormalizedRows keep = {});

  /// out = activation(in · weightᵀ + bias).   in [T,K], weight [N,K], bias [N] or empty, out [T,N]
  /// `pre_activation` [T,N], when given, gets in · weightᵀ + bias, for the backward of an
  /// activation.
  void linear(ConstTensor in,
              const PreparedWeight& weight,
              std::span<const float> bias,
              Activation activation,
              Tensor out,
              Tensor pre_activation = {});

  /// out [Tq,H] = dropout(softmax(q · kᵀ / sqrt(H / heads))) · v within each sequence and head.
  void attention(const AttentionOperands& operands, Tensor out);

  /// out = layer_norm(dropout(in) + residual).   in, residual, out [T,H]; out may be in or residual
  void add_and_normalize(ConstTensor in,
                         ConstTensor residual,
                         const LayerNorm& layer_norm,
                         Dropout dropout,
                         Tensor out,
                         NormalizedRows keep = {});

  /// One row for each sequence: its first token or the mean of its tokens.   hidden [T,H], starts
  /// [S+1], out [S,H]. Throws when a sequence is empty.
  void pool(ConstTensor hidden, std::span<const int32_t> starts, Pooling pooling, Tensor out);

  /// out = dropout(in).   out may be in; its own backward, applied to a gradient
  void apply_dropout(ConstTensor in, Dropout dropout, Tensor out);

  /// Embeddings and all layers, forward only, without dropout, where the device has a better way
  /// through this encoder than the operations above one by one; false, and nothing done, where it
  /// has none. The weights are for inference. The answer depends on the encoder's kinds alone.
  /// out: [T,H], or [S,H] where the last layer goes on with first rows only. `team` may run parts
  /// of it on other threads; null: the calling one alone.
  bool try_encode(const TokenInputs& tokens,
                  std::span<const int32_t> starts,
                  const PreparedEncoder& encoder,
                  Team* team,
                  Tensor out);

  /// Encoder, head and the ranking of its logits, forward only, where the device turns tokens into
  /// answers by itself, so that nothing else comes back from it; false, and nothing done, where it
  /// does not for this encoder. The classes of the largest logits of each text with their
  /// probabilities softmax(logits / temperature). Waits for them. The weights are for inference,
  /// and no text is empty. The temperature is positive and finite.
  bool try_answer(const TokenInputs& tokens,
                  std::span<const int32_t> starts,
                  const PreparedEncoder& encoder,
                  const PreparedHead& head,
                  double temperature,
                  const Answers& answers);

  // --- loss

  /// losses[s] = the loss of row s, not divided; d_logits = the gradient of their sum, divided by
  /// the normalizer. Both are 0 in rows labelled kNoLabel.
  /// logits, d_logits [S,C], losses [S]; labels [S], host memory
  void softmax_cross_entropy(ConstTensor logits,
                             std::span<const int32_t> labels,
                             const CrossEntropy& options,
                             std::span<float> losses,
                             Tensor d_logits);

  // --- backward, one for each forward

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

  /// d_out, d_q [Tq,H], d_k, d_v [T,H]. Probabilities are computed again rather than kept.
  void attention_backward(
      const AttentionOperands& operands, ConstTensor d_out, Tensor d_q, Tensor d_k, Tensor d_v);

  /// d_residual gets the gradient of the sum, d_in the same through dropout; d_in may be d_residual
  /// when dropout.rate is 0, and either may be d_out. All [T,H]. d_shift may be empty.
  void add_and_normalize_backward(const NormalizedRows& kept,
                                  std::span<const float> scale,
                                  Dropout dropout,
                                  ConstTensor d_out,
                                  Tensor d_in,
                                  Tensor d_residual,
                                  const NormGradient& gradient);

  /// d_out [S,H], d_hidden [T,H] written as `write` says.
  void pool_backward(ConstTensor d_out,
                     std::span<const int32_t> starts,
                     Pooling pooling,
                     Write write,
                     Tensor d_hidden);

  // --- passes

  /// Does what `work` gives to this backend: operations that are the same, on the same tensors,
  /// whenever `shape` is; what they take from host memory, and a normalizer or a seed, may differ.
  /// A device may record them and give itself the record from then on. `work` may run several
  /// times, and neither allocates nor uploads, downloads or synchronizes.
  virtual void run_recorded(const PassShape& /*shape*/, const std::function<void()>& work) {
    work();
  }

  // --- update

  /// out = sum of `parts` (out may be one of them); returns the squared Euclidean norm of out.
  double sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out);

  /// One AdamW step (Loshchilov & Hutter 2019, as torch.optim.AdamW) of flat parameters. No two
  /// updates share any.
  void adamw_step(std::span<const AdamwUpdate> updates);

  /// AdamW on the rows of a table that a step touched. rates[i] are those of step i + 1; the last
  /// is the current step. A row that stood still since last_steps[row] first makes up the steps it
  /// missed, with gradient zero, so the result is that of dense AdamW at the cost of the rows in
  /// use. Untouched rows are current after a call with all rows and an empty gradient, which makes
  /// up every step including the last.
  ///
  /// state: whole table [V,H] flat · rows [U] distinct · gradient [U,H] or empty · last_steps [V]
  void adamw_step_rows(const AdamwState& state,
                       std::span<const int32_t> rows,
                       ConstTensor gradient,
                       std::span<int32_t> last_steps,
                       std::span<const AdamwRates> rates);

 private:
  /// What a device implements; arguments as above, checked.
  virtual Buffer do_allocate(int64_t floats) = 0;
  virtual void do_upload(ConstTensor host, Tensor out) = 0;
  virtual void do_download(ConstTensor in, Tensor host) = 0;
  virtual void do_clear(Tensor out) = 0;
  virtual std::unique_ptr<PreparedWeight> do_prepare_weight(ConstTensor weight,
                                                            Precision precision,
                                                            WeightUse use) = 0;
  /// Of bytes in the layout that it named.
  virtual std::unique_ptr<PreparedWeight> do_adopt_weight(std::span<const std::byte> bytes,
                                                          int64_t output_width,
                                                          int64_t input_width,
                                                          Precision precision);
  /// Bytes of a weight [N,K] in that layout.
  virtual int64_t packed_bytes(int64_t output_width,
                               int64_t input_width,
                               Precision precision) const;
  virtual void do_refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) = 0;
  virtual void do_embed(const TokenInputs& tokens,
                        const EmbeddingTables& tables,
                        const LayerNorm& layer_norm,
                        Dropout dropout,
                        Tensor out,
                        const NormalizedRows& keep) = 0;
  virtual void do_linear(ConstTensor in,
                         const PreparedWeight& weight,
                         std::span<const float> bias,
                         Activation activation,
                         Tensor out,
                         Tensor pre_activation) = 0;
  virtual void do_attention(const AttentionOperands& operands, Tensor out) = 0;
  virtual void do_add_and_normalize(ConstTensor in,
                                    ConstTensor residual,
                                    const LayerNorm& layer_norm,
                                    Dropout dropout,
                                    Tensor out,
                                    const NormalizedRows& keep) = 0;
  virtual void do_pool(ConstTensor hidden,
                       std::span<const int32_t> starts,
                       Pooling pooling,
                       Tensor out) = 0;
  virtual void do_apply_dropout(ConstTensor in, Dropout dropout, Tensor out) = 0;
  virtual bool do_try_encode(const TokenInputs& /*tokens*/,
                             std::span<const int32_t> /*starts*/,
                             const PreparedEncoder& /*encoder*/,
                             Team* /*team*/,
                             Tensor /*out*/) {
    return false;
  }
  virtual bool do_try_answer(const TokenInputs& /*tokens*/,
                             std::span<const int32_t> /*starts*/,
                             const PreparedEncoder& /*encoder*/,
                             const PreparedHead& /*head*/,
                             double /*temperature*/,
                             const Answers& /*answers*/) {
    return false;
  }
  virtual void do_softmax_cross_entropy(ConstTensor logits,
                                        std::span<const int32_t> labels,
                                        const CrossEntropy& options,
                                        std::span<float> losses,
                                        Tensor d_logits) = 0;
  virtual void do_embed_backward(const TokenInputs& tokens,
                                 const NormalizedRows& kept,
                                 std::span<const float> scale,
                                 Dropout dropout,
                                 Tensor d_out,
                                 const EmbeddingGradient& gradient) = 0;
  virtual void do_add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) = 0;
  virtual void do_linear_backward(ConstTensor in,
                                  const PreparedWeight& weight,
                                  Activation activation,
                                  ConstTensor pre_activation,
                                  Tensor d_out,
                                  const LinearGradient& gradient) = 0;
  virtual void do_attention_backward(
      const AttentionOperands& operands, ConstTensor d_out, Tensor d_q, Tensor d_k, Tensor d_v) = 0;
  virtual void do_add_and_normalize_backward(const NormalizedRows& kept,
                                             std::span<const float> scale,
                                             Dropout dropout,
                                             ConstTensor d_out,
                                             Tensor d_in,
                                             Tensor d_residual,
                                             const NormGradient& gradient) = 0;
  virtual void do_pool_backward(ConstTensor d_out,
                                std::span<const int32_t> starts,
                                Pooling pooling,
                                Write write,
                                Tensor d_hidden) = 0;
  virtual double do_sum_gradients(std::span<const std::span<const float>> parts,
                                  std::span<float> out) = 0;
  virtual void do_adamw_step(std::span<const AdamwUpdate> updates) = 0;
  virtual void do_adamw_step_rows(const AdamwState& state,
                                  std::span<const int32_t> rows,
                                  ConstTensor gradient,
                                  std::span<int32_t> last_steps,
                                  std::span<const AdamwRates> rates) = 0;
};

}  // namespace fastintent
