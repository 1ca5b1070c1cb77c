//! What a part of the page waits for.

use diagnosis::api::Problem;

#[derive(Clone, Debug, Default)]
pub(crate) enum Load<T> {
    #[default]
    Waiting,
    Ready(T),
    Failed(Problem),
}

impl<T> From<Result<T, Problem>> for Load<T> {
    fn from(result: Result<T, Problem>) -> Self {
        match result {
            Ok(value) => Self::Ready(value),
            Err(problem) => Self::Failed(problem),
        }
    }
}
