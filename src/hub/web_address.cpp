#include "hub/web_address.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace fastintent {
namespace {

constexpr std::string_view kAfterScheme = "://";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower;
}

// Where the user or host begins.
size_t authority_begin(std::string_view url) {
  const size_t scheme = url.find(kAfterScheme);
  return scheme == std::string_view::npos ? 0 : scheme + kAfterScheme.size();
}

// User, host and port.
std::string_view authority(std::string_view url) {
  url.remove_prefix(authority_begin(url));
  return url.substr(0, url.find_first_of("/?#"));
}

std::string decoded(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    unsigned char byte = 0;
    const char* digits = text.data() + 1;
    if (text.front() == '%' && text.size() > 2 &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      result += static_cast<char>(byte);
      text.remove_prefix(3);
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

// `word` has no white space and no quotes.
std::string shown_word(std::string_view word) {
  const size_t begin = authority_begin(word);
  std::string_view rest = word.substr(begin);
  const size_t at = rest.rfind('@');
  // The name of a model may end in "@revision"; a password follows a colon.
  const bool in_authority = begin > 0 && authority(word).find('@') != std::string_view::npos;
  if (at != std::string_view::npos && (in_authority || rest.substr(0, at).find(':') < at)) {
    rest.remove_prefix(at + 1);
  }
  const size_t query = begin > 0 ? rest.find_first_of("?#") : std::string_view::npos;
  return std::string(word.substr(0, begin)) + std::string(rest.substr(0, query));
}

}  // namespace

WebAddress split_credentials(const std::string& url) {
  const std::string_view all = authority(url);
  const size_t at = all.rfind('@');
  if (at == std::string_view::npos) {
    return {url, {}, {}};
  }
  const std::string_view credentials = all.substr(0, at);
  const size_t colon = credentials.find(':');
  std::string without = url;
  without.erase(authority_begin(url), at + 1);
  return {without,
          decoded(credentials.substr(0, colon)),
          colon == std::string_view::npos ? "" : decoded(credentials.substr(colon + 1))};
}

std::string origin_of(std::string_view url) {
  const size_t begin = authority_begin(url);
  const std::string scheme = lower_case(url.substr(0, begin));
  std::string_view host = authority(url);
  host.remove_prefix(host.rfind('@') + 1);  // from the beginning where there is none
  const size_t colon =
      host.find(':', host.find(']') == std::string_view::npos ? 0 : host.find(']'));
  if (colon != std::string_view::npos && colon + 1 < host.size()) {
    return scheme + lower_case(host);
  }
  return scheme + lower_case(host.substr(0, colon)) + (scheme == "https://" ? ":443" : ":80");
}

bool is_downgrade(std::string_view from, std::string_view to) {
  return origin_of(from).starts_with("https://") && !origin_of(to).starts_with("https://");
}

std::string without_secrets(std::string_view text) {
  constexpr std::string_view kSeparators = " \t\r\n'\"";
  std::string shown;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(kSeparators), text.size());
    shown += shown_word(text.substr(0, end));
    const size_t next = std::min(text.find_first_not_of(kSeparators, end), text.size());
    shown += text.substr(end, next - end);
    text.remove_prefix(next);
  }
  return shown;
}

}  // namespace fastintent
