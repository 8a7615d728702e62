// SPDX-License-Identifier: Apache-2.0
#include "partita/core/sidecar/guard.hpp"

#include "partita/messages/failpoint.hpp"

namespace partita::core {

constexpr int failed = 1;

std::optional<time_point> guard::wake_at() const {
  if (phase_ == phase::parting)
    return parting_until_;
  if (phase_ != phase::watching)
    return std::nullopt;
  return earlier(deadline_, leave_until());
}

void guard::on(const must_stop_by& what, time_point) {
  if (!failpoint(rule::guard_deadline_ignored))
    deadline_ = what.when;
}

void guard::on(const ordered& what, time_point now) {
  if (phase_ == phase::parting && what.to_stop)
    end(code_);
  // A process below does not end: the operator must still be able to stop the guard.
  if (phase_ == phase::killing && what.to_stop && now >= killing_since_ + kill_patience_)
    end(failed);
  if (phase_ != phase::watching)
    return;
  if (what.to_stop && ++orders_ > 2) {
    kill("it received a third order to stop", failed, now);
    return;
  }
  if (what.to_stop)
    leaves_since_ = leaves_since_.value_or(now);
  out_.emplace_back(pass{what.signal});
}

void guard::on(const worker_ended& what, time_point now) {
  if (phase_ != phase::watching)
    return;
  if (what.by_signal)
    kill("the worker was ended by signal " + std::to_string(what.code - 128), what.code,
         now);
  else if (deadline_)
    kill("the worker ended, and had not confirmed that its work has stopped", what.code,
         now);
  else
    end(what.code);
}

void guard::on(const cleared&, time_point now) {
  if (phase_ != phase::killing)
    return;
  if (!goodbye_within_) {
    end(code_);
    return;
  }
  phase_ = phase::parting;
  parting_until_ = now + *goodbye_within_ + kill_patience_;
  out_.emplace_back(say_goodbye{now + *goodbye_within_});
}

void guard::on(const tick&, time_point now) {
  if (phase_ == phase::parting && now >= parting_until_)
    end(code_);
  if (phase_ != phase::watching)
    return;
  auto until = leave_until();
  if (deadline_ && now >= *deadline_)
    kill("its work had to stop by now, as another worker may start, and the worker has "
         "not confirmed it",
         failed, now);
  else if (until && now >= *until)
    kill("the worker did not leave in time", failed, now);
}

void guard::kill(std::string why, int code, time_point now) {
  phase_ = phase::killing;
  killing_since_ = now;
  code_ = code;
  out_.emplace_back(kill_all{std::move(why)});
}

} // namespace partita::core
