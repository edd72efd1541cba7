#pragma once

// The functions that only version 3 of oneDNN has. Included by cpu/onednn/functions.h.
namespace dnnl {

inline constinit OnednnFunction<decltype(::dnnl_matmul_primitive_desc_create)>
    dnnl_matmul_primitive_desc_create{"dnnl_matmul_primitive_desc_create"};
inline constinit OnednnFunction<decltype(::dnnl_memory_create_v2)> dnnl_memory_create_v2{
    "dnnl_memory_create_v2"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_clone)> dnnl_memory_desc_clone{
    "dnnl_memory_desc_clone"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_create_with_strides)>
    dnnl_memory_desc_create_with_strides{"dnnl_memory_desc_create_with_strides"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_create_with_tag)>
    dnnl_memory_desc_create_with_tag{"dnnl_memory_desc_create_with_tag"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_destroy)> dnnl_memory_desc_destroy{
    "dnnl_memory_desc_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_get_size_v2)>
    dnnl_memory_desc_get_size_v2{"dnnl_memory_desc_get_size_v2"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_query_v2)> dnnl_memory_desc_query_v2{
    "dnnl_memory_desc_query_v2"};
inline constinit OnednnFunction<decltype(::dnnl_memory_get_data_handle_v2)>
    dnnl_memory_get_data_handle_v2{"dnnl_memory_get_data_handle_v2"};

}  // namespace dnnl
