// SPDX-License-Identifier: Apache-2.0
#include "partita/core/sidecar/guard.hpp"

#include <utility>

namespace partita::core {

namespace {

constexpr int failed = 1;

} // namespace

guard::commands guard::step(const event& what, time_point now) {
  out_.clear();
  std::visit([&](const auto& x) { on(x, now); }, what);
  return std::move(out_);
}

std::optional<time_point> guard::wake_at() const {
  if (phase_ != phase::watching)
    return std::nullopt;
  return earlier(deadline_, leave_until_);
}

void guard::on(const must_stop_by& what, time_point) {
  deadline_ = what.when;
}

void guard::on(const stopped&, time_point) {
  deadline_.reset();
}

void guard::on(const leaves_within& what, time_point) {
  patience_ = what.limit;
}

void guard::on(const ordered& what, time_point now) {
  if (phase_ == phase::killing && what.to_stop) {
    end(failed); // Something below does not die: whoever waits for us shall not wait for it.
    return;
  }
  if (phase_ != phase::watching)
    return;
  if (what.to_stop && ++orders_ > 2) {
    kill("it was told to stop for the third time", failed);
    return;
  }
  if (orders_ == 1 && what.to_stop)
    leave_until_ = now + patience_;
  out_.emplace_back(pass{what.signal});
}

void guard::on(const worker_ended& what, time_point) {
  if (phase_ != phase::watching)
    return;
  if (what.by_signal)
    kill("the worker was ended by signal " + std::to_string(what.code - 128), what.code);
  else if (deadline_)
    kill("the worker ended, and had not confirmed that its work has stopped", what.code);
  else
    end(what.code);
}

void guard::on(const cleared&, time_point) {
  if (phase_ == phase::killing)
    end(code_);
}

void guard::on(const tick&, time_point now) {
  if (phase_ != phase::watching)
    return;
  if (deadline_ && now >= *deadline_)
    kill("its work had to stop by now, for others may start, and the worker has not confirmed "
         "that it did",
         failed);
  else if (leave_until_ && now >= *leave_until_)
    kill("it did not end in time after it was told to stop", failed);
}

void guard::kill(std::string why, int code) {
  phase_ = phase::killing;
  code_ = code;
  out_.emplace_back(kill_all{std::move(why)});
}

void guard::end(int code) {
  phase_ = phase::over;
  out_.emplace_back(finish{code});
}

} // namespace partita::core
