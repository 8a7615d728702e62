// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"
#include "partita/store/request_counters.hpp"

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// INTERNAL to the stores.
namespace partita::store {

/// Answers get_store_stats for a store: asks its running buckets, keeps their answers in
/// `self->state.stats`, and answers with the sum and what `complete` adds to it.
template <class Self, class Bucket, class Complete>
caf::result<store_stats>
ask_buckets(Self self, const std::vector<std::pair<std::string, Bucket>>& buckets,
            Complete complete) {
  auto finished = [self, complete] {
    auto result = self->state.stats.sum();
    complete(result);
    return result;
  };
  if (buckets.empty())
    return finished();
  auto promise = self->template make_response_promise<store_stats>();
  auto missing = std::make_shared<std::size_t>(buckets.size());
  auto one_less = [promise, missing, finished]() mutable {
    if (--*missing == 0)
      promise.deliver(finished());
  };
  for (const auto& [name, bucket] : buckets)
    self->request(bucket, caf::infinite, get_store_stats{})
        .then(
            [self, name = name, one_less](const store_stats& x) mutable {
              self->state.stats.told(name, x);
              one_less();
            },
            // It has ended: its last answer counts.
            [one_less](const caf::error&) mutable { one_less(); });
  return promise;
}

} // namespace partita::store
