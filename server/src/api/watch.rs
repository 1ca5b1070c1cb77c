//! `/investigations/{id}/watch`: whether a fix helped.

use std::sync::Arc;

use axum::{Json as Answer, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    api::{Problem, StartWatch, Watch, WatchView, watch::WatchCounter},
    document::Ledger,
    evidence::LoadBalancerType,
    watch,
};

use super::{
    error::Error,
    extract::{self, Json, Path},
    person::Person,
};
use crate::{
    app::App,
    assemble,
    db::{
        self,
        investigations::{self, Row},
        watches,
    },
    problem::problem,
    watches as watching, window,
};

/// A fix may have been in place for so long.
const LONGEST_AGO: TimeDelta = TimeDelta::hours(24);
/// CloudWatch keeps counts by the minute for 15 days, and the window has to be read whole.
const KEPT: TimeDelta = TimeDelta::days(14);
/// How far the clocks of a browser and a server may be apart.
const CLOCKS: TimeDelta = TimeDelta::minutes(2);

/// Begins to hold the rate of 502s since a fix against the rate in the window before it.
#[utoipa::path(post, path = "/investigations/{id}/watch", tag = "watch", params(("id" = String, Path)),
    request_body = StartWatch,
    responses((status = 201, body = Watch), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn start(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    person: Person,
    Json(asked): Json<StartWatch>,
) -> Result<(StatusCode, Answer<Watch>), Error> {
    let now = db::now();
    let id = extract::id(&id)?;
    let mut tx = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    if let Some(why_not) = why_not(&row) {
        return Err(no_aws(why_not));
    }
    let fixed_at = fixed_at(&row, asked.fixed_at.as_deref(), now)?;
    let minutes = minutes(asked.minutes)?;
    let evidence = assemble::evidence(&mut tx, &row).await?;
    tx.commit().await?;
    let judged = tokio::task::spawn_blocking(move || diagnosis::diagnose(&evidence)).await;
    let counter = counter(&row, &judged.map_err(|_| Error::Panic)?.ledger);
    let begun = watching::begin(&app, id, person.name(), |n| {
        watch::begin(n, counter, row.window, fixed_at, now, minutes)
    });
    let begun = begun.await.map_err(|error| Error::from_watch(error, id))?;
    Ok((StatusCode::CREATED, Answer(begun)))
}

/// The newest watch, and whether one can be started.
#[utoipa::path(get, path = "/investigations/{id}/watch", tag = "watch", params(("id" = String, Path)),
    responses((status = 200, body = WatchView), (status = 404, body = Problem)))]
pub(super) async fn get_watch(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Answer<WatchView>, Error> {
    let id = extract::id(&id)?;
    let mut connection = app.db.acquire().await?;
    let row = investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    Ok(Answer(WatchView {
        watch: watches::newest(&mut connection, id).await?,
        why_not: why_not(&row).map(str::to_owned),
    }))
}

/// Stops the watch that is under way; what it counted stays.
#[utoipa::path(delete, path = "/investigations/{id}/watch", tag = "watch", params(("id" = String, Path)),
    responses((status = 200, body = Watch), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    person: Person,
) -> Result<Answer<Watch>, Error> {
    let id = extract::id(&id)?;
    let stopped = watching::stop(&app, id, person.name()).await;
    stopped
        .map(Answer)
        .map_err(|error| Error::from_watch(error, id))
}

fn why_not(row: &Row) -> Option<&'static str> {
    row.practice.is_some().then_some(
        "This is a practice incident: its evidence was recorded, and there is no AWS to watch.",
    )
}

fn no_aws(why_not: &'static str) -> Error {
    problem(
        409,
        "nothing-to-watch",
        "There is no AWS to watch",
        why_not,
        "Open an investigation of a load balancer of your own, and watch it after its fix.",
    )
    .into()
}

/// In the window or after it, so that something of the window lies before it.
fn fixed_at(row: &Row, asked: Option<&str>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let wrong = |detail: String, what_to_do| Error::Field {
        field: "fixed_at",
        detail,
        what_to_do,
    };
    let fixed_at = match asked {
        Some(text) => window::time("fixed_at", text).map_err(|unreadable| {
            wrong(
                unreadable.detail,
                "Give it as RFC 3339 with a zone, such as 2026-11-22T01:00:00Z.",
            )
        })?,
        None => now,
    };
    if fixed_at > now + CLOCKS {
        return Err(wrong(
            "The fix lies in the future.".into(),
            "Give the time at which it was in place, or leave it out for now.",
        ));
    }
    if fixed_at < now - LONGEST_AGO {
        return Err(wrong(
            "The fix is more than 24 hours ago.".into(),
            "Compare two windows instead: change the window, run the steps again, and compare the runs.",
        ));
    }
    if watch::before(row.window, fixed_at).is_none() {
        return Err(wrong(
            "No whole minute of the investigation's window lies before the fix.".into(),
            "Give a window that begins before the fix, or a later time for the fix.",
        ));
    }
    if row.window.from < now - KEPT {
        return Err(Error::Field {
            field: "window",
            detail: "The investigation's window is more than 14 days ago: CloudWatch no longer has its counts by the minute.".into(),
            what_to_do: "Give the investigation a window of the last 14 days.",
        });
    }
    Ok(fixed_at.min(now))
}

fn minutes(asked: Option<u32>) -> Result<u32, Error> {
    let minutes = asked.unwrap_or(watch::MINUTES);
    if (watch::MINUTES_LEAST..=watch::MINUTES_MOST).contains(&minutes) {
        return Ok(minutes);
    }
    Err(Error::Field {
        field: "minutes",
        detail: format!("{minutes} minutes are too short or too long for a watch."),
        what_to_do: "Give 10 to 1440 minutes, or nothing for 120.",
    })
}

/// Who made most of the 502s decides which counter tells whether they go.
fn counter(row: &Row, ledger: &Ledger) -> WatchCounter {
    let by_target = ledger.made_by_target > ledger.made_by_load_balancer;
    match (row.load_balancer.kind, by_target) {
        (LoadBalancerType::Application, false) => WatchCounter::LoadBalancer502,
        (LoadBalancerType::Application, true) => WatchCounter::Target5xx,
        (LoadBalancerType::Classic, false) => WatchCounter::ClassicLoadBalancer5xx,
        (LoadBalancerType::Classic, true) => WatchCounter::ClassicBackend5xx,
    }
}
