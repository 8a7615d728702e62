// SPDX-License-Identifier: Apache-2.0
#include "partita/config/kinds.hpp"

#include "partita/config/checks.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace partita::config {

namespace {

template <class T>
option basis(const field<T>& f, option_type type, std::string allowed,
             std::string meaning) {
  option result;
  result.section = f.section;
  result.key = f.key;
  result.type = type;
  result.allowed = std::move(allowed);
  result.meaning = std::move(meaning);
  return result;
}

complaints refused(const value& x, const std::string& allowed, std::string remedy = {}) {
  return {{{}, x.line, describe(x), "must be " + allowed, std::move(remedy)}};
}

std::string range(std::int64_t min, std::int64_t max) {
  return "an integer from " + std::to_string(min) + " to " + std::to_string(max);
}

hook_command in_shell(const std::string& text) {
  return {"/bin/sh", "-c", text};
}

/// Why `text` cannot be given to a program.
std::string why_no_argument(const std::string& text) {
  if (text.size() > max_argument)
    return "it is longer than " + std::to_string(max_argument) + " bytes";
  if (!is_utf8(text))
    return "it is not UTF-8";
  return text.find('\0') == std::string::npos ? "" : "a zero byte would end it";
}

/// An option that holds a string which `why` finds nothing wrong with.
template <class Why>
option string_option(field<std::string> f, std::string allowed, std::string meaning,
                     Why why) {
  auto result = basis(f, option_type::text, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    auto* text = x.as<std::string>();
    if (!text)
      return refused(x, allowed, "write it in quotes");
    if (std::optional<std::string> reason = why(*text))
      return refused(x, allowed, *reason);
    f.write(s) = *text;
    return {};
  };
  result.get = [=](const settings& s) {
    return f.read(s).empty() ? std::string{} : in_quotes(f.read(s));
  };
  return result;
}

std::optional<std::uint64_t> parse_unsigned(const std::string& text) {
  std::uint64_t number = 0;
  auto end = text.data() + text.size();
  auto [at, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || at != end)
    return std::nullopt;
  return number;
}

std::string plain_text_remedy(const std::string& x) {
  return x.ends_with('\n') || x.ends_with('\r') ? "remove the line break at its end"
                                                : "remove the control characters";
}

} // namespace

option duration_option(field<std::chrono::milliseconds> f, std::chrono::milliseconds min,
                       std::chrono::milliseconds max, std::string meaning) {
  auto allowed =
      "a duration from " + format_duration(min) + " to " + format_duration(max);
  auto result = basis(f, option_type::duration, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    if (x.as<std::int64_t>() || x.as<double>()) {
      auto number = describe(x);
      return refused(x, allowed,
                     "write it in quotes with its unit, as \"" + number + "s\" or \""
                         + number + "ms\"");
    }
    auto* text = x.as<std::string>();
    auto parsed = text ? parse_duration(*text) : std::nullopt;
    if (!parsed)
      return refused(
          x, allowed,
          "write it as \"250ms\", \"1.5s\", \"5m\" or \"1h\", no finer than 1ms");
    if (*parsed < min || *parsed > max)
      return refused(x, allowed);
    f.write(s) = *parsed;
    return {};
  };
  result.get = [=](const settings& s) { return in_quotes(format_duration(f.read(s))); };
  return result;
}

template <class T>
option integer_option(field<T> f, std::int64_t min, std::int64_t max,
                      std::string meaning) {
  auto allowed = range(min, max);
  auto result = basis(f, option_type::integer, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    auto* number = x.as<std::int64_t>();
    if (!number || *number < min || *number > max)
      return refused(x, allowed);
    f.write(s) = static_cast<T>(*number);
    return {};
  };
  result.get = [=](const settings& s) {
    // Only an option that is not used holds what it does not accept.
    auto number = static_cast<std::int64_t>(f.read(s));
    return number < min ? std::string{} : std::to_string(number);
  };
  return result;
}

template option integer_option(field<std::uint32_t>, std::int64_t, std::int64_t,
                               std::string);
template option integer_option(field<std::int64_t>, std::int64_t, std::int64_t,
                               std::string);
template option integer_option(field<std::size_t>, std::int64_t, std::int64_t,
                               std::string);

option unsigned_option(field<std::uint64_t> f, std::string meaning) {
  std::string allowed =
      "an integer from 0 to 9223372036854775807, or a string of decimal "
      "digits up to \"18446744073709551615\"";
  auto result = basis(f, option_type::integer, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    std::optional<std::uint64_t> number;
    if (auto* integer = x.as<std::int64_t>(); integer && *integer >= 0)
      number = static_cast<std::uint64_t>(*integer);
    if (auto* text = x.as<std::string>())
      number = parse_unsigned(*text);
    if (!number)
      return refused(x, allowed);
    f.write(s) = *number;
    return {};
  };
  result.get = [=](const settings& s) {
    auto digits = std::to_string(f.read(s));
    return f.read(s) > INT64_MAX ? in_quotes(digits) : digits;
  };
  return result;
}

option real_option(field<double> f, double min, double max, std::string meaning) {
  auto allowed = "a number from " + format_real(min) + " to " + format_real(max);
  auto result = basis(f, option_type::real, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    std::optional<double> number;
    if (auto* real = x.as<double>())
      number = *real;
    else if (auto* integer = x.as<std::int64_t>())
      number = static_cast<double>(*integer);
    // Written so that NaN is refused.
    if (!number || !(*number >= min && *number <= max))
      return refused(x, allowed);
    f.write(s) = *number;
    return {};
  };
  result.get = [=](const settings& s) { return format_real(f.read(s)); };
  return result;
}

option name_option(field<std::string> f, std::size_t longest, bool may_be_empty,
                   std::string meaning) {
  auto allowed = (may_be_empty ? "at most " : "1 to ") + std::to_string(longest)
                 + " characters of A-Z, a-z, 0-9, '_' and '-'";
  return string_option(f, allowed, std::move(meaning),
                       [=](const std::string& x) -> std::optional<std::string> {
                         if (x.size() <= longest
                             && (is_name(x) || (x.empty() && may_be_empty)))
                           return std::nullopt;
                         return "";
                       });
}

option text_option(field<std::string> f, std::size_t longest, std::string meaning) {
  auto allowed = "text of at most " + std::to_string(longest)
                 + " bytes in UTF-8 without control characters";
  return string_option(f, allowed, std::move(meaning),
                       [=](const std::string& x) -> std::optional<std::string> {
                         if (x.size() > longest || !is_utf8(x))
                           return "";
                         if (!is_plain_text(x))
                           return plain_text_remedy(x);
                         return std::nullopt;
                       });
}

option secret_option(field<std::string> f, std::string meaning) {
  auto result = text_option(f, max_secret, std::move(meaning));
  result.secret = true;
  result.get = [=](const settings& s) {
    return f.read(s).empty() ? std::string{} : in_quotes("(hidden)");
  };
  return result;
}

option file_option(field<std::string> f, std::string meaning) {
  return string_option(f, "the path of a file that can be read", std::move(meaning),
                       [](const std::string& x) -> std::optional<std::string> {
                         auto reason = x.empty() ? std::string{} : why_unreadable(x);
                         if (reason.empty())
                           return std::nullopt;
                         return reason;
                       });
}

option word_option(const char* section, const char* key, std::vector<std::string> words,
                   std::string meaning,
                   std::function<bool(settings&, const std::string&)> take,
                   std::function<std::string(const settings&)> shown) {
  auto result = basis(field<std::string>{section, key, nullptr, nullptr},
                      option_type::text, one_of(words), std::move(meaning));
  result.set = [=, allowed = result.allowed](settings& s, const value& x) -> complaints {
    auto* text = x.as<std::string>();
    if (!text)
      return refused(x, allowed, "write it in quotes");
    if (take(s, *text))
      return {};
    auto meant = nearest(*text, words);
    return refused(x, allowed, meant.empty() ? "" : "did you mean " + meant + "?");
  };
  result.get = [=](const settings& s) { return in_quotes(shown(s)); };
  return result;
}

option boolean_option(field<bool> f, std::string meaning) {
  auto result = basis(f, option_type::boolean, "true or false", std::move(meaning));
  result.set = [=, allowed = result.allowed](settings& s, const value& x) -> complaints {
    auto* word = x.as<bool>();
    if (!word)
      return refused(x, allowed, x.as<std::string>() ? "write it without quotes" : "");
    f.write(s) = *word;
    return {};
  };
  result.get = [=](const settings& s) { return f.read(s) ? "true" : "false"; };
  return result;
}

option address_option(field<std::string> f, std::string meaning) {
  return string_option(f, "a host and a port from 0 to 65535 like 127.0.0.1:8080",
                       std::move(meaning),
                       [](const std::string& x) -> std::optional<std::string> {
                         auto reason = x.empty() ? std::string{} : why_no_listener(x);
                         if (reason.empty())
                           return std::nullopt;
                         return reason;
                       });
}

option url_option(field<std::vector<std::string>> f, std::string meaning) {
  std::string allowed =
      "a URL or a list of URLs like nats://host:4222 or tls://host:4222";
  auto result = basis(f, option_type::list, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    std::vector<std::string> urls;
    complaints wrong;
    auto add = [&](const value& item, const std::string& at) {
      auto* url = item.as<std::string>();
      auto reason = url ? why_no_url(*url) : "write it in quotes";
      auto shown = item;
      if (url)
        shown.data = without_secrets(*url);
      if (reason.empty())
        urls.push_back(*url);
      else
        wrong.push_back({at, item.line, describe(shown), "must be " + allowed, reason});
    };
    if (auto* items = x.as<value_list>()) {
      for (std::size_t i = 0; i < items->size(); ++i)
        add((*items)[i], "[" + std::to_string(i) + "]");
      if (items->empty())
        wrong.push_back({{}, x.line, "an empty array", "must be " + allowed, {}});
    } else
      add(x, {});
    if (wrong.empty())
      f.write(s) = std::move(urls);
    return wrong;
  };
  result.get = [=](const settings& s) {
    std::string text;
    for (const auto& url : f.read(s))
      text += (text.empty() ? "" : ", ") + in_quotes(without_secrets(url));
    return f.read(s).size() == 1 ? text : "[" + text + "]";
  };
  return result;
}

option command_option(field<hook_command> f, std::string meaning) {
  std::string allowed =
      "a command for /bin/sh, or an array of a program and its arguments";
  auto result = basis(f, option_type::command, allowed, std::move(meaning));
  result.set = [=](settings& s, const value& x) -> complaints {
    hook_command words;
    if (auto* text = x.as<std::string>()) {
      if (auto reason = why_no_argument(*text); !reason.empty())
        return refused(x, allowed, reason);
      if (!trimmed(*text).empty())
        words = in_shell(*text);
    } else if (auto* items = x.as<value_list>()) {
      for (std::size_t i = 0; i < items->size(); ++i) {
        const auto& item = (*items)[i];
        auto* word = item.as<std::string>();
        auto reason = !word                     ? "write it in quotes"
                      : i == 0 && word->empty() ? "the program has no name"
                                                : why_no_argument(*word);
        if (!reason.empty())
          return {{"[" + std::to_string(i) + "]", item.line, describe(item),
                   "must be " + allowed, reason}};
        words.push_back(*word);
      }
    } else
      return refused(x, allowed, "write it in quotes");
    f.write(s) = std::move(words);
    return {};
  };
  result.get = [=](const settings& s) -> std::string {
    const auto& words = f.read(s);
    if (words.empty())
      return {};
    if (words == in_shell(words.back()))
      return in_quotes(words.back());
    std::string text;
    for (const auto& word : words)
      text += (text.empty() ? "" : ", ") + in_quotes(word);
    return "[" + text + "]";
  };
  return result;
}

option subject_option(field<std::string> f, std::string meaning) {
  return string_option(
      f, "words with dots between them, without spaces, control characters, '*' and '>'",
      std::move(meaning), [](const std::string& x) -> std::optional<std::string> {
        auto reason = x.empty() ? std::string{} : why_no_partition_key(x);
        if (reason.empty())
          return std::nullopt;
        return "it " + reason;
      });
}

} // namespace partita::config
