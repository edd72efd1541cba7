#include "cuda/kernels/layer_norm.h"
