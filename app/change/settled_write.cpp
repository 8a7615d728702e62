// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/settled_write.hpp"

#include "partita/core/key_writer.hpp"

#include <algorithm>
#include <utility>

namespace partita::app {

namespace {

using core::key_writer;
using std::chrono::milliseconds;

constexpr core::duration between_tries = milliseconds{100};

core::time_point now() {
  return std::chrono::steady_clock::now();
}

} // namespace

kv_written settle(kv_written first, const key_change& what, const write_access& access) {
  key_writer writer{between_tries};
  writer.begin(what.expected, now());
  auto answer = std::move(first);
  auto step = writer.answered(answer, now());
  for (;;) {
    if (std::holds_alternative<key_writer::waiting>(step)) {
      auto due = writer.wake_at().value_or(now());
      if (!access.pause(std::max(due - now(), core::duration{0})))
        return {write_status::unknown, {}, answer.why};
      step = writer.tick(std::max(now(), due));
    } else if (std::holds_alternative<key_writer::write>(step)) {
      answer = access.write();
      step = writer.answered(answer, now());
    } else if (std::holds_alternative<key_writer::read>(step)) {
      auto found = access.read();
      // At the expected revision stands what the command was decided upon.
      auto ours = found.status == read_status::found && !found.entry.removed
                  && found.entry.value == what.value;
      step = writer.looked(found, key_writer::seen(ours, true), now());
    } else if (const auto* x = std::get_if<key_writer::landed>(&step)) {
      return {write_status::done, x->at, {}};
    } else if (const auto* y = std::get_if<key_writer::taken>(&step)) {
      return {write_status::conflict, y->entry.revision, answer.why};
    } else if (const auto* z = std::get_if<key_writer::vacant>(&step)) {
      return {!what.value ? write_status::done : write_status::conflict, z->mark,
              answer.why};
    } else {
      return answer; // Not sent, or refused.
    }
  }
}

write_access access_to(caf::scoped_actor& self, const bucket_actor& bucket,
                       const key_change& what, std::function<milliseconds()> left,
                       std::function<bool(core::duration)> pause) {
  auto write = [&, left] {
    return with_request(what, [&](auto request) {
      return ask<kv_written>(self, bucket, left(), std::move(request));
    });
  };
  auto read = [&, left] { return ask<kv_read>(self, bucket, left(), kv_last{what.key}); };
  return {write, read, std::move(pause)};
}

} // namespace partita::app
