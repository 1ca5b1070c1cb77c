//! lb502: server, command line and page in one binary.

pub mod access;
pub mod api;
pub mod app;
pub mod assemble;
pub mod aws;
pub mod bundles;
pub mod cli;
pub mod collect;
pub mod db;
pub mod find;
pub mod handoff;
pub mod practice;
pub mod problem;
pub mod runs;
pub mod serving;
pub mod share;
pub mod telemetry;
pub mod watches;
pub mod webhook;
pub mod window;
