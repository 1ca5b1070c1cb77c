//! The API on a real Postgres, in process; and the binary itself where only that can show it.
//!
//! One private Postgres for the whole test run, one database a test. Nothing here reaches AWS.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

#[expect(dead_code, reason = "the collectors' tests use the rest of it")]
#[path = "support/lab.rs"]
mod lab;

mod api {
    mod bad_input;
    mod binary;
    mod bundles;
    mod command_line;
    mod compare;
    mod connections;
    mod cut_streams;
    mod environment;
    mod events;
    mod guard;
    mod handoff;
    mod investigations;
    mod live;
    mod notes_and_answers;
    mod openapi;
    mod postgres;
    mod practice;
    mod processes;
    mod recorded;
    mod runs;
    mod seen_before;
    pub(crate) mod server;
    mod share_links;
    mod store;
    mod timeline;
    mod watch;
    mod webhook;
}
