#include "cuda/linear.h"
