use std::pin::Pin;

use tokio::sync::OnceCell;

/// A piece of evidence that several steps may ask for and that is fetched once.
#[derive(Debug)]
pub(super) struct Cell<T>(OnceCell<T>);

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Cell<T> {
    /// The first to ask runs `fetch`; who asks meanwhile waits for it.
    ///
    /// Boxed: pieces wait for pieces, and their futures, laid into one another, would outgrow a
    /// thread's stack.
    pub(super) async fn get<'f, F: Future<Output = T> + Send + 'f>(
        &self,
        fetch: impl FnOnce() -> F,
    ) -> &T {
        self.0
            .get_or_init(|| -> Pin<Box<dyn Future<Output = T> + Send + 'f>> { Box::pin(fetch()) })
            .await
    }
}
