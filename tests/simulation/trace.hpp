// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace partita::simulation {

/// What a person reads of a group-life. Off, it costs a branch.
class trace {
public:
  enum class mode : std::uint8_t {
    off,
    /// The last events are kept, to be printed after a violation.
    tail,
    /// Everything is printed at once.
    all
  };

  explicit trace(mode x) : mode_(x) {}

  bool on() const { return mode_ != mode::off; }
  /// Whether what happens all the time is wanted, too.
  bool all() const { return mode_ == mode::all; }

  /// Where the group-life has come to.
  void at(core::time_point now, std::uint64_t step) {
    now_ = now;
    step_ = step;
  }

  /// `who` is a process, "store" or "world".
  template <class... Ts>
  void note(const std::string& who, fmt::format_string<Ts...> text, Ts&&... xs) {
    if (on())
      add(who, fmt::format(text, std::forward<Ts>(xs)...));
  }

  /// The same for what happens all the time.
  template <class... Ts>
  void routine(const std::string& who, fmt::format_string<Ts...> text, Ts&&... xs) {
    if (all())
      add(who, fmt::format(text, std::forward<Ts>(xs)...));
  }

  /// The kept events, oldest first, a line each.
  std::string tail() const;

private:
  void add(const std::string& who, const std::string& text);

  static constexpr std::size_t kept = 60;

  mode mode_;
  core::time_point now_;
  std::uint64_t step_ = 0;
  std::deque<std::string> lines_;
};

} // namespace partita::simulation
