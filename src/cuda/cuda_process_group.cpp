#include "cuda/cuda_process_group.h"

#include "cuda/collective.h"
#include "cuda/runtime.h"

namespace fastintent {
namespace {

cuda::GroupId meet_under_id(const LaunchedProcess& process, const Rendezvous& rendezvous) {
  cuda::require_collective();  // before the other processes start to wait
  cuda::GroupId id{};
  if (process.rank == 0) {
    id = cuda::create_group_id();
  }
  meet(process, rendezvous, id);
  return id;
}

class CudaProcessGroup final : public ProcessGroup {
 public:
  CudaProcessGroup(const LaunchedProcess& process, const Rendezvous& rendezvous, int device)
      : rank_(process.rank),
        size_(process.size),
        stream_(device),
        value_(device, sizeof(double)),
        collective_(device, meet_under_id(process, rendezvous), process.rank, process.size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void sum(Backend& backend, std::span<float> values) override {
    backend.synchronize();  // its work is in another stream
    collective_.sum(stream_, values);
    collective_.wait(stream_);
  }

  double sum(double value) override {
    stream_.upload(&value, value_.get(), sizeof value);
    collective_.sum(stream_, std::span(value_.as<double>(), 1));
    collective_.wait(stream_);
    stream_.download(value_.get(), &value, sizeof value);
    stream_.synchronize();
    return value;
  }

 private:
  int rank_;
  int size_;
  cuda::Stream stream_;
  cuda::DeviceMemory value_;  // the one that is summed on the device
  cuda::Collective collective_;
};

}  // namespace

std::unique_ptr<ProcessGroup> create_cuda_process_group(const LaunchedProcess& process,
                                                        const Rendezvous& rendezvous,
                                                        int device) {
  return std::make_unique<CudaProcessGroup>(process, rendezvous, device);
}

}  // namespace fastintent
