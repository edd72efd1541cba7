#pragma once

#include <string>
#include <utility>
#include <vector>

namespace fastintent::cli {

/// One part of a page, under a heading that the page's contents link to.
struct PageSection {
  std::string id;     ///< of the anchor
  std::string title;  ///< text
  std::string body;   ///< HTML
};

/// The facts above the sections: names and values, text.
using PageFacts = std::vector<std::pair<std::string, std::string>>;

/// A complete HTML document without other files: styles and script are inside, and nothing is
/// missing without the script. `title` is text, `summary` HTML.
std::string html_page(const std::string& title,
                      const PageFacts& facts,
                      const std::string& summary,
                      const std::vector<PageSection>& sections);

/// Names and values as a list of definitions.
std::string fact_list(const PageFacts& facts);

/// "2025-06-01 14:03 UTC"
std::string current_time();

}  // namespace fastintent::cli
