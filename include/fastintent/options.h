#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fastintent/workers.h"

namespace fastintent {

/// Where the encoder runs. `automatic` ("auto") is resolved by whoever opens the device, such as the
/// constructor of IntentClassifier and Trainer::train: CUDA if there is a device, else the CPU.
/// `reference` defines every operation in plain loops: slow, for checks.
enum class Device { automatic, cpu, cuda, reference };

/// Number format of matrix products; everything else stays in 32 bits.
///
/// `automatic` ("auto") is resolved by three functions, each with its own rule:
/// - IntentClassifier, when it loads a folder: the precision of a prepared folder (quantize.h), or
///   the device's fastest if the device lacks that; fp32 for other folders. A model that replaces
///   one in use, as train() does, keeps the precision in use.
/// - IntentClassifier::optimize_for_inference: the device's fastest that keeps the model's labels, see
///   ClassifierOptions::label_agreement.
/// - Trainer::train: the fastest that costs no accuracy. On a GPU bf16, or fp16 if the GPU lacks
///   bf16; on a CPU bf16 if it multiplies bf16 faster than fp32, else fp32.
///
/// tf32, on a GPU: both factors rounded to 10 bits of fraction; sums in 32 bits.
/// fp16, on a GPU: activations and weights are stored in IEEE 754's 16 bits; sums, softmax and
/// LayerNorm in 32 bits. Training scales its loss so that small gradients are not lost.
/// bf16: both factors rounded to bfloat16, ties to even; sums in 32 bits. On a GPU activations are
/// also stored in bfloat16.
/// int8, dynamic, for prediction only: activations x = scale · (q - zero), q in 0 .. 255, with one
/// scale and zero point per row (token), computed at run time; weights w = scale · q, q in
/// -127 .. 127, with one scale per output. Sums of products are exact. The classifier's last
/// layer stays in fp32. Loading throws bad_checkpoint when a weight is not finite.
enum class Precision { automatic, fp32, tf32, fp16, bf16, int8 };

/// A precision and the reason for it.
struct PrecisionChoice {
  Precision precision = Precision::fp32;  ///< never `automatic`
  std::string reason;                     ///< a sentence without its full stop
};

/// "auto", "fp32", "tf32", "fp16", "bf16", "int8".
std::string_view precision_name(Precision precision);

/// What an IntentClassifier loads, and how it predicts.
struct ClassifierOptions {
  /// The base model of train(): a Hugging Face folder or the id of one (see hub.h). It is not
  /// looked up before train().
  std::string model_name = "bert-base-uncased";
  /// A trained folder, loaded by the constructor; may be empty.
  std::filesystem::path model_path = {};
  int batch_size = 32;                ///< texts per batch; does not change the answers
  bool enable_cache = true;           ///< remember predictions by text
  int64_t cache_size = 1000;          ///< most predictions remembered
  int64_t cache_bytes = 64 << 20;     ///< most memory for them
  Device device = Device::automatic;  ///< where the encoder runs
  /// With Device::cuda: the number of the one GPU to use; none: prediction is spread over all GPUs,
  /// training uses the first.
  std::optional<int> gpu = {};
  /// Of the model, until optimize_for_inference() chooses another.
  Precision precision = Precision::automatic;
  /// Workers; 0: one per core this process may use or, on GPUs, as many as keep them busy. Each GPU
  /// has at least one.
  int threads = 0;
  /// Workers shared with other classifiers, on the processor or on GPUs for which their number
  /// suffices; null: the classifier has `threads` of its own.
  std::shared_ptr<Workers> workers = {};
  /// Most tokens of calls in progress, exactly: a call of predict_async that would exceed it throws
  /// `overloaded`; one that alone has more throws invalid_argument. Calls that wait for their
  /// answers count, but are never refused. 0: no limit. Of shared workers, theirs holds.
  int64_t max_queued_tokens = 0;
  int max_length = 0;  ///< tokens per text, special ones included; 0: as in training
  /// Uses the word table in place in the folder's file instead of a copy in memory. A start is
  /// faster and needs less memory; but nobody may write to that file, or shorten it, while the model
  /// is in use: answers would change, or the process would end. Off, the model in use is
  /// independent of its folder.
  bool map_word_table = false;
  /// Replaces the folder's threshold: predictions with a lower confidence are flagged
  /// `needs_review`.
  std::optional<double> review_threshold = {};
  /// The share of the labels, 0 to 1, that a precision must keep to be chosen by
  /// optimize_for_inference(Precision::automatic): where training measured on its validation rows that
  /// it keeps fewer, the next one is. Precisions that were not measured are chosen by the device's
  /// features alone.
  double label_agreement = 0.995;
  /// Called after a model was loaded, with a sentence that names the model, device and precision.
  std::function<void(const std::string&)> log = {};
};

}  // namespace fastintent
