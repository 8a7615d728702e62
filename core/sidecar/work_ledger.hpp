// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/record.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace partita::core {

/// What an application works on, and what it was ordered to stop.
///
///            assigned                  taken back            released
///   +------+ -------> +-------------+ ----------> +--------+ --------> gone
///   | gone |          | worked on   |             | ending |
///   +------+          +-------------+             +--------+
///
/// Promises:
/// - A partition is worked on, ending or gone, never two of them.
/// - An order is done once everything that it takes back is released, and not before; it
///   is reported as done once.
/// - Where no releases are asked for (`confirm` false), every order is done at once.
/// - Only the token under which a partition ends releases it.
/// - The version grows with everything that shows, and with nothing else.
class work_ledger {
public:
  /// Names an order to stop; given by the shell.
  using order_id = std::uint64_t;
  using orders = std::vector<order_id>;

  /// A partition whose work has to end.
  struct ending {
    grant what;
    /// Others may own it after `until`; else it moves once it is released.
    bool lost = false;
    time_point until{};
    /// The orders that wait for its end.
    std::set<order_id> waiting;
  };

  enum class release_result : std::uint8_t {
    released,
    /// It was released before under this token.
    already,
    /// It was not taken back: work goes on.
    still_owned,
    /// It ends, or is worked on, under another token.
    wrong_token,
    /// The application never had it.
    unknown
  };

  struct release_answer {
    release_result result = release_result::unknown;
    /// The right one, with wrong_token.
    partita::version token;
    /// What is done by that.
    orders done;
  };

  /// `first_version`: greater than all that an earlier ledger of this application showed,
  /// so that no reader takes news for what it has seen.
  work_ledger(bool confirm, std::uint64_t first_version)
      : confirm_{confirm}, version_{first_version} {}

  void assigned(const std::vector<grant>& what);
  /// Work on these is to end; what is done by that.
  [[nodiscard]] orders take_back(order_id order, const std::vector<grant>& what,
                                 bool lost, time_point until);
  release_answer release(std::string_view name, partita::version token);
  /// The application is gone, and its work with it: all that is ending is released.
  [[nodiscard]] orders application_gone();
  /// The worker has stopped: nothing is owned any more.
  void worker_gone();
  /// Something else that shows has changed.
  void touch() { ++version_; }

  bool confirm() const { return confirm_; }
  std::uint64_t version() const { return version_; }
  /// By name.
  const std::map<std::string, grant, std::less<>>& owned() const { return owned_; }
  const std::map<std::string, ending, std::less<>>& endings() const { return endings_; }

private:
  /// Takes it out of the endings; what is done by that.
  orders end(std::map<std::string, ending, std::less<>>::iterator which);

  bool confirm_;
  std::uint64_t version_;
  std::map<std::string, grant, std::less<>> owned_;
  std::map<std::string, ending, std::less<>> endings_;
  /// How many partitions each order still waits for.
  std::map<order_id, std::size_t> open_;
  /// The newest releases, for an application that reports one twice.
  std::deque<std::pair<std::string, partita::version>> released_;
};

} // namespace partita::core
