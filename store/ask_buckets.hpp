#pragma once

#include "partita/messages/interfaces.hpp"
#include "partita/store/request_tally.hpp"

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// INTERNAL to the stores.
namespace partita::store {

/// Answers get_store_figures for a store: asks its living buckets, keeps what they tell in
/// `self->state.figures`, and answers with the sum and what `complete` adds to it.
template <class Self, class Bucket, class Complete>
caf::result<store_figures>
ask_buckets(Self self, const std::vector<std::pair<std::string, Bucket>>& buckets,
            Complete complete) {
  auto finished = [self, complete] {
    auto result = self->state.figures.sum();
    complete(result);
    return result;
  };
  if (buckets.empty())
    return finished();
  auto promise = self->template make_response_promise<store_figures>();
  auto missing = std::make_shared<std::size_t>(buckets.size());
  auto one_less = [promise, missing, finished]() mutable {
    if (--*missing == 0)
      promise.deliver(finished());
  };
  for (const auto& [name, bucket] : buckets)
    self->request(bucket, caf::infinite, get_store_figures{})
        .then(
            [self, name = name, one_less](const store_figures& x) mutable {
              self->state.figures.told(name, x);
              one_less();
            },
            // It has ended: what it told last counts.
            [one_less](const caf::error&) mutable { one_less(); });
  return promise;
}

} // namespace partita::store
