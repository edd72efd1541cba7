#pragma once

// The functions that only version 3 of oneDNN has. Included by cpu/onednn/functions.h.
namespace dnnl {

ONEDNN_FUNCTION(dnnl_matmul_primitive_desc_create);
ONEDNN_FUNCTION(dnnl_memory_create_v2);
ONEDNN_FUNCTION(dnnl_memory_desc_clone);
ONEDNN_FUNCTION(dnnl_memory_desc_create_with_strides);
ONEDNN_FUNCTION(dnnl_memory_desc_create_with_tag);
ONEDNN_FUNCTION(dnnl_memory_desc_destroy);
ONEDNN_FUNCTION(dnnl_memory_desc_get_size_v2);
ONEDNN_FUNCTION(dnnl_memory_desc_query_v2);
ONEDNN_FUNCTION(dnnl_memory_get_data_handle_v2);

}  // namespace dnnl
