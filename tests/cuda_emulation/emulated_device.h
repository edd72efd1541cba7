#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace fastintent::cuda {

class Stream;

// What stands for the device's side of the run time: its memory, which host code must not touch,
// and its queues, which do nothing before somebody waits for them.
namespace emulation {

/// Has `work` done when the stream is waited for, after what it was given before; while the stream
/// is being captured, whenever the graph runs.
void enqueue(const Stream& stream, std::function<void()> work);

/// Throws std::logic_error unless `data` is null or in a live allocation of the device.
void require_device_memory(const void* data);

[[noreturn]] void fail(const char* message);

/// IEEE 754 binary16 and bfloat16; nearest, ties to even.
float float_of_half(uint16_t bits);
uint16_t half_of_float(float value);
uint16_t bfloat16_of_float(float value);

/// Devices from now on; one until another number is set. No stream may be in use.
void set_device_count(int count);

/// Makes the next `count` allocations of device memory fail.
void fail_allocations(int count);

/// Has the next `count` captures broken, as by another thread that waits for the whole device.
void break_captures(int count);

/// How many graphs ran in this process so far.
int graph_runs();

}  // namespace emulation
}  // namespace fastintent::cuda
