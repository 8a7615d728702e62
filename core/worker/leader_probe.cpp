// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/leader_probe.hpp"

namespace partita::core {

void leader_probe::follow(const nonce& leader) {
  if (leader == leader_)
    return;
  leader_ = leader;
  alive_over_.reset();
  gone_since_.reset();
}

std::optional<nonce> leader_probe::due(time_point now) {
  auto at = wake_at();
  if (!at || now < *at)
    return std::nullopt;
  asked_ = true;
  sent_at_ = now;
  return leader_;
}

bool leader_probe::found(const nonce& who, const probed& x) {
  asked_ = false;
  if (!active() || who != leader_)
    return false;
  switch (x.status) {
  case probe_status::alive:
    alive_over_ = x.link;
    gone_since_.reset();
    return false;
  case probe_status::unknown:
    gone_since_.reset();
    return false;
  case probe_status::gone:
    break;
  }
  if (alive_over_ != x.link) {
    gone_since_.reset();
    return false;
  }
  if (!gone_since_) {
    gone_since_ = sent_at_;
    return false;
  }
  return *sent_at_ - *gone_since_ >= grace_ + (rank_ - 1) * grace_ / 2;
}

std::optional<time_point> leader_probe::wake_at() const {
  if (!active() || asked_)
    return std::nullopt;
  return sent_at_ ? *sent_at_ + pause() : time_point{};
}

duration leader_probe::pause() const {
  if (gone_since_)
    return grace_ / 2;
  return rank_ == 1 ? grace_ * 3 / 2 : grace_ * 3;
}

} // namespace partita::core
