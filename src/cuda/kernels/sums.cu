#include "cuda/kernels/sums.h"
