//! lb502: server, command line and page in one binary.

pub mod aws;
pub mod collect;
pub mod db;
