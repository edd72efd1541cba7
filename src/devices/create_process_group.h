#pragma once

#include <memory>

#include "compute/process_group.h"
#include "fastintent/options.h"
#include "processes/launched_process.h"
#include "processes/rendezvous.h"

namespace fastintent {

/// Throws invalid_argument when `process` is one of several and `device` is not a GPU: sums between
/// processes exist only on GPUs.
void require_group_device(const LaunchedProcess& process, Device device);

/// Creates the group of the processes that were launched together; each calls this with a separate
/// GPU and returns when all have connected. For a single process it returns a SingleProcess and
/// needs none of this.
///
/// Throws as `meet` does, and device_missing without NCCL or when a GPU fails.
std::unique_ptr<ProcessGroup> create_process_group(const LaunchedProcess& process,
                                                   const Rendezvous& rendezvous,
                                                   int gpu);

}  // namespace fastintent
