#pragma once

#include <stdlib.h>

#include <map>
#include <string>

namespace fastintent {

/// Sets the variables of one launcher, and unsets those of any other, for the rest of the process.
inline void set_launch_environment(const std::map<std::string, std::string>& variables) {
  for (const char* variable : {"RANK",
                               "WORLD_SIZE",
                               "LOCAL_RANK",
                               "LOCAL_WORLD_SIZE",
                               "OMPI_COMM_WORLD_RANK",
                               "OMPI_COMM_WORLD_SIZE",
                               "OMPI_COMM_WORLD_LOCAL_RANK",
                               "OMPI_COMM_WORLD_LOCAL_SIZE",
                               "PMI_RANK",
                               "PMI_SIZE",
                               "MPI_LOCALRANKID",
                               "MPI_LOCALNRANKS",
                               "MASTER_ADDR",
                               "MASTER_PORT",
                               "FASTINTENT_LAUNCH_SECRET"}) {
    ::unsetenv(variable);
  }
  for (const auto& [name, value] : variables) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
}

}  // namespace fastintent
