// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

/// How people read ids and numbers.
namespace partita::app {

/// Orders names of partitions as people count: `orders.2` before `orders.10`.
struct by_reading {
  bool operator()(const std::string& a, const std::string& b) const {
    auto order = ::strverscmp(a.c_str(), b.c_str());
    // A name from the store may hold a zero byte.
    return order != 0 ? order < 0 : a < b;
  }
};

/// What to say of a name that is none of `names`: the nearest one, or all if they are few.
std::string name_hint(const std::string& typed, const std::vector<std::string>& names);

/// One line of text from the store, from a configuration or of a person.
std::string text_line(const std::string& text);

/// `7.3 s`.
std::string readable_seconds(std::int64_t ms);

/// The two greatest units: `2 h 5 min`, `29 min 12 s`, `7 s`; seconds rounded up.
std::string readable_span(std::int64_t ms);

/// `2026-11-28 02:30:00 UTC`; the argument is unix time in seconds.
std::string readable_time(std::int64_t at);

} // namespace partita::app
