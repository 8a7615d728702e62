// SPDX-License-Identifier: Apache-2.0
#include "partita/config/kinds.hpp"

#include "partita/config/checks.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"

namespace partita::config {

namespace {

using std::chrono::milliseconds;

std::string quoted_if_used(const std::string& x) {
  return x.empty() ? std::string{} : in_quotes(x);
}

/// A string in which `why` finds nothing wrong; it gives what to do otherwise.
template <class Why>
option string_option(field<std::string> f, std::string allowed, Why why) {
  auto read = [why](const value& x, refusals& refuse) {
    auto* text = x.as<std::string>();
    std::optional<std::string> wrong = text ? why(*text) : "write it in quotes";
    if (wrong)
      refuse(x, *wrong);
    return text ? *text : std::string{};
  };
  return option_of(f, option_type::text, std::move(allowed), read, quoted_if_used);
}

/// The same; the empty text is always right, and an empty reason means so, too.
template <class Why>
option optional_string(field<std::string> f, std::string allowed, Why why) {
  return string_option(f, std::move(allowed),
                       [=](const std::string& x) -> std::optional<std::string> {
                         auto reason = x.empty() ? std::string{} : why(x);
                         return reason.empty() ? std::nullopt : std::optional{reason};
                       });
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

std::string place(std::size_t index) {
  return '[' + std::to_string(index) + ']';
}

std::string as_array(const std::vector<std::string>& xs) {
  return '[' + joined(xs, in_quotes) + ']';
}

} // namespace

void refusals::operator()(const value& x, std::string remedy, std::string at) {
  all.push_back({describe(x), expected, std::move(remedy), x.line, std::move(at)});
}

option duration_option(field<milliseconds> f, milliseconds min, milliseconds max) {
  constexpr milliseconds none{-1};
  auto read = [=](const value& x, refusals& refuse) {
    auto* text = x.as<std::string>();
    auto found = text ? parse_duration(*text).value_or(none) : none;
    if (x.as<std::int64_t>() || x.as<double>())
      refuse(x, "write it in quotes with its unit, as \"" + describe(x) + "s\" or \""
                    + describe(x) + "ms\"");
    else if (found == none)
      refuse(x, "write it as \"250ms\", \"1.5s\", \"5m\" or \"1h\", no finer than 1ms");
    else if (found < min || found > max)
      refuse(x);
    return found;
  };
  return option_of(f, option_type::duration,
                   "a duration from " + format_duration(min) + " to "
                       + format_duration(max),
                   read, [](milliseconds x) { return in_quotes(format_duration(x)); });
}

template <class T>
option integer_option(field<T> f, std::int64_t min, std::int64_t max) {
  auto read = [=](const value& x, refusals& refuse) {
    auto* number = x.as<std::int64_t>();
    if (!number || *number < min || *number > max)
      refuse(x);
    return number ? static_cast<T>(*number) : T{};
  };
  // Only an option that is not used holds what it does not accept.
  auto shown = [=](T x) {
    return static_cast<std::int64_t>(x) < min ? "" : std::to_string(x);
  };
  return option_of(f, option_type::integer,
                   "an integer from " + std::to_string(min) + " to "
                       + std::to_string(max),
                   read, shown);
}

template option integer_option(field<std::uint32_t>, std::int64_t, std::int64_t);
template option integer_option(field<std::int64_t>, std::int64_t, std::int64_t);
template option integer_option(field<std::size_t>, std::int64_t, std::int64_t);

option unsigned_option(field<std::uint64_t> f) {
  auto read = [](const value& x, refusals& refuse) {
    auto* integer = x.as<std::int64_t>();
    auto* text = x.as<std::string>();
    auto found = text ? number_in<std::uint64_t>(*text) : std::nullopt;
    if (integer && *integer >= 0)
      found = static_cast<std::uint64_t>(*integer);
    if (!found)
      refuse(x);
    return found.value_or(0);
  };
  auto shown = [](std::uint64_t x) {
    return x > INT64_MAX ? in_quotes(std::to_string(x)) : std::to_string(x);
  };
  return option_of(f, option_type::integer,
                   "an integer from 0 to 9223372036854775807, or a string of decimal "
                   "digits up to \"18446744073709551615\"",
                   read, shown);
}

option real_option(field<double> f, double min, double max) {
  auto read = [=](const value& x, refusals& refuse) {
    auto* real = x.as<double>();
    auto* integer = x.as<std::int64_t>();
    auto number = real ? *real : integer ? static_cast<double>(*integer) : min - 1;
    // NaN is neither.
    if (!(number >= min && number <= max))
      refuse(x);
    return number;
  };
  return option_of(f, option_type::real,
                   "a number from " + format_real(min) + " to " + format_real(max), read,
                   format_real);
}

option name_option(field<std::string> f, std::size_t longest, bool may_be_empty) {
  return string_option(f,
                       (may_be_empty ? "at most " : "1 to ") + std::to_string(longest)
                           + " characters of A-Z, a-z, 0-9, '_' and '-'",
                       [=](const std::string& x) -> std::optional<std::string> {
                         auto fits = is_name(x) || (x.empty() && may_be_empty);
                         if (x.size() <= longest && fits)
                           return std::nullopt;
                         return "";
                       });
}

option text_option(field<std::string> f, std::size_t longest) {
  return string_option(f,
                       "text of at most " + std::to_string(longest)
                           + " bytes in UTF-8 without control characters",
                       [=](const std::string& x) -> std::optional<std::string> {
                         if (x.size() > longest || !is_utf8(x))
                           return "";
                         if (is_plain_text(x))
                           return std::nullopt;
                         return x.ends_with('\n') || x.ends_with('\r')
                                    ? "remove the line break at its end"
                                    : "remove the control characters";
                       });
}

option secret_option(field<std::string> f) {
  auto result = text_option(f, max_secret);
  result.secret = true;
  result.get = [=](const settings& s) {
    return f.read(s).empty() ? std::string{} : in_quotes("(hidden)");
  };
  return result;
}

option file_option(field<std::string> f) {
  return optional_string(f, "the path of a file that can be read", why_unreadable);
}

option address_option(field<std::string> f) {
  return optional_string(f, "a host and a port from 0 to 65535 like 127.0.0.1:8080",
                         why_no_listener);
}

option subject_option(field<std::string> f) {
  return optional_string(
      f, "words with dots between them, without spaces, control characters, '*' and '>'",
      [](const std::string& x) {
        auto reason = why_no_partition_key(x);
        return reason.empty() ? reason : "it " + reason;
      });
}

option boolean_option(field<bool> f) {
  auto read = [](const value& x, refusals& refuse) {
    auto* word = x.as<bool>();
    if (!word)
      refuse(x, x.as<std::string>() ? "write it without quotes" : "");
    return word && *word;
  };
  return option_of(f, option_type::boolean, "true or false", read,
                   [](bool x) { return x ? "true" : "false"; });
}

option url_option(field<std::vector<std::string>> f) {
  auto read = [](const value& x, refusals& refuse) {
    std::vector<std::string> urls;
    auto add = [&](const value& item, const std::string& at) {
      auto* url = item.as<std::string>();
      auto reason = url ? why_no_url(*url) : "write it in quotes";
      auto shown = item;
      if (url)
        shown.data = without_secrets(*url);
      if (reason.empty())
        urls.push_back(*url);
      else
        refuse(shown, reason, at);
    };
    auto* items = x.as<value_list>();
    if (!items)
      add(x, {});
    else if (items->empty())
      refuse(x);
    for (std::size_t i = 0; items && i < items->size(); ++i)
      add((*items)[i], place(i));
    return urls;
  };
  auto shown = [](std::vector<std::string> urls) {
    for (auto& x : urls)
      x = without_secrets(x);
    return urls.size() == 1 ? in_quotes(urls.front()) : as_array(urls);
  };
  return option_of(f, option_type::list,
                   "a URL or a list of URLs like nats://host:4222 or tls://host:4222",
                   read, shown);
}

option command_option(field<hook_command> f) {
  auto read = [](const value& x, refusals& refuse) {
    hook_command words;
    auto* text = x.as<std::string>();
    auto* items = x.as<value_list>();
    auto reason = text ? why_no_argument(*text) : items ? "" : "write it in quotes";
    if (!reason.empty())
      refuse(x, reason);
    else if (text && !trimmed(*text).empty())
      words = in_shell(*text);
    for (std::size_t i = 0; items && i < items->size() && reason.empty(); ++i) {
      const auto& item = (*items)[i];
      auto* word = item.as<std::string>();
      reason = !word                     ? "write it in quotes"
               : i == 0 && word->empty() ? "the program has no name"
                                         : why_no_argument(*word);
      if (reason.empty())
        words.push_back(*word);
      else
        refuse(item, reason, place(i));
    }
    return words;
  };
  auto shown = [](const hook_command& words) {
    if (words.empty())
      return std::string{};
    return words == in_shell(words.back()) ? in_quotes(words.back()) : as_array(words);
  };
  return option_of(f, option_type::command,
                   "a command for /bin/sh, or an array of a program and its arguments",
                   read, shown);
}

} // namespace partita::config
