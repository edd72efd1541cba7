#pragma once

namespace fastintent {

/// Cores this process may use: its CPU affinity, cut down to the cgroup's CPU quota where there is
/// one (a container with `--cpus 2` on a large machine has two).
int available_cores();

}  // namespace fastintent
