//! `/api/v1`: the table of contents is [`router`]; one file a resource.
//!
//! A handler extracts, asks the store, asks the domain, and answers; what is wrong with a request
//! is said by [`error::Error`], always as `application/problem+json`.

pub mod error;
pub mod router;

mod answers;
mod bundles;
mod compare;
mod diagnosis;
mod environment;
mod events;
mod extract;
mod guard;
mod handoff;
mod health;
mod investigations;
mod load_balancers;
mod notes;
mod observations;
mod page;
mod password;
mod person;
mod practice;
mod rules;
mod runs;
mod seen_before;
mod share_links;
mod shared;
mod timeline;
mod watch;

pub use password::Password;
