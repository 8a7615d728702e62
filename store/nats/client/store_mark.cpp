// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/link_keeper.hpp"

#include <future>
#include <mutex>

namespace partita::nats {

namespace {

/// The last error that a server reported; a missing permission has no other answer.
class complaints {
public:
  void add(std::string x) {
    std::lock_guard guard{mutex_};
    last_ = std::move(x);
  }

  std::string last() const {
    std::lock_guard guard{mutex_};
    return last_;
  }

private:
  mutable std::mutex mutex_;
  std::string last_;
};

surveyed_server silent(const std::string& server, const std::string& why) {
  return {server, read_status::unknown, {}, {}, why};
}

/// A key that is not there, where the error says that; else no answer.
surveyed_server missing_or_silent(const std::string& server, const api_error& x) {
  auto missing = x.err_code == err_code::no_message_found
                 || x.err_code == err_code::stream_not_found;
  if (missing)
    return {server, read_status::missing, {}, {}, {}};
  return silent(server, to_string(x));
}

/// Over a connection of its own.
store_mark ask_server(const nats_options& options, const std::string& url,
                      const std::string& stream, const std::string& subject) {
  auto heard = std::make_shared<complaints>();
  auto opened = link::open(options, {url}, 0,
                           {[] {}, [heard](std::string x) { heard->add(std::move(x)); }});
  auto* through = std::get_if<std::shared_ptr<link>>(&opened);
  if (!through) {
    const auto& [why, foreign, unconnected] = std::get<link::failure>(opened);
    auto reason = unconnected ? why_not_connected(options, {url}, why) : why;
    return {silent(without_secrets(url), reason), {}};
  }
  auto result = read_mark(**through, stream, subject, options.request_timeout);
  auto process = (*through)->server().process;
  (*through)->finish(*through);
  result.server = without_secrets(url);
  if (auto complaint = heard->last();
      result.status == read_status::unknown && !complaint.empty())
    result.why = complaint;
  return {result, process};
}

} // namespace

surveyed_server read_mark(link& through, const std::string& stream,
                          const std::string& subject, std::chrono::milliseconds limit) {
  const auto& server = through.server().url;
  // First, because nats-server 2.9 crashes when it is asked for a message of a stream
  // that is just being made.
  auto stream_found = through.ask("$JS.API.STREAM.INFO." + stream, {}, limit);
  if (const auto* why = std::get_if<std::string>(&stream_found))
    return silent(server, *why);
  auto info = parse_stream(std::get<message>(stream_found).data);
  if (const auto* error = std::get_if<api_error>(&info))
    return missing_or_silent(server, *error);
  if (std::get<stream_info>(info).created_at_ns == 0)
    return silent(server, "the stream " + stream + " is just being made");
  auto found = through.ask("$JS.API.STREAM.MSG.GET." + stream,
                           last_message_request(subject), limit);
  if (const auto* why = std::get_if<std::string>(&found))
    return silent(server, *why);
  auto answer = parse_stored(std::get<message>(found).data);
  if (const auto* error = std::get_if<api_error>(&answer))
    return missing_or_silent(server, *error);
  auto& x = std::get<stored_message>(answer);
  if (is_removal(x.headers))
    return {server, read_status::missing, {}, {}, {}};
  return {server, read_status::found, std::move(x.data), {}, {}};
}

std::vector<store_mark> read_marks(const nats_options& options, const std::string& stream,
                                   const std::string& subject) {
  std::vector<std::future<store_mark>> asked;
  for (const auto& url : options.url)
    asked.push_back(std::async(std::launch::async, [&options, &stream, &subject, url] {
      return ask_server(options, url, stream, subject);
    }));
  std::vector<store_mark> result;
  for (auto& x : asked)
    result.push_back(x.get());
  return result;
}

std::optional<link::failure> why_unusable(const surveyed_server& found,
                                          const expected_mark& x,
                                          const nats_options& options) {
  const auto& server = found.server;
  if (found.status == read_status::found && found.value == x.value)
    return std::nullopt;
  // It may have lost its data, or be about to elect the leader that has it: then it must
  // be at the same address, or of the same cluster.
  if (found.status != read_status::found) {
    if (options.url.size() == 1 || x.seen_at == server)
      return std::nullopt;
    auto read = read_server_info(server, options.connect_timeout);
    const auto* info = std::get_if<server_info>(&read);
    if (info && !info->cluster.empty() && info->cluster == x.cluster)
      return std::nullopt;
  }
  if (found.status == read_status::unknown)
    return link::failure{server + " does not say which store it is: " + found.why};
  auto holds =
      found.status == read_status::found ? found.value : "no entry of this group";
  return link::failure{server + " is another store than " + x.seen_at
                           + ", which was used before: it holds " + holds + ", expected "
                           + x.value + "; name servers of one store in nats.url",
                       true};
}

} // namespace partita::nats
