#pragma once

#include <memory>

#include "compute/process_group.h"
#include "fastintent/options.h"
#include "processes/launched_process.h"
#include "processes/rendezvous.h"

namespace fastintent {

/// Throws invalid_argument when `process` is one of several and `device` stands for no GPU: they
/// have nothing else to sum by.
void require_group_device(const LaunchedProcess& process, Device device);

/// The group of the processes that were launched together, each of which calls this with a GPU of
/// its own; a SingleProcess, without any of this, for a process alone. Returns when all have come.
///
/// Throws what `meet` throws, and device_missing without NCCL or when a GPU fails.
std::unique_ptr<ProcessGroup> create_process_group(const LaunchedProcess& process,
                                                   const Rendezvous& rendezvous,
                                                   int gpu);

}  // namespace fastintent
