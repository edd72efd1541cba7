#pragma once

#include <string>

namespace fastintent {

/// Which process this is of those that a launcher started together, and where they meet.
struct LaunchedProcess {
  int rank = 0;  ///< from 0
  int size = 1;
  int local_rank = 0;   ///< among those of its machine
  std::string address;  ///< of process 0; empty, as `port` is 0, for a process alone
  int port = 0;
};

/// As the environment tells: RANK, WORLD_SIZE and LOCAL_RANK of torchrun, else Open MPI's
/// OMPI_COMM_WORLD_RANK, _SIZE and _LOCAL_RANK, else MPICH's PMI_RANK, PMI_SIZE and
/// MPI_LOCALRANKID; a process alone without, or when the size is 1. An empty variable is none.
///
/// They meet at MASTER_ADDR, on the port after MASTER_PORT, where torchrun itself listens; without
/// at 127.0.0.1, if all are on one machine, and at 29501.
///
/// Throws invalid_argument when a number is missing or impossible.
LaunchedProcess launched_process();

}  // namespace fastintent
