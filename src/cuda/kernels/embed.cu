#include "cuda/kernels/embed.h"
