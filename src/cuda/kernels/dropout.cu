#include "cuda/kernels/dropout.h"
