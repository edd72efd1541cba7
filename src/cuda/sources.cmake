# The device's sources, for its own build and for the emulated one of tests/cuda_emulation.
# What calls CUDA's libraries, which the emulation has twins of:
set(cuda_library_calls
  collective.cpp cuda_call.cpp launch_kernel.cu lt_library.cpp lt_matmul.cpp product_trial.cpp products.cpp runtime.cpp)
# The rest of the host's side:
set(cuda_sources
  algorithm_choice.cpp algorithm_file.cpp array_block.cpp batch_inputs.cpp cuda_backend.cpp cuda_process_group.cpp
  cuda_weight.cpp encoder_biases.cpp encoder_steps.cpp head_steps.cpp linear.cpp memory.cpp recorded_passes.cpp
  whole_model.cpp workspace.cpp)
set(cuda_kernels
  kernels/activation.cu kernels/adamw.cu kernels/adamw_rows.cu kernels/attention.cu kernels/attention_backward.cu
  kernels/convert.cu kernels/cross_entropy.cu kernels/dropout.cu kernels/embed.cu kernels/encoder_rows.cu
  kernels/head_rows.cu kernels/layer_norm.cu kernels/pool.cu kernels/slot_sums.cu kernels/sums.cu
  kernels/tile_attention.cu kernels/trial_data.cu)
