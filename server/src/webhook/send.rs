//! Sends what waits, and tries again what did not arrive.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use diagnosis::api::DeliveryCause;
use reqwest::StatusCode;

use super::{ATTEMPT, Webhook, signature};
use crate::{
    app::App,
    db::{
        self,
        deliveries::{self, Due},
    },
};

/// How often to look for what another process, or an earlier life of this one, left behind.
const LOOK: Duration = Duration::from_secs(5);
/// While one process sends it, no other does; longer than an attempt.
const LEASE: Duration = Duration::from_secs(30);
const _: () = assert!(LEASE.as_secs() > ATTEMPT.as_secs() * 2);
/// After each failed attempt; after the last it is given up. Four and a half hours in all.
const AGAIN_AFTER: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(3 * 60 * 60),
];

/// For as long as the server lives. Does nothing without a webhook.
pub(crate) fn start(app: &Arc<App>) {
    let Some(webhook) = app.webhook.clone() else {
        return;
    };
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let sent = send_next(&app, &webhook).await;
            match sent {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the webhook's messages could not be read"),
            }
            tokio::select! {
                () = app.stop.cancelled() => return,
                () = app.webhook_due.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    });
}

/// One message; `false` where none is due. At least once: a process that dies between the answer and its note of it
/// sends it again, under the same id.
async fn send_next(app: &App, webhook: &Webhook) -> sqlx::Result<bool> {
    let mut connection = app.db.acquire().await?;
    let Some(due) = deliveries::take(&mut connection, db::now(), LEASE).await? else {
        return Ok(false);
    };
    drop(connection);
    let answered = webhook.send(&due).await;
    let now = db::now();
    let mut connection = app.db.acquire().await?;
    match answered {
        Ok(()) => deliveries::delivered(&mut connection, due.id, now).await?,
        Err(failure) => {
            let next = next(&failure, due.attempts, now);
            tracing::warn!(delivery = %due.id, why = %failure.why, given_up = next.is_none(),
                "the webhook did not take a message");
            deliveries::failed(&mut connection, due.id, &failure.why, next, now).await?;
        }
    }
    Ok(true)
}

/// When to try again; `None`: not any more.
fn next(failure: &NotTaken, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let place = usize::try_from(attempts.saturating_sub(1)).ok()?;
    let after = AGAIN_AFTER.get(place).filter(|_| !failure.for_good)?;
    Some(now + *after)
}

/// Why a message did not arrive, in words that hold neither address nor secret.
#[derive(Debug)]
struct NotTaken {
    why: String,
    /// The receiver will not take it later either.
    for_good: bool,
}

impl Webhook {
    async fn send(&self, due: &Due) -> Result<(), NotTaken> {
        let timestamp = db::now().timestamp();
        let mut request = self
            .client
            .post(self.address.clone())
            .header("content-type", "application/json")
            .header("lb502-event", word(due.cause))
            .header("lb502-investigation", due.investigation.to_string())
            .header("lb502-delivery", due.id.to_string())
            .header("lb502-timestamp", timestamp);
        if let Some(secret) = &self.secret {
            let signature = signature::of(secret, timestamp, &due.body);
            request = request.header("lb502-signature", signature);
        }
        let answer = request.body(due.body.clone()).send().await;
        let status = answer.map_err(|error| of_the_way(&error))?.status();
        if status.is_success() {
            return Ok(());
        }
        Err(NotTaken {
            why: format!("The receiver answered {status}."),
            for_good: status.is_client_error()
                && status != StatusCode::REQUEST_TIMEOUT
                && status != StatusCode::TOO_MANY_REQUESTS,
        })
    }
}

/// The error's own words may hold the address.
fn of_the_way(error: &reqwest::Error) -> NotTaken {
    let why = if error.is_timeout() {
        "The receiver did not answer within 10 s."
    } else if error.is_connect() {
        "The receiver cannot be reached."
    } else {
        "The connection to the receiver broke off."
    };
    NotTaken {
        why: why.to_owned(),
        for_good: false,
    }
}

fn word(cause: DeliveryCause) -> &'static str {
    match cause {
        DeliveryCause::HandoffSent => "handoff_sent",
        DeliveryCause::HandoffAccepted => "handoff_accepted",
        DeliveryCause::VerdictChanged => "verdict_changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_given_up() {
        let now = db::now();
        let failure = |for_good| NotTaken {
            why: String::new(),
            for_good,
        };
        assert_eq!(
            next(&failure(false), 1, now),
            Some(now + Duration::from_secs(5))
        );
        assert!(next(&failure(false), 7, now).is_some());
        assert_eq!(next(&failure(false), 8, now), None);
        assert_eq!(next(&failure(true), 1, now), None);
    }
}
