// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_stream.hpp"

#include "partita/store/request_counters.hpp"

#include <algorithm>
#include <utility>

namespace partita::store {

namespace {

using std::chrono::milliseconds;

/// How often a creation that collides is tried again, after 10 ms, then twice as long
/// each.
constexpr unsigned most_retries = 5;
constexpr milliseconds first_wait{10};

} // namespace

nats_stream::nats_stream(std::string bucket, const nats_options& options,
                         nats_requests& requests)
    : bucket_(std::move(bucket)), options_(options), requests_(requests) {}

void nats_stream::identify(continuation then) {
  ask("INFO", {}, [then = std::move(then)](view x) { then(std::move(x.found)); });
}

void nats_stream::revive(continuation then) {
  ask("INFO", {}, [this, then = std::move(then)](view x) {
    if (x.found.status == open_status::missing && opened_ && opened_->makes())
      write("CREATE", nats::create_stream_request(options_for(*opened_)), *opened_,
            most_retries, then);
    else
      then(std::move(x.found));
  });
}

nats::stream_options nats_stream::options_for(const open_bucket& wanted) const {
  return {bucket_, wanted.ttl, wanted.replicas, wanted.least_ttl,
          options_.max_bucket_bytes};
}

void nats_stream::ask(const std::string& what, const std::string& text,
                      std::function<void(view)> then) {
  requests_.ask(
      "$JS.API.STREAM." + what + "." + nats::stream_of(bucket_), {}, text,
      clock::now() + options_.request_timeout,
      [this, then = std::move(then)](const nats_outcome& x) { then(view_of(x)); });
}

std::size_t nats_stream::most_value(const nats::stream_info& found) const {
  // With the headers of a compare-and-set, on a key of usual length.
  constexpr std::int64_t headers = 512;
  auto most = found.max_msg_size > 0 ? found.max_msg_size : most_message_;
  if (most_message_ > 0)
    most = std::min(most, most_message_);
  return most > 0 ? static_cast<std::size_t>(std::max(most - headers, std::int64_t{1}))
                  : bucket_identity{}.most_value;
}

nats_stream::view nats_stream::view_of(const nats_outcome& x) const {
  if (x.what == nats_outcome::kind::no_responders)
    return {{open_status::refused, {}, x.why + "; " + std::string{nats::no_jetstream}},
            {},
            true};
  if (x.what != nats_outcome::kind::answered)
    return {{failure_as<open_status>(x.what), {}, x.why}, {}, false};
  auto answer = nats::parse_stream(x.answer.data);
  if (auto* info = std::get_if<nats::stream_info>(&answer)) {
    // Happens where many clients make the same stream at once. Taken for its identity,
    // it would look like another incarnation of the bucket later.
    if (info->created_at_ns == 0)
      return {
          {open_status::unknown, {}, "bucket '" + bucket_ + "' is being made"}, {}, true};
    bucket_identity identity{info->created_at_ns,
                             {info->last_sequence},
                             info->max_age_ns != 0,
                             most_value(*info),
                             nats::only_keeper(server_, *info)};
    return {{open_status::opened, identity, {}}, info->config, false};
  }
  const auto& error = std::get<nats::api_error>(answer);
  if (error.err_code == nats::err_code::stream_not_found)
    return {
        {open_status::missing, {}, "there is no bucket '" + bucket_ + "'"}, {}, false};
  // Where many clients make the same stream at once, nats-server 2.9 reports to some that
  // their subjects overlap with that very stream.
  auto passing = !is_final(error) || error.err_code == nats::err_code::stream_name_in_use
                 || error.err_code == nats::err_code::subjects_overlap;
  return {{is_final(error) ? open_status::refused : open_status::unknown,
           {},
           "bucket '" + bucket_ + "': " + to_string(error)},
          {},
          passing};
}

void nats_stream::open(const open_bucket& wanted, continuation then, unsigned attempt) {
  ask("INFO", {}, [this, wanted, attempt, then = std::move(then)](view x) {
    if (x.passing) {
      again(wanted, attempt, std::move(x), then);
      return;
    }
    if (x.found.status == open_status::missing && wanted.makes()) {
      write("CREATE", nats::create_stream_request(options_for(wanted)), wanted, attempt,
            then);
      return;
    }
    if (x.found.status == open_status::opened) {
      auto differences = nats::differences(options_for(wanted), x.config);
      if (wanted.mode == open_mode::change && !differences.empty()) {
        auto next = nats::adapted(options_for(wanted), x.config);
        differences = nats::differences(options_for(wanted), next);
        if (differences.empty()) {
          write("UPDATE", next, wanted, attempt, then);
          return;
        }
      }
      if (wanted.mode != open_mode::look && !differences.empty())
        x.found = {open_status::foreign, x.found.identity,
                   "bucket '" + bucket_ + "' has another configuration: " + differences};
      else if (!opened_)
        opened_ = wanted;
    }
    then(std::move(x.found));
  });
}

void nats_stream::write(const char* how, const std::string& text,
                        const open_bucket& wanted, unsigned attempt, continuation then) {
  ask(how, text, [this, wanted, attempt, then = std::move(then)](view x) {
    if (x.found.status == open_status::opened && !opened_)
      opened_ = wanted;
    // Another client may have made it just now, so that there is something to
    // compare.
    if (x.passing)
      again(wanted, attempt, std::move(x), then);
    else
      then(std::move(x.found));
  });
}

void nats_stream::again(const open_bucket& wanted, unsigned attempt, view trouble,
                        continuation then) {
  if (attempt >= most_retries) {
    then(std::move(trouble.found));
    return;
  }
  requests_.wait(first_wait * (1u << attempt),
                 [this, wanted, attempt, then = std::move(then)] {
                   open(wanted, then, attempt + 1);
                 });
}

} // namespace partita::store
