#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace fastintent::cuda {

class Stream;

// The emulated device's side of the runtime: its memory, which host code must not touch, and its
// queues, which do nothing until a thread waits for them.
namespace emulation {

/// Submits `work` to the stream, to run when the stream is waited for, after all earlier work;
/// while the stream is being captured, it runs whenever the graph runs.
void enqueue(const Stream& stream, std::function<void()> work);

/// Throws std::logic_error unless `data` is null or in a live allocation of the device.
void require_device_memory(const void* data);

[[noreturn]] void fail(const char* message);

/// IEEE 754 binary16 and bfloat16; nearest, ties to even.
float float_of_half(uint16_t bits);
uint16_t half_of_float(float value);
uint16_t bfloat16_of_float(float value);

/// Sets the number of devices from now on; one until then. No stream may be in use.
void set_device_count(int count);

/// Makes the next `count` allocations of device memory fail.
void fail_allocations(int count);

/// Makes the next `count` captures break, as if another thread waited for the complete device.
void break_captures(int count);

/// The number of graphs that have run in this process so far.
int graph_runs();

}  // namespace emulation
}  // namespace fastintent::cuda
