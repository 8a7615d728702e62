#include "partita/core/session.hpp"

namespace partita::core {

session::session(options opts) : options_{std::move(opts)}, writer_{options_.pause} {
  next_.nonce = options_.self;
  next_.program_version = options_.program_version;
}

session::commands session::open() {
  return {read{}};
}

session::commands session::step(const event& what, time_point now) {
  out_.clear();
  std::visit([&](const auto& x) { on(x, now); }, what);
  proceed(now);
  return std::move(out_);
}

std::optional<time_point> session::wake_at() const {
  if (phase_ == phase::over)
    return std::nullopt;
  if (phase_ == phase::opening)
    return read_at_;
  return writer_.busy() ? writer_.wake_at() : std::optional{beat_at_};
}

void session::on(const write_answered& what, time_point now) {
  carry_out(writer_.answered(what.answer, now), now);
}

void session::on(const read_answered& what, time_point now) {
  if (phase_ == phase::opening) {
    found_on_opening(what, now);
    return;
  }
  auto ours = what.found && what.found->nonce == options_.self
              && what.found->state == under_way_.state;
  carry_out(writer_.looked(what.answer, ours, now), now);
}

void session::on(const tick&, time_point now) {
  if (phase_ == phase::opening && read_at_ && now >= *read_at_) {
    read_at_.reset();
    out_.emplace_back(read{});
    return;
  }
  carry_out(writer_.tick(now), now);
}

void session::on(const progressed& what, time_point) {
  next_.seen = what.what.seen;
  next_.applied = what.what.applied;
  next_.stopping = what.what.stopping;
  if (next_.state == beat_state::joining && next_.applied.version.value != 0)
    next_.state = beat_state::working;
  news_ = true;
}

void session::on(const goodbye&, time_point) {
  goodbye_wanted_ = true;
  if (phase_ == phase::opening) {
    // Nothing was written, so there is nothing to take back.
    phase_ = phase::over;
    out_.emplace_back(said{true});
  }
}

void session::proceed(time_point now) {
  if (writer_.busy() || phase_ == phase::opening || phase_ == phase::over)
    return;
  if (goodbye_wanted_ || news_ || now >= beat_at_)
    beat_now(now);
}

void session::found_on_opening(const read_answered& what, time_point now) {
  switch (what.answer.status) {
  case read_status::found:
  case read_status::missing:
    break;
  case read_status::refused:
    out_.emplace_back(complain{what.answer.why});
    [[fallthrough]];
  case read_status::not_connected:
  case read_status::unknown:
    read_at_ = now + options_.pause;
    return;
  }
  revision_ = what.answer.entry.revision;
  if (what.found && what.found->nonce != options_.self)
    next_.replaces = what.found->nonce;
  // The stable id is ours by compare-and-set: what beats here has lost it, and learns so
  // from this write.
  phase_ = phase::entering;
  beat_at_ = now;
}

void session::beat_now(time_point now) {
  if (goodbye_wanted_)
    next_.state = beat_state::stopped;
  news_ = false;
  under_way_ = next_;
  carry_out(writer_.begin(revision_, now), now);
}

void session::carry_out(const key_writer::step& what, time_point now) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{under_way_, x->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    landed(*y);
  } else if (const auto* z = std::get_if<key_writer::taken>(&what)) {
    end("another incarnation beats in its place (revision "
        + std::to_string(z->entry.revision.value) + ')');
  } else if (const auto* v = std::get_if<key_writer::vacant>(&what)) {
    // Swept while the store could not be reached: nobody else has taken this place. What
    // somebody removed on purpose is an end.
    if (v->mark.value != 0) {
      end("its heartbeat was removed from the store");
    } else {
      revision_ = {};
      beat_at_ = now;
    }
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    beat_at_ = now + options_.pause;
    if (goodbye_wanted_)
      end_with_goodbye(false);
  } else if (const auto* w = std::get_if<key_writer::refused>(&what)) {
    out_.emplace_back(complain{w->why});
    beat_at_ = now + options_.interval;
    if (goodbye_wanted_)
      end_with_goodbye(false);
  }
}

void session::landed(const key_writer::landed& what) {
  revision_ = what.at;
  beat_at_ = what.sent + options_.interval;
  if (phase_ == phase::entering) {
    phase_ = phase::beating;
    out_.emplace_back(started{});
  }
  if (under_way_.state == beat_state::stopped)
    end_with_goodbye(true);
}

void session::end(std::string why) {
  if (goodbye_wanted_) {
    // Whoever ended us has said goodbye for us.
    end_with_goodbye(true);
    return;
  }
  phase_ = phase::over;
  out_.emplace_back(over{std::move(why)});
}

void session::end_with_goodbye(bool acknowledged) {
  phase_ = phase::over;
  out_.emplace_back(said{acknowledged});
}

} // namespace partita::core
