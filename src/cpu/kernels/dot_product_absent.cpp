#include "cpu/kernels/tile_product.h"

// For processors that are not x86: products as Highway writes them.
namespace fastintent::cpu {

bool has_dot_products(Element /*element*/) {
  return false;
}

bool processor_has_amx() {
  return false;
}

TileProducts dot_tile_products(Element /*element*/) {
  return {};
}

}  // namespace fastintent::cpu
