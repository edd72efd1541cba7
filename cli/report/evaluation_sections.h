#pragma once

#include <string>
#include <vector>

#include "fastintent/evaluation.h"
#include "report/page.h"

namespace fastintent::cli {

/// The main figures as tiles, and the labels that the model does not know. HTML.
std::string evaluation_summary(const Evaluation& evaluation);

/// Confused pairs, confusion matrix, classes and reliability. `texts` are the texts that
/// `evaluation` measured, in its order.
std::vector<PageSection> evaluation_sections(const Evaluation& evaluation,
                                             const std::vector<std::string>& texts);

}  // namespace fastintent::cli
