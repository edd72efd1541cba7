#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace fastintent::cuda {

class Stream;

// The device's side of the emulated run time: its memory, which host code must not access, and its
// queues, which do nothing until a caller waits for them.
namespace emulation {

/// Queues `work`, which is done after earlier work when the stream is waited for; while the stream
/// is being captured, whenever the graph runs.
void enqueue(const Stream& stream, std::function<void()> work);

/// Throws std::logic_error unless `data` is null or in a live allocation of the device.
void require_device_memory(const void* data);

[[noreturn]] void fail(const char* message);

/// IEEE 754 binary16 and bfloat16; nearest, ties to even.
float float_of_half(uint16_t bits);
uint16_t half_of_float(float value);
uint16_t bfloat16_of_float(float value);

/// Sets the number of devices; one until then. No stream may be in use.
void set_device_count(int count);

/// Makes the next `count` allocations of device memory fail.
void fail_allocations(int count);

/// Breaks the next `count` captures, as another thread does that waits for the whole device.
void break_captures(int count);

/// The number of graphs that ran in this process so far.
int graph_runs();

}  // namespace emulation
}  // namespace fastintent::cuda
