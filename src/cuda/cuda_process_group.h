#pragma once

#include <memory>

#include "compute/process_group.h"
#include "processes/launched_process.h"
#include "processes/rendezvous.h"

namespace fastintent {

/// A group of several processes, each with its own GPU `device`. Throws as create_process_group
/// does.
std::unique_ptr<ProcessGroup> create_cuda_process_group(const LaunchedProcess& process,
                                                        const Rendezvous& rendezvous,
                                                        int device);

}  // namespace fastintent
