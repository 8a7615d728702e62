// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_streams.hpp"

#include "partita/store/nats/client/streams_api.hpp"
#include "partita/store/request_counters.hpp"

#include <string>
#include <utility>

namespace partita::store {

namespace {

using time_point = nats_requests::clock::time_point;
using kind = nats_outcome::kind;
template <class Answer>
using continuation = std::function<void(Answer)>;

/// Another consumer has the name; servers of different age say it differently.
constexpr int other_consumer_errors[] = {10012, 10013, 10105, 10148};

bool is_token(std::string_view x) {
  return !x.empty() && x.find_first_of(" .*>/\\\t\r\n") == x.npos;
}

bool is_subject(std::string_view x) {
  return !x.empty() && x.front() != '.' && x.back() != '.' && x.find("..") == x.npos
         && x.find_first_of(" \t\r\n") == x.npos;
}

std::string name_fault(const char* what, const std::string& x) {
  if (is_token(x))
    return {};
  return std::string{what} + " '" + x
         + "': expected a name without spaces, dots, slashes and wildcards";
}

std::string fault_of(const stream_look& x) {
  return name_fault("stream", x.stream);
}

std::string fault_of(const stream_make& x) {
  return name_fault("stream", x.stream);
}

std::string fault_of(const consumer_make& x) {
  if (!x.consumer.filter.empty() && !is_subject(x.consumer.filter))
    return "filter '" + x.consumer.filter
           + "': expected tokens joined by dots, without spaces";
  auto why = name_fault("stream", x.stream);
  return why.empty() ? name_fault("consumer", x.consumer.name) : why;
}

template <class Request>
std::string fault_of_names(const Request& x) {
  auto why = name_fault("stream", x.stream);
  return why.empty() ? name_fault("consumer", x.name) : why;
}

std::string fault_of(const consumer_remove& x) {
  return fault_of_names(x);
}

std::string fault_of(const consumer_look& x) {
  return fault_of_names(x);
}

std::string fault_of(const consumer_list& x) {
  return name_fault("stream", x.stream);
}

stream_status status_of(const nats::api_error& x) {
  auto code = static_cast<std::uint32_t>(x.err_code);
  if (code == stream_error::stream_not_found || code == stream_error::consumer_not_found)
    return stream_status::missing;
  for (auto other : other_consumer_errors)
    if (x.err_code == other)
      return stream_status::conflict;
  return is_final(x) ? stream_status::refused : stream_status::unknown;
}

template <class Answer>
Answer failure(stream_status how, std::string why, int error = 0) {
  Answer result;
  result.status = how;
  result.error = static_cast<std::uint32_t>(error);
  result.why = std::move(why);
  return result;
}

/// Sends the request; `read` gives the answer of an answer that is no error.
template <class Answer, class Request, class Parse, class Read>
void ask(nats_requests& by, const Request& x, const std::string& subject,
         const std::string& text, time_point until, Parse parse, Read read,
         continuation<Answer> then) {
  if (auto why = fault_of(x); !why.empty()) {
    then(failure<Answer>(stream_status::refused, std::move(why)));
    return;
  }
  by.ask(subject, {}, text, until,
         [stream = x.stream, parse, read, then = std::move(then)](const nats_outcome& y) {
           if (y.what == kind::no_responders) {
             then(failure<Answer>(stream_status::not_connected,
                                  y.why + "; " + std::string{nats::no_jetstream}));
           } else if (y.what != kind::answered) {
             then(failure<Answer>(failure_as<stream_status>(y.what), y.why));
           } else {
             auto found = parse(y.answer.data);
             if (const auto* error = std::get_if<nats::api_error>(&found))
               then(failure<Answer>(status_of(*error),
                                    "stream '" + stream + "': " + to_string(*error),
                                    error->err_code));
             else
               read(std::get<0>(found), y.answer.data, then);
           }
         });
}

template <class Request>
void ask_stream(nats_requests& by, const Request& x, const char* what,
                const std::string& text, time_point until,
                continuation<stream_answer> then) {
  ask<stream_answer>(
      by, x, std::string{"$JS.API.STREAM."} + what + '.' + x.stream, text, until,
      nats::parse_stream_facts,
      [](const stream_facts& found, const std::string&, const auto& next) {
        next({stream_status::done, 0, found, {}});
      },
      std::move(then));
}

void take_consumer(const consumer_facts& found, const std::string&,
                   const continuation<consumer_answer>& then) {
  then({stream_status::done, 0, found, {}});
}

} // namespace

void ask_streams(nats_requests& by, const stream_look& x, time_point until,
                 continuation<stream_answer> then) {
  ask_stream(by, x, "INFO", {}, until, std::move(then));
}

void ask_streams(nats_requests& by, const stream_make& x, time_point until,
                 continuation<stream_answer> then) {
  ask<stream_answer>(
      by, x, "$JS.API.STREAM.INFO." + x.stream, {}, until, nats::parse_stream_facts,
      [&by, x, until](const stream_facts& found, const std::string& text,
                      const continuation<stream_answer>& next) {
        if (found.subjects == x.subjects && found.transform == x.transform)
          next({stream_status::done, 0, found, {}});
        else
          ask_stream(by, x, "UPDATE", nats::make_stream_request(x, text), until, next);
      },
      [&by, x, until, then = std::move(then)](const stream_answer& found) {
        if (found.status == stream_status::missing)
          ask_stream(by, x, "CREATE", nats::make_stream_request(x), until, then);
        else
          then(found);
      });
}

void ask_streams(nats_requests& by, const consumer_make& x, time_point until,
                 continuation<consumer_answer> then) {
  ask<consumer_answer>(by, x, nats::make_consumer_subject(x),
                       nats::make_consumer_request(x), until, nats::parse_consumer_facts,
                       take_consumer, std::move(then));
}

void ask_streams(nats_requests& by, const consumer_remove& x, time_point until,
                 continuation<consumer_answer> then) {
  ask<consumer_answer>(
      by, x, "$JS.API.CONSUMER.DELETE." + x.stream + '.' + x.name, {}, until,
      nats::parse_success,
      [](bool, const std::string&, const auto& next) {
        next({stream_status::done, 0, {}, {}});
      },
      std::move(then));
}

void ask_streams(nats_requests& by, const consumer_look& x, time_point until,
                 continuation<consumer_answer> then) {
  ask<consumer_answer>(by, x, "$JS.API.CONSUMER.INFO." + x.stream + '.' + x.name, {},
                       until, nats::parse_consumer_facts, take_consumer, std::move(then));
}

void ask_streams(nats_requests& by, const consumer_list& x, time_point until,
                 continuation<consumer_names> then) {
  ask<consumer_names>(
      by, x, "$JS.API.CONSUMER.NAMES." + x.stream, nats::list_consumers_request(x.offset),
      until, nats::parse_consumer_page,
      [](const nats::consumer_page& found, const std::string&, const auto& next) {
        next({stream_status::done, 0, found.names, found.total, {}});
      },
      std::move(then));
}

} // namespace partita::store
