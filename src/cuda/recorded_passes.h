#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "compute/operands.h"
#include "cuda/array_block.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Passes as Backend::run_recorded describes them. The first of a shape runs directly, the second
/// is captured as a graph, and from the third on the graph replays: the device gets one copy of all
/// that comes from the host and one order, instead of some 40 orders a layer.
///
/// For a replay the pass is gone through once more, with the stream muted: that fills the arrays,
/// and shows whether everything the stream would be given is what the graph does, to the last
/// argument. If it is not, because memory lies elsewhere now, the pass runs directly and its shape
/// begins anew. The results are the same bits in every way. One thread at a time.
class RecordedPasses {
 public:
  explicit RecordedPasses(Workspace& workspace) : workspace_(workspace) {}

  void run(const PassShape& shape, const std::function<void()>& work);

 private:
  struct Recording {
    size_t array_bytes = 0;
    std::optional<ArrayBlock> arrays;
    Graph graph;
    uint64_t fingerprint = 0;
    uint64_t launched_at = 0;  // Workspace::waits then
  };

  void run_directly(const PassShape& shape, const std::function<void()>& work);
  bool record(Recording& recording, const std::function<void()>& work);
  bool replay(Recording& recording, const std::function<void()>& work);
  uint64_t note(ArrayBlock& arrays, bool muted, const std::function<void()>& work);
  void launch(Recording& recording);

  Workspace& workspace_;
  std::map<PassShape, Recording> recordings_;  // of shapes that ran directly
};

}  // namespace fastintent::cuda
