#include "cuda/kernels/cross_entropy.h"
