// SPDX-License-Identifier: Apache-2.0
#include "partita/tests/support/nats_client.hpp"

#include "partita/store/nats/client/subjects.hpp"

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>

namespace partita::test {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

nats_options options_for(const std::string& url) {
  nats_options result;
  result.url = {url};
  return result;
}

} // namespace

class nats_client::answers : public nats::sink {
public:
  void take(nats::event x) override {
    std::lock_guard guard{mutex_};
    if (const auto* link = std::get_if<nats::link_event>(&x))
      up_ = link->up;
    else if (auto* found = std::get_if<nats::answer_event>(&x))
      answers_.emplace(found->ticket, std::move(found->answer));
    changed_.notify_all();
  }

  bool wait_up() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [this] { return up_; });
  }

  nats::message wait(std::uint64_t ticket) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return answers_.count(ticket) > 0; }))
      throw std::runtime_error("the server does not answer");
    return std::move(answers_.extract(ticket).mapped());
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool up_ = false;
  std::map<std::uint64_t, nats::message> answers_;
};

nats_client::nats_client(nats_options options)
    : answers_(std::make_shared<answers>()),
      connection_(std::move(options)),
      port_(connection_.open_port(answers_)) {}

nats_client::nats_client(const std::string& url) : nats_client(options_for(url)) {}

nats_client::~nats_client() = default;

nats::message nats_client::request(const std::string& subject, const std::string& data,
                                   const nats::header_list& headers) {
  if (!answers_->wait_up())
    throw std::runtime_error("no connection to the server");
  auto ticket = ++tickets_;
  auto sent = connection_.request(port_, ticket, subject, headers, data);
  if (sent.status != nats::send_status::sent)
    throw std::runtime_error("cannot send to " + subject + ": " + sent.why);
  return answers_->wait(ticket);
}

void nats_client::api(const std::string& what, const std::string& data) {
  auto answer = request("$JS.API." + what, data);
  auto obj = nlohmann::json::parse(answer.data, nullptr, false);
  if (!obj.is_object() || obj.contains("error"))
    throw std::runtime_error(what + ": " + answer.data);
}

void nats_client::delete_bucket(const std::string& name) {
  api("STREAM.DELETE." + nats::stream_of(name));
}

void nats_client::make_bucket(const nats::stream_options& options) {
  api("STREAM.CREATE." + nats::stream_of(options.bucket),
      nats::create_stream_request(options));
}

void nats_client::put(const std::string& bucket, const std::string& key,
                      const std::string& value) {
  auto ack = nats::parse_publish_ack(request(nats::subject_of(bucket, key), value).data);
  if (const auto* error = std::get_if<nats::api_error>(&ack))
    throw std::runtime_error("cannot put " + key + ": " + nats::to_string(*error));
}

nats::stream_info nats_client::info(const std::string& bucket) {
  auto text = request("$JS.API.STREAM.INFO." + nats::stream_of(bucket)).data;
  auto answer = nats::parse_stream(text);
  if (const auto* info = std::get_if<nats::stream_info>(&answer))
    return *info;
  throw std::runtime_error(text);
}

std::size_t nats_client::consumers(const std::string& bucket) {
  auto text = request("$JS.API.STREAM.INFO." + nats::stream_of(bucket)).data;
  return nlohmann::json::parse(text).at("state").at("consumer_count").get<std::size_t>();
}

} // namespace partita::test
