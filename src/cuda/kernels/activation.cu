#include "cuda/kernels/activation.h"
