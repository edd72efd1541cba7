#pragma once

#include <oneapi/dnnl/dnnl.h>

#include "cpu/onednn/library.h"

// oneDNN's C++ interface calls functions of its C interface, from within the namespace dnnl. The
// objects below have the names of those functions and are found first, so the interface calls them
// and nothing is linked. A function that is used and not listed is an error of the linker.
namespace dnnl {

using fastintent::cpu::OnednnFunction;

// The object of a C function, by the name of both.
// NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared has no parentheses
#define ONEDNN_FUNCTION(name)                              \
  inline constinit OnednnFunction<decltype(::name)> name { \
    #name                                                  \
  }
// NOLINTEND(bugprone-macro-parentheses)

ONEDNN_FUNCTION(dnnl_engine_create);
ONEDNN_FUNCTION(dnnl_engine_destroy);
ONEDNN_FUNCTION(dnnl_get_effective_cpu_isa);
ONEDNN_FUNCTION(dnnl_memory_destroy);
ONEDNN_FUNCTION(dnnl_memory_get_engine);
ONEDNN_FUNCTION(dnnl_memory_get_memory_desc);
ONEDNN_FUNCTION(dnnl_memory_set_data_handle_v2);
ONEDNN_FUNCTION(dnnl_post_ops_append_sum);
ONEDNN_FUNCTION(dnnl_post_ops_create);
ONEDNN_FUNCTION(dnnl_post_ops_destroy);
ONEDNN_FUNCTION(dnnl_primitive_attr_create);
ONEDNN_FUNCTION(dnnl_primitive_attr_destroy);
ONEDNN_FUNCTION(dnnl_primitive_attr_set_post_ops);
ONEDNN_FUNCTION(dnnl_primitive_attr_set_scratchpad_mode);
ONEDNN_FUNCTION(dnnl_primitive_create);
ONEDNN_FUNCTION(dnnl_primitive_desc_destroy);
ONEDNN_FUNCTION(dnnl_primitive_desc_query_md);
ONEDNN_FUNCTION(dnnl_primitive_destroy);
ONEDNN_FUNCTION(dnnl_primitive_execute);
ONEDNN_FUNCTION(dnnl_reorder_primitive_desc_create);
ONEDNN_FUNCTION(dnnl_stream_create);
ONEDNN_FUNCTION(dnnl_stream_destroy);
ONEDNN_FUNCTION(dnnl_stream_wait);

/// OpenMP's function in the run time that oneDNN uses, which may be another one than ours.
inline constinit OnednnFunction<void(int)> omp_set_num_threads{"omp_set_num_threads"};

}  // namespace dnnl

#include "changed_functions.h"  // of version_2 or version_3, by cpu/CMakeLists.txt

#undef ONEDNN_FUNCTION

// After the objects.
#include <oneapi/dnnl/dnnl.hpp>
