#include "cuda/recorded_passes.h"

#include <new>

namespace fastintent::cuda {
namespace {

// The graph of a pass of BERT-base, about 500 kernels, may occupy a megabyte. A training run has
// about ten shapes; at this many, all are dropped.
constexpr size_t kMostRecordings = 64;

// While it lives, the stream is logged and arrays are stored in a block.
class Watch {
 public:
  Watch(Workspace& workspace, LaunchLog& log, ArrayBlock& arrays) : workspace_(workspace) {
    workspace_.stream.set_log(&log);
    workspace_.arrays.put_into(&arrays);
  }
  ~Watch() {
    workspace_.stream.set_log(nullptr);
    workspace_.arrays.put_into(nullptr);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Workspace& workspace_;
};

}  // namespace

void RecordedPasses::run(const PassShape& shape, const std::function<void()>& work) {
  const auto found = recordings_.find(shape);
  if (found == recordings_.end()) {
    return run_directly(shape, work);
  }
  Recording& recording = found->second;
  const bool recorded = !recording.graph.empty();
  if (recorded ? replay(recording, work) : record(recording, work)) {
    return;
  }
  run_directly(shape, work);
}

// In this run, products choose their algorithms, scratch grows, and the size of the arrays becomes
// known.
void RecordedPasses::run_directly(const PassShape& shape, const std::function<void()>& work) {
  const size_t before = workspace_.arrays.bytes_asked_for();
  work();
  if (recordings_.size() == kMostRecordings && !recordings_.contains(shape)) {
    workspace_.synchronize();  // they may still be running
    recordings_.clear();
  }
  recordings_[shape].array_bytes = workspace_.arrays.bytes_asked_for() - before;
}

bool RecordedPasses::record(Recording& recording, const std::function<void()>& work) {
  try {
    recording.arrays.emplace(workspace_.stream.device(), recording.array_bytes);
    const Graph graph = workspace_.stream.capture(
        [&] { recording.fingerprint = note(*recording.arrays, false, work); });
    if (graph.empty() || !recording.arrays->fits()) {
      return false;
    }
    recording.graph = graph;
  } catch (const std::bad_alloc&) {
    return false;  // a later attempt may find more memory
  }
  launch(recording);
  return true;
}

bool RecordedPasses::replay(Recording& recording, const std::function<void()>& work) {
  // The device may still be copying from the arrays.
  if (recording.launched_at == workspace_.waits) {
    workspace_.synchronize();
  }
  recording.arrays->begin_again();
  const uint64_t fingerprint = note(*recording.arrays, true, work);
  if (fingerprint != recording.fingerprint || !recording.arrays->fits()) {
    workspace_.synchronize();
    recording = Recording();
    return false;
  }
  launch(recording);
  return true;
}

uint64_t RecordedPasses::note(ArrayBlock& arrays, bool muted, const std::function<void()>& work) {
  LaunchLog log(muted);
  const Watch watch(workspace_, log, arrays);
  work();
  return log.fingerprint();
}

void RecordedPasses::launch(Recording& recording) {
  recording.arrays->upload(workspace_.stream);
  workspace_.stream.run(recording.graph);
  recording.launched_at = workspace_.waits;
}

}  // namespace fastintent::cuda
