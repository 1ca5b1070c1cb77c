//! `lb502 iam-policy`.

use std::process::ExitCode;

use serde_json::json;

use super::{Failure, terminal};
use crate::aws::read_only;

/// Made from the table that every call goes through: it cannot name more or less than is called.
pub(super) fn run() -> Result<ExitCode, Failure> {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Lb502ReadOnly",
            "Effect": "Allow",
            "Action": read_only::actions(),
            "Resource": "*",
        }],
    });
    terminal::answer(&format!("{policy:#}\n"))?;
    Ok(ExitCode::SUCCESS)
}
