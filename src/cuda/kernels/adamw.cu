#include "cuda/kernels/adamw.h"
