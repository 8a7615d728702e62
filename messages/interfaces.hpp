// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/events.hpp"
#include "partita/messages/message.hpp"
#include "partita/messages/reports.hpp"
#include "partita/messages/stats.hpp"
#include "partita/messages/store.hpp"
#include "partita/messages/streams.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

/// Every actor of the system on one page. A comment says what the message means to its
/// sender.
namespace partita {

// -- the store port ---------------------------------------------------------------------

/// A WATCHER of keys, of any kind of actor: receives what its watches show.
using watch_sink_actor = caf::typed_actor<caf::reacts_to<watch_event>>;

/// Starts a watch over all keys that match `pattern`: a key, or with the wildcards of
/// NATS subjects (`*` one token, `>` all the rest). Changes go to `sink` as watch_event
/// numbered `watch`; they begin with a replay. One sink may hold several watches. `alive`
/// is sent only to those with `signs_of_life`; `restarted` to all.
struct kv_watch {
  std::uint64_t watch = 0;
  std::string pattern;
  watch_sink_actor sink;
  bool signs_of_life = false;
  PARTITA_MESSAGE(kv_watch, x.watch, x.pattern, x.sink, x.signs_of_life)
};

/// One BUCKET. Every request is answered within the store's request time-out, or at once
/// while there is no connection. Nothing is sent that was asked while disconnected.
using bucket_actor = caf::typed_actor<
    caf::replies_to<kv_put>::with<kv_written>,
    caf::replies_to<kv_create>::with<kv_written>,
    caf::replies_to<kv_update>::with<kv_written>,
    caf::replies_to<kv_remove>::with<kv_written>, caf::replies_to<kv_last>::with<kv_read>,
    caf::replies_to<kv_identify>::with<kv_identity>, caf::reacts_to<kv_watch>,
    caf::reacts_to<kv_unwatch, watch_sink_actor>>;

struct bucket_opened {
  open_status status = open_status::unknown;
  /// Only with `opened`. Lives as long as an actor holds it and the store is open.
  bucket_actor bucket;
  bucket_identity identity;
  std::string why;
  PARTITA_MESSAGE(bucket_opened, x.status, x.bucket, x.identity, x.why)
};

/// Receives the state of the connection.
using link_listener_actor = caf::typed_actor<caf::reacts_to<link_changed>>;

/// The STREAMS of a store and their consumers. Requests are answered as those of a bucket
/// are; the store in memory refuses them.
using streams_actor =
    caf::typed_actor<caf::replies_to<stream_look>::with<stream_answer>,
                     caf::replies_to<stream_make>::with<stream_answer>,
                     caf::replies_to<consumer_make>::with<consumer_answer>,
                     caf::replies_to<consumer_remove>::with<consumer_answer>,
                     caf::replies_to<consumer_look>::with<consumer_answer>,
                     caf::replies_to<consumer_list>::with<consumer_names>>;

/// The STORE: one connection, shared by all workers of a process.
using store_actor = caf::typed_actor<
    // The same bucket opened twice gives the same actor.
    caf::replies_to<open_bucket>::with<bucket_opened>,
    // Tells the listener at once and at every change.
    caf::reacts_to<link_listener_actor>,
    // Whether the servers are one store, and that it stays the same one.
    caf::replies_to<survey_servers>::with<servers_surveyed>, caf::reacts_to<expect_entry>,
    // Answered within the request time-out.
    caf::replies_to<list_buckets>::with<buckets_listed>,
    // This process can be found alive under a nonce, until its asker ends.
    caf::reacts_to<serve_probe>, caf::reacts_to<end_probe>,
    // Whether a process can be found under a nonce.
    caf::replies_to<probe>::with<probed>,
    // What it has done so far, over all buckets.
    caf::replies_to<get_store_stats>::with<store_stats>,
    // After the answer nothing is sent any more.
    caf::replies_to<close_store>::with<store_closed>>::extend_with<streams_actor>;

// -- a worker's children ----------------------------------------------------------------

/// The REGISTRAR: claims a stable id and keeps it.
using registrar_actor = caf::typed_actor<caf::reacts_to<watch_event>,
                                         // INTERNAL: time to look again.
                                         caf::reacts_to<wake>,
                                         // Marks the id as free, answers, quits. Answered
                                         // also when the store did not take it.
                                         caf::replies_to<release_id>::with<id_released>>;

/// The HEARTBEAT: writes to the store that this worker is alive and what it has applied.
using heartbeat_actor = caf::typed_actor<
    // INTERNAL: time for the next heartbeat.
    caf::reacts_to<wake>,
    // What the next heartbeat must say; it is sent at once if it says something new.
    caf::reacts_to<record_progress>, caf::reacts_to<shared_settings>,
    // Writes a goodbye as the last heartbeat, answers, quits.
    caf::replies_to<say_goodbye>::with<goodbye_said>>;

/// The ELECTOR: makes at most one worker of the group the leader.
using elector_actor =
    caf::typed_actor<caf::reacts_to<watch_event>,
                     // INTERNAL: campaign, renewal and deadline.
                     caf::reacts_to<wake>,
                     // Leaves: stands for no election any more, deletes the key on its
                     // own revision if it holds it, answers, quits. Only after the
                     // calculator has stopped.
                     caf::replies_to<resign>::with<resigned>,
                     // A greater epoch was met: lets go of the key and stands again.
                     caf::reacts_to<abdicate>,
                     // This worker is, or is not, a standby: probes the leader or not.
                     caf::reacts_to<stand_by>,
                     // How long the lease holds without another renewal.
                     caf::replies_to<get_lease>::with<lease_left>>;

/// The WATCHER: follows this worker's own record.
using watcher_actor = caf::typed_actor<caf::reacts_to<watch_event>,
                                       // INTERNAL: silence, and writes to repeat.
                                       caf::reacts_to<wake>>;

/// Receives what the heartbeats show.
using roster_listener_actor = caf::typed_actor<caf::reacts_to<roster_news>>;

/// The ROSTER: follows all heartbeats. Runs on the leader and on the standby workers, so
/// that losing leader and worker together costs only one wait.
using roster_actor = caf::typed_actor<
    caf::reacts_to<watch_event>,
    // Sends the listener all that is known, and then every change, until it ends.
    caf::reacts_to<roster_listener_actor>>;

/// The CALCULATOR: decides who owns what. Exists only on the leader.
using calculator_actor = caf::typed_actor<
    caf::reacts_to<watch_event>,
    // From the roster.
    caf::reacts_to<roster_news>,
    // INTERNAL: a window or the cool-down ends, a silent worker is due, a write is
    // repeated.
    caf::reacts_to<wake>,
    // From the partition source: the whole list, now and at every change.
    caf::reacts_to<partition_list>,
    // From the partition source: the list is unavailable.
    caf::reacts_to<partitions_unavailable>>;

/// Receives the list of partitions.
using partition_listener_actor = caf::typed_actor<caf::reacts_to<partition_list>,
                                                  caf::reacts_to<partitions_unavailable>>;

/// A PARTITION SOURCE: what the group works on. A host application may bring its own.
using partition_source_actor = caf::typed_actor<
    // Sends the listener the list at once and at every change, until the listener ends;
    // or that it is unavailable. If a source ends, its list counts as unavailable.
    caf::reacts_to<partition_listener_actor>>;

/// A LISTENER: receives all events of a worker, in the order in which they happen, and
/// does its work. One that ends counts as one that has stopped all work, and takes the
/// worker down.
using listener_actor = caf::typed_actor<
    caf::reacts_to<worker_id_claimed>, caf::reacts_to<state_changed>,
    caf::reacts_to<leadership_changed>, caf::reacts_to<calculator_adopted>,
    // What the record says; the three below say what to do.
    caf::reacts_to<assignment_changed>, caf::reacts_to<partitions_assigned>,
    caf::replies_to<partitions_revoked>::with<work_stopped>,
    caf::replies_to<partitions_lost>::with<work_stopped>, caf::reacts_to<alert_raised>,
    caf::reacts_to<worker_stopped>>;

/// A SESSION LISTENER: receives the deadline of the session, to pass it on.
using session_listener_actor = caf::typed_actor<caf::reacts_to<session_valid>>;

/// The SUPERVISOR: one worker.
using supervisor_actor = caf::typed_actor<
    caf::replies_to<get_status>::with<worker_status>,
    // The same and all that is counted and measured.
    caf::replies_to<get_stats>::with<worker_stats>,
    // Leaves the group; answered with the last event when all is given back.
    caf::replies_to<stop_worker>::with<worker_stopped>,
    // Receives all events from now on, and first what it must know of those before.
    caf::reacts_to<listener_actor>,
    // Receives the deadline at each extension from now on.
    caf::reacts_to<session_listener_actor>,
    // From the children.
    caf::reacts_to<id_claimed>, caf::reacts_to<id_lost>, caf::reacts_to<session_started>,
    caf::reacts_to<session_extended>, caf::reacts_to<session_waits>,
    caf::reacts_to<record_followed>, caf::reacts_to<store_trouble>,
    caf::reacts_to<longer_ttl_seen>, caf::reacts_to<settings_differ>,
    caf::reacts_to<session_over>, caf::reacts_to<elected>, caf::reacts_to<deposed>,
    caf::reacts_to<leader_seen>, caf::reacts_to<record_received>,
    caf::reacts_to<record_lost>, caf::replies_to<adopted>::with<may_act>,
    caf::reacts_to<phase_changed>, caf::reacts_to<superseded>,
    caf::reacts_to<stepped_down>, caf::reacts_to<control_unknown>,
    caf::reacts_to<entry_invalid>, caf::reacts_to<source_trouble>,
    caf::reacts_to<measured>,
    // From the partition source, if worker_options::states_partitions.
    caf::reacts_to<partition_list>, caf::reacts_to<partitions_unavailable>,
    // From the store.
    caf::reacts_to<link_changed>,
    // INTERNAL: time to start a crashed child again, or to give up waiting.
    caf::reacts_to<wake>>;

} // namespace partita
