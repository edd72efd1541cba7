#include "dialect.h"

namespace fastintent::serve {

int default_status(Failure failure) {
  switch (failure) {
    case Failure::invalid_request:
    case Failure::empty_request:
    case Failure::invalid_text:
      return 400;
    case Failure::unauthorized:
      return 401;
    case Failure::unknown_path:
    case Failure::unknown_model:
      return 404;
    case Failure::wrong_method:
      return 405;
    case Failure::too_large:
      return 413;
    case Failure::unsupported_media:
      return 415;
    case Failure::overloaded:
      return 429;
    case Failure::not_ready:
      return 503;
    case Failure::deadline_exceeded:
      return 504;
    case Failure::internal:
      break;
  }
  return 500;
}

}  // namespace fastintent::serve
