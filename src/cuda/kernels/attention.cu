#include "cuda/kernels/attention.h"
