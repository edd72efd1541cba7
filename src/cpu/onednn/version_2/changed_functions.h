#pragma once

// The functions that only version 2 of oneDNN has. Included by cpu/onednn/functions.h.
namespace dnnl {

ONEDNN_FUNCTION(dnnl_matmul_desc_init);
ONEDNN_FUNCTION(dnnl_memory_create);
ONEDNN_FUNCTION(dnnl_memory_desc_get_size);
ONEDNN_FUNCTION(dnnl_memory_desc_init_by_strides);
ONEDNN_FUNCTION(dnnl_memory_desc_init_by_tag);
ONEDNN_FUNCTION(dnnl_memory_get_data_handle);
ONEDNN_FUNCTION(dnnl_primitive_desc_iterator_create);
ONEDNN_FUNCTION(dnnl_primitive_desc_iterator_destroy);
ONEDNN_FUNCTION(dnnl_primitive_desc_iterator_fetch);

}  // namespace dnnl
