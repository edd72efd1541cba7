#include "report/page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "fastintent/version.h"
#include "report/html.h"
#include "report/page_assets.h"

namespace fastintent::cli {

std::string html_page(const std::string& title,
                      const PageFacts& facts,
                      const std::string& summary,
                      const std::vector<PageSection>& sections) {
  std::string contents;
  std::string body;
  for (const PageSection& section : sections) {
    const std::string heading = html_escaped(section.title);
    contents += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, heading);
    body += fmt::format(
        "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", section.id, heading, section.body);
  }
  return fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{facts}</header>
<main>
{summary}<nav aria-label="Contents">
{contents}</nav>
{body}</main>
<footer>Written by fastintent {version}.</footer>
<script>
{script}</script>
</body>
</html>
)",
                     fmt::arg("title", html_escaped(title)),
                     fmt::arg("style", kPageStyle),
                     fmt::arg("facts", fact_list(facts)),
                     fmt::arg("summary", summary),
                     fmt::arg("contents", contents),
                     fmt::arg("body", body),
                     fmt::arg("version", kVersion),
                     fmt::arg("script", kPageScript));
}

std::string fact_list(const PageFacts& facts) {
  std::string list = "<dl class=\"facts\">\n";
  for (const auto& [name, value] : facts) {
    list +=
        fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_escaped(name), html_escaped(value));
  }
  return list + "</dl>\n";
}

std::string current_time() {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
}

}  // namespace fastintent::cli
