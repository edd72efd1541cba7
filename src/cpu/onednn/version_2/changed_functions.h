#pragma once

// The functions that only version 2 of oneDNN has. Included by cpu/onednn/functions.h.
namespace dnnl {

ONEDNN_FUNCTION(dnnl_matmul_desc_init);
ONEDNN_FUNCTION(dnnl_memory_create);
ONEDNN_FUNCTION(dnnl_memory_desc_get_size);
ONEDNN_FUNCTION(dnnl_memory_desc_init_by_strides);
ONEDNN_FUNCTION(dnnl_memory_desc_init_by_tag);
ONEDNN_FUNCTION(dnnl_memory_get_data_handle);
// append_sum() calls it for another type of data than ours. Where the compiler does not inline append_sum(), as with
// -Og, the linker looks for it all the same.
ONEDNN_FUNCTION(dnnl_post_ops_append_sum_v2);
ONEDNN_FUNCTION(dnnl_primitive_desc_iterator_create);
ONEDNN_FUNCTION(dnnl_primitive_desc_iterator_destroy);
ONEDNN_FUNCTION(dnnl_primitive_desc_iterator_fetch);

}  // namespace dnnl
