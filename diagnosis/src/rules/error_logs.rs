//! Rules of the step `error-logs`.

mod lambda_access_denied;
mod lambda_function_error;
mod lambda_invalid_response;
mod lambda_network_exhausted;
mod lambda_response_too_large;
mod lambda_service_error;
mod lambda_throttled;
mod lost_answers;
mod malformed_response;
mod response_headers_too_large;
mod target_closed_connection;
mod target_refused_connection;
mod target_returned_502;
mod upload_answered_early;
mod worker_restarted;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    target_returned_502::RULE,
    target_refused_connection::RULE,
    target_closed_connection::RULE,
    lambda_invalid_response::RULE,
    lambda_response_too_large::RULE,
    lambda_function_error::RULE,
    lambda_throttled::RULE,
    lambda_access_denied::RULE,
    lambda_network_exhausted::RULE,
    lambda_service_error::RULE,
    upload_answered_early::RULE,
    worker_restarted::RULE,
    malformed_response::RULE,
    response_headers_too_large::RULE,
];
