#pragma once

#include <memory>

#include "dialect.h"

namespace fastintent::serve {

/// What people look at: the playground at `GET /`, the description of the API at `GET /openapi.json`
/// and its page at `GET /docs`. A client that does not accept HTML reads at `GET /` whether the server
/// is ready.
std::unique_ptr<Dialect> make_pages();

}  // namespace fastintent::serve
