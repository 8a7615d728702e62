// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/store_mark.hpp"

#include "partita/store/nats/client/api.hpp"

#include <future>

namespace partita::nats {

store_mark read_mark(link& through, const std::string& stream, const std::string& subject,
                     std::chrono::milliseconds limit) {
  store_mark result{through.server().url, false, std::nullopt, false};
  // First, for nats-server 2.9 crashes when it is asked for a message of a stream that is
  // just being made.
  auto stream_found = through.ask("$JS.API.STREAM.INFO." + stream, {}, limit);
  if (!stream_found)
    return result;
  auto info = parse_stream(stream_found->data);
  if (const auto* error = std::get_if<api_error>(&info)) {
    result.answered = error->err_code == err_code::stream_not_found;
    return result;
  }
  if (std::get<stream_info>(info).created_at_ns == 0)
    return result; // Not yet.
  auto found = through.ask("$JS.API.STREAM.MSG.GET." + stream,
                           last_message_request(subject), limit);
  if (!found)
    return result;
  auto answer = parse_stored(found->data);
  if (auto* x = std::get_if<stored_message>(&answer)) {
    result.answered = true;
    if (!is_removal(x->headers))
      result.value = std::move(x->data);
    return result;
  }
  auto code = std::get<api_error>(answer).err_code;
  result.answered =
      code == err_code::no_message_found || code == err_code::stream_not_found;
  return result;
}

std::vector<store_mark> read_marks(const nats_options& options, const std::string& stream,
                                   const std::string& subject) {
  std::vector<std::future<store_mark>> asked;
  for (const auto& url : options.urls)
    asked.push_back(std::async(std::launch::async, [&options, &stream, &subject, url] {
      auto opened = link::open(options, {url}, 0, {[] {}, [](const std::string&) {}});
      auto* through = std::get_if<std::shared_ptr<link>>(&opened);
      if (!through)
        return store_mark{without_secrets(url), false, std::nullopt, false};
      auto result = read_mark(**through, stream, subject, options.request_timeout);
      (*through)->finish(*through);
      result.server = without_secrets(url);
      return result;
    }));
  std::vector<store_mark> result;
  for (auto& x : asked)
    result.push_back(x.get());
  return result;
}

} // namespace partita::nats
