#pragma once

#include "batch/packed_batch.h"
#include "compute/backend.h"
#include "model/dropout_plan.h"

namespace fastintent {

/// A batch in the form that backends use; texts have one segment.
inline TokenInputs inputs_of(const PackedBatch& batch) {
  return {batch.ids, {}, batch.positions};
}

/// The inputs of a pass through the model besides weights and activations.
struct Pass {
  Backend& backend;
  const PackedBatch& batch;
  DropoutPlan dropout;  // of this step; none in prediction
};

}  // namespace fastintent
