#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "compute/operands.h"
#include "cuda/array_block.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Runs passes as Backend::run_recorded describes them. The first pass of a shape runs directly,
/// the second is captured as a graph, and from the third on the graph is replayed: the device gets
/// one copy of all host data and one launch, instead of about 40 launches per layer.
///
/// Before a replay, `work` is called again with the stream muted. That fills the arrays, and checks
/// that everything submitted to the stream equals the graph, to the last argument. If it does not,
/// because memory has moved, the pass runs directly and its shape starts again. The results have
/// the same bits in every case. One thread at a time.
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
    uint64_t launched_at = 0;  // value of Workspace::waits then
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
