// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/message.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace partita {

/// The listeners of a partition source, and what they last received. Forgets each that ends,
/// and then calls `emptied` if it was the last one. Lives as long as the source.
template <class Self>
class source_audience {
public:
  using on_emptied = void (*)(Self*);

  explicit source_audience(
      Self* self, on_emptied emptied = [](Self*) {})
      : self_{self}, emptied_{emptied} {}

  /// Sends it what is known at once, and each change until it ends.
  void add(const partition_listener_actor& who) {
    if (!who)
      return;
    if (std::find(all_.begin(), all_.end(), who) == all_.end()) {
      all_.push_back(who);
      monitor(self_, who,
              [this](Self*, const caf::actor_addr& x, const caf::error&) { remove(x); });
    }
    if (!list_.empty())
      partita::anon_mail(list_).send(caf::actor_cast<caf::actor>(who));
    else if (!trouble_.empty())
      mail(self_, partitions_unavailable{trouble_}).send(who);
  }

  bool empty() const { return all_.empty(); }

  /// The whole list; `trouble`: what could not be used. Sent only if it has changed.
  /// `digest`: see partition_list.
  void give(std::vector<partition> list, std::string trouble = {},
            std::string digest = {}) {
    if (!list_.empty() && list_.get_as<partition_list>(0).partitions == list
        && trouble_ == trouble)
      return;
    trouble_ = trouble;
    list_ = caf::make_message(
        partition_list{std::move(list), std::move(trouble), std::move(digest)});
    for (const auto& who : all_)
      partita::anon_mail(list_).send(caf::actor_cast<caf::actor>(who));
  }

  /// The list is not available (any more); the last one stays. Sent only if that is new.
  void lack(std::string why) {
    if (trouble_ == why)
      return;
    trouble_ = std::move(why);
    for (const auto& who : all_)
      mail(self_, partitions_unavailable{trouble_}).send(who);
  }

  /// What was known may be outdated.
  void forget() {
    list_ = {};
    trouble_.clear();
  }

private:
  void remove(const caf::actor_addr& who) {
    auto gone = std::erase_if(all_, [&](const auto& x) { return x.address() == who; });
    if (gone != 0 && all_.empty())
      emptied_(self_);
  }

  Self* self_;
  on_emptied emptied_;
  std::vector<partition_listener_actor> all_;
  /// The last partition_list, one for all listeners: it may be large. Empty: there was none.
  caf::message list_;
  std::string trouble_;
};

} // namespace partita
