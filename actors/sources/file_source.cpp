// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/sources/file_source.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/sources/source_audience.hpp"
#include "partita/core/strategies/hash_ring.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>

#include <sys/stat.h>

namespace partita {

namespace {

using namespace std::chrono_literals;

struct file_source_state;

using file_source_actor =
    partition_source_actor::extend< // INTERNAL: time to look at the file.
        handler<void(wake)>>;
using self_pointer = file_source_actor::stateful_pointer<file_source_state>;

constexpr auto between_looks = 1s;
/// Editors write in several steps.
constexpr auto quiet = 100ms;

/// What differs once a file was written or another one is in its place, also behind a link; of
/// one that is not there, nothing.
using file_stamp = std::array<std::int64_t, 5>;

file_stamp stamp_of(const std::string& path) {
  struct stat x {};
  if (::stat(path.c_str(), &x) != 0)
    return {};
  auto ns = [](const timespec& y) { return y.tv_sec * 1'000'000'000 + y.tv_nsec; };
  return {static_cast<std::int64_t>(x.st_dev), static_cast<std::int64_t>(x.st_ino),
          static_cast<std::int64_t>(x.st_size), ns(x.st_mtim), ns(x.st_ctim)};
}

struct file_source_state {
  file_source_options options;
  std::optional<source_audience<std::remove_pointer_t<self_pointer>>> audience;
  partita::alarm alarm;
  /// What the last look found, and the last reading was made of.
  file_stamp seen;
  file_stamp read;
  static inline constexpr const char* name = "partita.file_source";
};

void read(self_pointer self) {
  auto& s = state_of(self);
  s.read = s.seen;
  auto found = s.options.read();
  if (const auto* why = std::get_if<std::string>(&found)) {
    s.audience->lack(*why);
    return;
  }
  auto& list = std::get<std::vector<partition>>(found);
  auto digest = core::digest_of(list);
  s.audience->give(std::move(list), {}, digest);
}

/// Reads a file that has changed once it stays as it is. Without listeners nothing is looked at:
/// the timer would keep the source alive.
void look(self_pointer self) {
  auto& s = state_of(self);
  if (s.audience->empty())
    return;
  auto before = std::exchange(s.seen, stamp_of(s.options.path));
  if (s.seen != s.read && s.seen == before)
    read(self);
  s.alarm.set(self, s.options.clock, 0,
              s.options.clock.now(self) + (s.seen != s.read ? quiet : between_looks));
}

file_source_actor::behavior_type file_source(self_pointer self,
                                             file_source_options options) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.options = std::move(options);
  s.audience.emplace(self);
  s.seen = stamp_of(s.options.path);
  read(self);
  return {
      [=](const partition_listener_actor& who) {
        state_of(self).audience->add(who);
        look(self);
      },
      [=](const wake& x) {
        if (state_of(self).alarm.rings(x, 0))
          look(self);
      },
  };
}

} // namespace

partition_source_actor spawn_file_source(caf::actor_system& sys,
                                         file_source_options options) {
  // A file system may hang.
  return sys.spawn<caf::detached>(file_source, std::move(options));
}

} // namespace partita
