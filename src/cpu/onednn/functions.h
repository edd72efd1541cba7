#pragma once

#include <oneapi/dnnl/dnnl.h>

#include "cpu/onednn/library.h"

// oneDNN's C++ interface calls functions of its C interface, from within the namespace dnnl. The
// objects below have the names of those functions and are found first, so the interface calls them
// and nothing is linked. A function that is used and not listed is an error of the linker.
namespace dnnl {

using fastintent::cpu::OnednnFunction;

inline constinit OnednnFunction<decltype(::dnnl_engine_create)> dnnl_engine_create{
    "dnnl_engine_create"};
inline constinit OnednnFunction<decltype(::dnnl_engine_destroy)> dnnl_engine_destroy{
    "dnnl_engine_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_get_effective_cpu_isa)> dnnl_get_effective_cpu_isa{
    "dnnl_get_effective_cpu_isa"};
inline constinit OnednnFunction<decltype(::dnnl_memory_destroy)> dnnl_memory_destroy{
    "dnnl_memory_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_memory_get_engine)> dnnl_memory_get_engine{
    "dnnl_memory_get_engine"};
inline constinit OnednnFunction<decltype(::dnnl_memory_get_memory_desc)>
    dnnl_memory_get_memory_desc{"dnnl_memory_get_memory_desc"};
inline constinit OnednnFunction<decltype(::dnnl_memory_set_data_handle_v2)>
    dnnl_memory_set_data_handle_v2{"dnnl_memory_set_data_handle_v2"};
inline constinit OnednnFunction<decltype(::dnnl_post_ops_append_sum)> dnnl_post_ops_append_sum{
    "dnnl_post_ops_append_sum"};
inline constinit OnednnFunction<decltype(::dnnl_post_ops_create)> dnnl_post_ops_create{
    "dnnl_post_ops_create"};
inline constinit OnednnFunction<decltype(::dnnl_post_ops_destroy)> dnnl_post_ops_destroy{
    "dnnl_post_ops_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_attr_create)> dnnl_primitive_attr_create{
    "dnnl_primitive_attr_create"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_attr_destroy)>
    dnnl_primitive_attr_destroy{"dnnl_primitive_attr_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_attr_set_post_ops)>
    dnnl_primitive_attr_set_post_ops{"dnnl_primitive_attr_set_post_ops"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_attr_set_scratchpad_mode)>
    dnnl_primitive_attr_set_scratchpad_mode{"dnnl_primitive_attr_set_scratchpad_mode"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_create)> dnnl_primitive_create{
    "dnnl_primitive_create"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_desc_destroy)>
    dnnl_primitive_desc_destroy{"dnnl_primitive_desc_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_desc_query_md)>
    dnnl_primitive_desc_query_md{"dnnl_primitive_desc_query_md"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_destroy)> dnnl_primitive_destroy{
    "dnnl_primitive_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_execute)> dnnl_primitive_execute{
    "dnnl_primitive_execute"};
inline constinit OnednnFunction<decltype(::dnnl_reorder_primitive_desc_create)>
    dnnl_reorder_primitive_desc_create{"dnnl_reorder_primitive_desc_create"};
inline constinit OnednnFunction<decltype(::dnnl_stream_create)> dnnl_stream_create{
    "dnnl_stream_create"};
inline constinit OnednnFunction<decltype(::dnnl_stream_destroy)> dnnl_stream_destroy{
    "dnnl_stream_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_stream_wait)> dnnl_stream_wait{"dnnl_stream_wait"};

/// OpenMP's function in the run time that oneDNN uses, which may be another one than ours.
inline constinit OnednnFunction<void(int)> omp_set_num_threads{"omp_set_num_threads"};

}  // namespace dnnl

#include "changed_functions.h"  // of version_2 or version_3, by cpu/CMakeLists.txt

// After the objects.
#include <oneapi/dnnl/dnnl.hpp>
