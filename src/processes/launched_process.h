#pragma once

#include <string>

namespace fastintent {

/// The rank of this process among those that a launcher started together, and their rendezvous
/// address.
struct LaunchedProcess {
  int rank = 0;  ///< from 0
  int size = 1;
  int local_rank = 0;   ///< among the processes of its machine
  std::string address;  ///< of process 0; empty for a single process, whose `port` is 0
  int port = 0;
  std::string secret = {};  ///< shared by the processes; may be empty where all are on one machine
};

/// Reads the environment: RANK, WORLD_SIZE and LOCAL_RANK of torchrun, else Open MPI's
/// OMPI_COMM_WORLD_RANK, _SIZE and _LOCAL_RANK, else MPICH's PMI_RANK, PMI_SIZE and
/// MPI_LOCALRANKID. Without these variables, or when the size is 1, it returns a single process. An
/// empty variable counts as unset.
///
/// The processes meet at MASTER_ADDR, on the port after MASTER_PORT, because torchrun itself
/// listens on MASTER_PORT. Default: port 29501. Where all are on one machine, which LOCAL_WORLD_SIZE
/// (OMPI_COMM_WORLD_LOCAL_SIZE, MPI_LOCALNRANKS) or the absence of MASTER_ADDR shows, they meet at
/// 127.0.0.1. FASTINTENT_LAUNCH_SECRET is what they prove to each other to know.
///
/// Throws invalid_argument when a number is missing or impossible, when the processes are on several
/// machines and there is no secret, or when it is too short.
LaunchedProcess launched_process();

}  // namespace fastintent
