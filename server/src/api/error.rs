//! Every way in which a request can fail, and the status and words of each.
//!
//! What AWS refuses and what is wrong with a window arrive here as a [`Problem`] already, because
//! the command line says the same (`crate::problem`). A failure of ours is logged here, once, and
//! its details stay in the log.

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use diagnosis::{api::Problem, masking::MaskError};

use crate::{
    problem::{at, problem},
    runs::RunError,
    share::ShareError,
    watches::WatchError,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    #[error("no such investigation")]
    NoInvestigation(String),
    #[error("no such {what}")]
    NotFound { what: &'static str, name: String },
    #[error("no such address")]
    NoRoute(String),
    #[error("this method is not for this address")]
    Method,
    #[error("{detail}")]
    Field {
        field: &'static str,
        detail: String,
        what_to_do: &'static str,
    },
    #[error(transparent)]
    Body(#[from] JsonRejection),
    #[error(transparent)]
    Path(#[from] PathRejection),
    #[error(transparent)]
    Query(#[from] QueryRejection),
    #[error("a run is under way")]
    Running,
    #[error("no run is under way")]
    NotRunning,
    #[error("a watch is under way")]
    Watching,
    #[error("no watch is under way")]
    NotWatching,
    #[error("If-Match is missing")]
    NoIfMatch,
    #[error("somebody else changed it")]
    Changed { version: i64 },
    #[error("{detail}")]
    Handoff {
        detail: String,
        what_to_do: &'static str,
    },
    #[error("the server is stopping")]
    Stopping,
    #[error("too many streams")]
    TooManyStreams,
    #[error("the request took too long")]
    TooSlow,
    #[error("the Host header is not ours")]
    Host,
    #[error("a password is needed")]
    Password,
    #[error("another site sent this")]
    CrossSite,
    #[error("no such share link, or no longer")]
    NoShare,
    #[error("too many share links are open")]
    TooManyLinks,
    #[error("the operating system gave no randomness: {0}")]
    NoRandomness(std::io::Error),
    #[error(transparent)]
    Masking(MaskError),
    #[error("a handler panicked")]
    Panic,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<ShareError> for Error {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::Masking(error) => Self::Masking(error),
            ShareError::Database(error) => Self::Database(error),
        }
    }
}

impl Error {
    /// `id` is what the address named.
    pub(super) fn from_run(error: RunError, id: impl ToString) -> Self {
        match error {
            RunError::NoInvestigation => Self::NoInvestigation(id.to_string()),
            RunError::Running => Self::Running,
            RunError::NotRunning => Self::NotRunning,
            RunError::Stopping => Self::Stopping,
            RunError::Database(error) => Self::Database(error),
        }
    }

    pub(super) fn from_watch(error: WatchError, id: impl ToString) -> Self {
        match error {
            WatchError::NoInvestigation => Self::NoInvestigation(id.to_string()),
            WatchError::Watching => Self::Watching,
            WatchError::NotWatching => Self::NotWatching,
            WatchError::Database(error) => Self::Database(error),
        }
    }

    fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => *problem,
            Self::NoInvestigation(id) => problem(
                404,
                "no-investigation",
                "No such investigation",
                format!("There is no investigation {:?}.", shown(&id)),
                "Check the address; the start page lists the investigations.",
            ),
            Self::NotFound { what, name } => problem(
                404,
                "not-found",
                "Not found",
                format!("There is no {what} {:?}.", shown(&name)),
                "Check the address.",
            ),
            Self::NoRoute(path) => problem(
                404,
                "no-route",
                "Nothing is here",
                format!("The API has nothing at {}.", shown(&path)),
                "GET /api/v1/openapi.json lists what there is.",
            ),
            Self::Method => problem(
                405,
                "method",
                "Not with this method",
                "This address does not answer to that method.",
                "The Allow header and GET /api/v1/openapi.json say which it answers to.",
            ),
            Self::Field {
                field,
                detail,
                what_to_do,
            } => at(
                field,
                problem(
                    422,
                    "bad-field",
                    "A field cannot be used",
                    detail,
                    what_to_do,
                ),
            ),
            Self::Body(rejection) => body(&rejection),
            Self::Path(rejection) => problem(
                404,
                "no-route",
                "Nothing is here",
                rejection.body_text(),
                "Check the address.",
            ),
            Self::Query(rejection) => problem(
                400,
                "bad-query",
                "The query cannot be read",
                rejection.body_text(),
                "GET /api/v1/openapi.json lists what the address takes.",
            ),
            Self::Running => problem(
                409,
                "running",
                "A run is under way",
                "A run of this investigation is under way.",
                "Wait until it ends, or cancel it with POST …/run/cancel.",
            ),
            Self::NotRunning => problem(
                409,
                "not-running",
                "Nothing to cancel",
                "No run of this investigation is under way.",
                "Nothing needs to be done.",
            ),
            Self::Watching => problem(
                409,
                "watching",
                "A watch is under way",
                "A watch of this investigation is under way.",
                "Wait until it ends, or stop it with DELETE …/watch.",
            ),
            Self::NotWatching => problem(
                409,
                "not-watching",
                "Nothing to stop",
                "No watch of this investigation is under way.",
                "Nothing needs to be done.",
            ),
            Self::NoIfMatch => problem(
                428,
                "if-match",
                "Which version?",
                "The change does not say which version of the investigation it is for.",
                "Send If-Match with the ETag of GET /investigations/{id}.",
            ),
            Self::Changed { version } => problem(
                412,
                "changed",
                "Somebody else changed it",
                format!(
                    "The investigation has changed since you read it; it is at version {version} now."
                ),
                "Read it again and repeat the change.",
            ),
            Self::Handoff { detail, what_to_do } => problem(
                409,
                "handoff",
                "This note cannot be accepted",
                detail,
                what_to_do,
            ),
            Self::Stopping => problem(
                503,
                "stopping",
                "lb502 is stopping",
                "The server is stopping and begins nothing new.",
                "Try again once it has started.",
            ),
            Self::TooManyStreams => problem(
                503,
                "too-many-streams",
                "Too many open pages",
                "Too many event streams are open at once.",
                "Close pages that are not needed, then reload.",
            ),
            Self::TooSlow => problem(
                504,
                "too-slow",
                "No answer in time",
                "The request was given up because it took too long.",
                "Try again; if AWS is slow today, run one step at a time.",
            ),
            Self::Host => problem(
                421,
                "host",
                "Not this server's name",
                "This server answers to localhost, 127.0.0.1 and [::1] only.",
                "Open it by one of these names. To let others in, set LB502_PASSWORD and --listen.",
            ),
            Self::Password => problem(
                401,
                "password",
                "A password is needed",
                "This server is protected by a password.",
                "Give the password of LB502_PASSWORD; the user name does not matter.",
            ),
            Self::CrossSite => problem(
                403,
                "cross-site",
                "Another site sent this",
                "A page of another site tried to change something here.",
                "If that was you, do it on lb502's own page.",
            ),
            // The same words whether it never was, has expired or was revoked.
            Self::NoShare => problem(
                404,
                "no-share-link",
                "This link shows nothing",
                "It was never made, has expired, or was revoked.",
                "Ask whoever sent it for a new one.",
            ),
            Self::TooManyLinks => problem(
                409,
                "too-many-share-links",
                "Too many open links",
                "This investigation has 100 links that are open.",
                "Revoke those that nobody needs any longer, then make a new one.",
            ),
            Self::NoRandomness(_) => internal("A link could not be made safely, so none was made."),
            Self::Masking(_) => problem(
                500,
                "not-masked",
                "It could not be masked",
                "Something that is to be masked would still have been in it, so nothing was shown.",
                "Share it without masking if its readers may see all of it; the log says that this happened.",
            ),
            Self::Panic => internal("This request ran into a fault in lb502."),
            Self::Database(error) if is_away(&error) => problem(
                503,
                "store-away",
                "The store does not answer",
                "Postgres does not answer at the moment.",
                "It is back within seconds after a crash: try again. Nothing that was acknowledged is lost.",
            ),
            Self::Database(_) => internal("The store could not do this."),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Database(error) = &self {
            tracing::error!(%error, "a request failed");
        }
        if let Self::Masking(_) | Self::NoRandomness(_) = &self {
            tracing::error!(error = %self, "a share link was refused");
        }
        let asks_for_password = matches!(self, Self::Password);
        let problem = self.into_problem();
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if asks_for_password {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"lb502\", charset=\"UTF-8\""),
            );
        }
        response
    }
}

fn body(rejection: &JsonRejection) -> Problem {
    let (kind, title, what_to_do) = match rejection.status().as_u16() {
        413 => (
            "too-large",
            "The body is too large",
            "Send less; an import may hold 64 MiB.",
        ),
        415 => (
            "not-json",
            "The body is not JSON",
            "Send JSON, with Content-Type: application/json.",
        ),
        422 => (
            "bad-body",
            "The body says something else than expected",
            "GET /api/v1/openapi.json says what the body holds.",
        ),
        _ => (
            "not-json",
            "The body is not JSON",
            "Send JSON, with Content-Type: application/json.",
        ),
    };
    problem(
        rejection.status().as_u16(),
        kind,
        title,
        rejection.body_text(),
        what_to_do,
    )
}

fn internal(detail: &str) -> Problem {
    problem(
        500,
        "internal",
        "A fault in lb502",
        detail,
        "Try again; if it stays, the server's log says more.",
    )
}

/// Whether the server is gone rather than the statement wrong.
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // Class 57P: shut down, crashed, starting up. 53300: too many connections.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code == "53300"),
        _ => false,
    }
}

/// What the request said, short enough to say back.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}
