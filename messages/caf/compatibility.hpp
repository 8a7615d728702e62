// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/config.hpp>

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

// CAF_VERSION cannot be compared: 1.1.0 defines it as an octal number.
#ifdef CAF_VERSION_MAJOR
#include <caf/actor_cast.hpp>
#include <caf/anon_mail.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/result.hpp>
#include <caf/type_id.hpp>

#include <stdexcept>

/// Messages stay in their process: CAF 1.x needs no inspect() for them.
template <class T>
requires requires {
  typename T::partita_message;
}
struct caf::allowed_unsafe_message_type<T> : std::true_type {};
#else
#include <caf/atom.hpp>
#include <caf/message_priority.hpp>
#include <caf/meta/type_name.hpp>

namespace caf {
template <class...>
struct replies_to;
}
#endif

/// What CAF 0.17.6 and CAF 1.x spell differently, in the terms of 1.x. The only file that
/// asks for CAF's version. Where a file sends with anon_mail, it includes <caf/send.hpp>.
namespace partita {

template <class Signature>
struct handler_of;

template <class Answer, class... Parts>
struct handler_of<Answer(Parts...)> {
#ifdef CAF_VERSION_MAJOR
  using type = caf::result<Answer>(Parts...);
#else
  using type = typename caf::replies_to<Parts...>::template with<Answer>;
#endif
};

/// `handler<answer(request)>`: one message of an actor's interface. `void`: no answer.
template <class Signature>
using handler = typename handler_of<Signature>::type;

/// Shows an object of this type to an inspector of CAF 0.17; 1.x calls no inspect() of ours.
auto inspect_fields(auto& f, const char* type, auto&... fields);

#ifdef CAF_VERSION_MAJOR

auto& state_of(const auto& self) {
  return self->state();
}

std::string error_text(const auto&, const caf::error& x) {
  return to_string(x);
}

auto mail(const auto& self, auto... xs) {
  return self->mail(std::move(xs)...);
}

auto anon_mail(auto... xs) {
  return caf::anon_mail(std::move(xs)...);
}

void mail_later(auto* self, auto pause, auto x) {
  self->mail(std::move(x)).delay(pause).send(self);
}

void send_urgent(const auto& to, auto x) {
  caf::anon_mail(std::move(x)).urgent().send(to);
}

void monitor(auto* self, const auto& who, auto ended) {
  self->monitor(who, [=, addr = caf::actor_cast<caf::actor_addr>(who)](
                         const caf::error& why) { ended(self, addr, why); });
}

void share_work(auto& config, std::size_t threads, std::size_t messages) {
  config.set("caf.scheduler.policy", "sharing");
  config.set("caf.scheduler.max-threads", threads);
  config.set("caf.scheduler.max-throughput", messages);
}

template <class... Blocks>
void register_blocks() {
  caf::core::init_global_meta_objects();
  (caf::init_global_meta_objects<Blocks>(), ...);
}

template <class Message>
void require_registered() {
  if (caf::query_type_name(caf::type_id_v<Message>).empty())
    throw std::logic_error{"CAF does not know partita's messages: call partita::embed::"
                           "register_messages() before the caf::actor_system is made"};
}

#else

/// `self->state()`.
auto& state_of(const auto& self) {
  return self->state;
}

/// For people.
std::string error_text(const auto& self, const auto& x) {
  return self->system().render(x);
}

/// What mail() makes; sent once.
template <class Self, class... Parts>
struct outgoing_mail {
  Self& self;
  std::tuple<Parts...> parts;

  auto with(auto f) {
    return std::apply([&](Parts&... xs) { return f(std::move(xs)...); }, parts);
  }
  void send(const auto& to) {
    with([&](auto&&... xs) { self.send(to, std::move(xs)...); });
  }
  auto delegate(const auto& to) {
    return with([&](auto&&... xs) { return self.delegate(to, std::move(xs)...); });
  }
  auto request(const auto& to, auto timeout) {
    return with(
        [&](auto&&... xs) { return self.request(to, timeout, std::move(xs)...); });
  }
};

/// `self->mail(xs...)`.
template <class... Parts>
auto mail(const auto& self, Parts... xs) {
  return outgoing_mail<std::remove_reference_t<decltype(*self)>, Parts...>{
      *self, {std::move(xs)...}};
}

/// Sends `x` to the actor itself after `pause`.
void mail_later(auto* self, auto pause, auto x) {
  self->delayed_send(self, pause, std::move(x));
}

template <class Message>
struct anonymous_mail {
  Message what;
  void send(const auto& to) { anon_send(to, std::move(what)); }
};

/// `caf::anon_mail(x)`.
auto anon_mail(auto x) {
  return anonymous_mail<decltype(x)>{std::move(x)};
}

/// Sends without a sender, before what waits in the receiver's mailbox.
void send_urgent(const auto& to, auto x) {
  anon_send<caf::message_priority::high>(to, std::move(x));
}

/// Calls `ended(self, who, why)` once `who` has ended. All monitors of an actor have the same
/// `ended`: on CAF 0.17 the last one counts.
void monitor(auto* self, const auto& who, auto ended) {
  self->set_down_handler([=](const auto& x) { ended(self, x.source, x.reason); });
  self->monitor(who);
}

/// For threads that do not poll, each with turns of at most `messages`.
void share_work(auto& config, std::size_t threads, std::size_t messages) {
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", threads);
  config.set("scheduler.max-throughput", messages);
}

auto inspect_fields(auto& f, const char* type, auto&... fields) {
  return f(caf::meta::type_name(type), fields...);
}

/// Tells CAF 1.x of blocks of type ids, which 0.17 does not use.
template <class... Blocks>
void register_blocks() {}

/// Throws std::logic_error if the block of `Message` is not registered.
template <class Message>
void require_registered() {}

#endif

} // namespace partita
