// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/options.hpp"
#include "partita/config/text.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

/// The kinds of options: each function makes an option that reads one type of value,
/// checks its range and prints it again.
namespace partita::config {

/// A member of `settings` and its name in TOML.
template <class T>
struct field {
  const char* section;
  const char* key;
  T& (*write)(settings&);
  const T& (*read)(const settings&);

  std::string name() const { return std::string{section} + "." + key; }
};

template <class F>
auto field_at(const char* section, const char* key, F member) {
  using type = std::remove_reference_t<decltype(member(std::declval<settings&>()))>;
  return field<type>{section, key, member, member};
}

// A macro, as the name in TOML and the name of the member are to be the same word.
#define PARTITA_FIELD(sec, mem)                                                          \
  ::partita::config::field_at(                                                           \
      #sec, #mem, [](auto& s) -> auto& { return s.sec.mem; })

/// What is wrong with one value, while it is read.
struct refusals {
  /// As in complaint::expected.
  std::string expected;
  complaints all = {};

  /// Refuses `x`, which stands at `at` inside the value.
  void operator()(const value& x, std::string remedy = {}, std::string at = {});
};

/// The option of that member. `read` gives what a value holds, which counts unless it refuses
/// anything; `shown` gives the TOML text.
template <class T, class Read, class Shown>
option option_of(const field<T>& f, option_type type, std::string allowed, Read read,
                 Shown shown) {
  option result;
  result.section = f.section;
  result.key = f.key;
  result.type = type;
  result.set = [f, read, expected = "must be " + allowed](settings& s, const value& x) {
    refusals refuse{expected};
    T found = read(x, refuse);
    if (refuse.all.empty())
      f.write(s) = std::move(found);
    return std::move(refuse.all);
  };
  result.get = [f, shown](const settings& s) { return std::string{shown(f.read(s))}; };
  result.allowed = std::move(allowed);
  return result;
}

/// A duration from `min` to `max`, both included.
option duration_option(field<std::chrono::milliseconds> f, std::chrono::milliseconds min,
                       std::chrono::milliseconds max);

/// An integer from `min` to `max`, both included; std::uint32_t, std::int64_t or std::size_t.
template <class T>
option integer_option(field<T> f, std::int64_t min, std::int64_t max);

/// 0 to 2^64 - 1: an integer, or a string of decimal digits for what TOML's integers
/// cannot hold.
option unsigned_option(field<std::uint64_t> f);

/// A finite number from `min` to `max`, both included.
option real_option(field<double> f, double min, double max);

/// Letters, digits, '_' and '-', at most `longest` of them.
option name_option(field<std::string> f, std::size_t longest, bool may_be_empty = true);

/// Any text without control characters, up to `longest` bytes.
option text_option(field<std::string> f, std::size_t longest);

/// A text that is never shown.
option secret_option(field<std::string> f);

/// The path of a file; it must be readable.
option file_option(field<std::string> f);

/// true or false.
option boolean_option(field<bool> f);

/// Where a server listens: a host and a port, 0 being any free one.
option address_option(field<std::string> f);

/// One or more addresses of NATS servers; a single one needs no brackets.
option url_option(field<std::vector<std::string>> f);

/// A command: text for the shell, or a program and its arguments one by one. Whether the
/// program is there is checked later: only where the command is to run, it must be.
option command_option(field<hook_command> f);

/// Partitions one by one.
option partition_list_option(field<std::vector<partition>> f);

/// The beginning of a subject of NATS, or the first key of numbered partitions.
option subject_option(field<std::string> f);

/// For options whose value is a word.
inline const std::string& to_string(const std::string& x) {
  return x;
}

/// One of `values`, each by its to_string; `synonyms` may understand more words.
template <class E>
option choice_option(field<E> f, std::vector<E> values,
                     std::optional<E> (*synonyms)(std::string_view) = nullptr) {
  std::vector<std::string> words;
  for (const auto& x : values)
    words.emplace_back(to_string(x));
  auto read = [=](const value& x, refusals& refuse) {
    auto* text = x.as<std::string>();
    for (std::size_t i = 0; text && i < words.size(); ++i)
      if (words[i] == *text)
        return values[i];
    if (text && synonyms)
      if (auto found = synonyms(*text))
        return *found;
    auto meant = text ? nearest(*text, words) : std::string{};
    refuse(x, !text           ? "write it in quotes"
              : meant.empty() ? ""
                              : "did you mean " + meant + "?");
    return values.front();
  };
  return option_of(f, option_type::text, one_of(words), read,
                   [](const E& x) { return in_quotes(to_string(x)); });
}

} // namespace partita::config
