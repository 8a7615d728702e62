// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/connection.hpp"

#include "partita/store/nats/client/link_keeper.hpp"

#include <nats/nats.h>

namespace partita::nats {

namespace {

send_result send(connection_state& state, const std::string& subject,
                 const std::string& reply, const header_list& headers,
                 std::string_view data) {
  auto [link, why] = state.present();
  if (!link)
    return {send_status::not_connected, 0, why};
  auto result = link->publish(subject, reply, headers, data);
  if (result.status == send_status::broken)
    state.wake_keeper();
  return result;
}

} // namespace

std::string library_version() {
  return nats_GetVersion();
}

connection::connection(nats_options options)
    : state_(std::make_unique<connection_state>(std::move(options))) {
  state_->keeper = std::thread{[x = state_.get()] { keep_link(*x); }};
}

connection::~connection() {
  close();
}

void connection::close() {
  {
    std::lock_guard guard{state_->mutex};
    state_->stopping = true;
    state_->changed.notify_all();
  }
  state_->alarms.stop();
  std::lock_guard guard{state_->joining};
  if (state_->keeper.joinable())
    state_->keeper.join();
}

connection::port connection::open_port(std::shared_ptr<sink> user) {
  std::lock_guard guard{state_->mutex};
  state_->changed.notify_all();
  return state_->ports.open(std::move(user));
}

void connection::close_port(port user) {
  std::lock_guard guard{state_->mutex};
  state_->ports.close(user);
  state_->alarms.set(user, std::nullopt);
  state_->changed.notify_all();
}

send_result connection::request(port user, std::uint64_t ticket,
                                const std::string& subject, const header_list& headers,
                                std::string_view data) {
  auto reply = state_->ports.reply_subject({user, ticket});
  return send(*state_, subject, reply, headers, data);
}

send_result connection::publish(const std::string& subject, std::string_view data) {
  return send(*state_, subject, {}, {}, data);
}

connection::inbox connection::listen(port user, std::uint64_t number) {
  auto [link, why] = state_->present();
  if (!link)
    return {{send_status::not_connected, 0, why}, {}};
  auto& ports = state_->ports;
  port_table::address id{user, number};
  auto subject = ports.inbox_subject(id);
  // Before the lock, so that no sink is destroyed with it held.
  auto receiver = state_->find(user);
  std::unique_lock lock{state_->mutex};
  if (!receiver || ports.has_inbox(id))
    return {{send_status::refused, 0, "the port is closed, or the inbox open already"},
            {}};
  lock.unlock();
  auto result = link->listen(subject, [receiver, number](message x) {
    receiver->take(news_event{number, std::move(x)});
  });
  lock.lock();
  if (result.status == send_status::sent && link == ports.link() && !ports.add_inbox(id))
    link->unlisten(subject);
  return {std::move(result), std::move(subject)};
}

void connection::unlisten(port user, std::uint64_t number) {
  std::lock_guard guard{state_->mutex};
  if (state_->ports.close_inbox({user, number}))
    state_->changed.notify_all();
}

void connection::answer(port user, const std::string& subject) {
  std::lock_guard guard{state_->mutex};
  state_->ports.answer(user, subject);
  state_->changed.notify_all();
}

void connection::answer_no_more(const std::string& subject) {
  std::lock_guard guard{state_->mutex};
  state_->ports.answer_no_more(subject);
  state_->changed.notify_all();
}

void connection::wake_at(port user, std::optional<clock::time_point> at) {
  state_->alarms.set(user, at);
}

std::vector<surveyed_server> connection::survey(const std::string& stream,
                                                const std::string& subject) const {
  auto marks = read_marks(state_->options, stream, subject);
  std::vector<surveyed_server> result;
  for (auto& [x, process] : marks) {
    if (x.status != read_status::unknown) {
      auto read = read_server_info(x.server, state_->options.connect_timeout);
      if (const auto* info = std::get_if<server_info>(&read))
        x.cluster = info->cluster;
    }
    result.push_back(x);
  }
  std::lock_guard guard{state_->mutex};
  const auto& link = state_->ports.link();
  if (link && !link->server().process.empty())
    for (const auto& [x, process] : marks)
      if (x.status != read_status::unknown)
        state_->processes.try_emplace(process, state_->name_of(link->server().process));
  return result;
}

void connection::move_on(const std::string& why) {
  std::lock_guard guard{state_->mutex};
  if (!state_->ports.link() || state_->options.url.size() < 2)
    return;
  state_->why_left = why;
  state_->changed.notify_all();
}

void connection::expect(std::string stream, std::string subject, std::string value) {
  std::lock_guard guard{state_->mutex};
  const auto& link = state_->ports.link();
  const auto& program = state_->program;
  // The caller has just read the value here.
  expected_mark x{std::move(subject), std::move(value),
                  link ? link->server().url : std::string{},
                  program ? program->cluster : std::string{}};
  state_->expected.insert_or_assign(std::move(stream), std::move(x));
}

std::size_t connection::open_inboxes() const {
  auto link = state_->present().first;
  // One is the inbox of all answers.
  return link ? link->listeners() - 1 : 0;
}

} // namespace partita::nats
