// The declarations below are NCCL's own, whose binary interface has been the same since 2.0.

#include "cuda/collective.h"

#include <fmt/format.h>

#include <exception>
#include <thread>

#include "base/shared_library.h"
#include "cuda/cuda_call.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

constexpr const char* kOperation = "sum over processes";

using Communicator = void*;  // ncclComm_t
enum class Result : int {};  // ncclResult_t; 0 is success
struct UniqueId {            // ncclUniqueId, passed by value
  std::array<std::byte, 128> bytes;
};
enum class Type : int { float32 = 7, float64 = 8 };  // ncclDataType_t
enum class Reduction : int { sum = 0 };              // ncclRedOp_t

// The functions of NCCL that are used here.
struct Nccl {
  SharedLibrary library{"libnccl.so.2", kOperation, ErrorCode::device_missing};
  Result (*get_unique_id)(UniqueId*) = library["ncclGetUniqueId"];
  Result (*init_rank)(Communicator*, int size, UniqueId, int rank) = library["ncclCommInitRank"];
  Result (*all_reduce)(const void* in,
                       void* out,
                       size_t count,
                       Type,
                       Reduction,
                       Communicator,
                       cudaStream_t) = library["ncclAllReduce"];
  Result (*destroy)(Communicator) = library["ncclCommDestroy"];
  Result (*abort)(Communicator) = library["ncclCommAbort"];
  Result (*get_async_error)(Communicator, Result*) = library["ncclCommGetAsyncError"];
  const char* (*error_string)(Result) = library["ncclGetErrorString"];
};

const Nccl& nccl() {
  static const Nccl library;  // made once, by the first thread that calls
  return library;
}

void check(Result status, const char* expected) {
  if (status == Result{}) {
    return;
  }
  throw Error(ErrorCode::device_missing,
              fmt::format("{}: expected {}, found {} (NCCL; NCCL_DEBUG=INFO tells more)",
                          kOperation,
                          expected,
                          nccl().error_string(status)));
}

void sum_in_place(
    const Stream& stream, void* values, size_t count, Type type, Communicator communicator) {
  const CurrentDevice current(stream.device());
  check(nccl().all_reduce(values,
                          values,
                          count,
                          type,
                          Reduction::sum,
                          communicator,
                          static_cast<cudaStream_t>(stream.native())),
        "a sum over all processes");
}

}  // namespace

struct Collective::Group {
  Communicator communicator = nullptr;
  int exceptions = std::uncaught_exceptions();  // under way when it was made

  ~Group() {
    if (communicator == nullptr) {
      return;
    }
    // A process that has failed must not wait for the others to do what they will never do with it.
    if (std::uncaught_exceptions() > exceptions) {
      nccl().abort(communicator);
    } else {
      nccl().destroy(communicator);
    }
  }
};

void require_collective() {
  nccl();
}

GroupId create_group_id() {
  UniqueId id{};
  check(nccl().get_unique_id(&id), "a network to meet in");
  return id.bytes;
}

Collective::Collective(int device, const GroupId& id, int rank, int size)
    : group_(std::make_unique<Group>()) {
  const CurrentDevice current(device);
  check(nccl().init_rank(&group_->communicator, size, UniqueId{id}, rank),
        "a group of processes, each with a GPU of its own");
}

Collective::~Collective() = default;

void Collective::sum(const Stream& stream, std::span<float> values) const {
  sum_in_place(stream, values.data(), values.size(), Type::float32, group_->communicator);
}

void Collective::sum(const Stream& stream, std::span<double> values) const {
  sum_in_place(stream, values.data(), values.size(), Type::float64, group_->communicator);
}

// As NCCL's guide describes ("Asynchronous errors and error handling"): a sum in which another
// process does not take part never ends by itself.
void Collective::wait(const Stream& stream) const {
  const CurrentDevice current(stream.device());
  cudaError_t status = cudaErrorNotReady;
  while ((status = cudaStreamQuery(static_cast<cudaStream_t>(stream.native()))) ==
         cudaErrorNotReady) {
    Result failure{};
    check(nccl().get_async_error(group_->communicator, &failure), "a group that answers");
    check(failure, "all processes to go on");
    std::this_thread::yield();
  }
  check(status, kOperation, "all work to be done");
}

}  // namespace fastintent::cuda
