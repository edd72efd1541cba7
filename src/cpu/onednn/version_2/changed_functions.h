#pragma once

// The functions that only version 2 of oneDNN has. Included by cpu/onednn/functions.h.
namespace dnnl {

inline constinit OnednnFunction<decltype(::dnnl_matmul_desc_init)> dnnl_matmul_desc_init{
    "dnnl_matmul_desc_init"};
inline constinit OnednnFunction<decltype(::dnnl_memory_create)> dnnl_memory_create{
    "dnnl_memory_create"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_get_size)> dnnl_memory_desc_get_size{
    "dnnl_memory_desc_get_size"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_init_by_strides)>
    dnnl_memory_desc_init_by_strides{"dnnl_memory_desc_init_by_strides"};
inline constinit OnednnFunction<decltype(::dnnl_memory_desc_init_by_tag)>
    dnnl_memory_desc_init_by_tag{"dnnl_memory_desc_init_by_tag"};
inline constinit OnednnFunction<decltype(::dnnl_memory_get_data_handle)>
    dnnl_memory_get_data_handle{"dnnl_memory_get_data_handle"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_desc_iterator_create)>
    dnnl_primitive_desc_iterator_create{"dnnl_primitive_desc_iterator_create"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_desc_iterator_destroy)>
    dnnl_primitive_desc_iterator_destroy{"dnnl_primitive_desc_iterator_destroy"};
inline constinit OnednnFunction<decltype(::dnnl_primitive_desc_iterator_fetch)>
    dnnl_primitive_desc_iterator_fetch{"dnnl_primitive_desc_iterator_fetch"};

}  // namespace dnnl
