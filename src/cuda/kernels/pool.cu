#include "cuda/kernels/pool.h"
