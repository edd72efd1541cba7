#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dialect.h"

namespace fastintent::serve {

/// What platforms and monitors read: /health, /ping and /v2/health/ready (200 when models are warm
/// and no stop was requested, else 503), /live and /v2/health/live (200), and /metrics, by
/// `metrics_text`.
std::unique_ptr<Dialect> make_operations(std::function<std::string()> metrics_text);

}  // namespace fastintent::serve
