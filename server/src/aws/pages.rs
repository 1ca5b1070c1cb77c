//! Reading every page of a listing, up to a bound.

use super::{fault::Fault, text::count};

/// What was read of a listing.
#[derive(Debug)]
pub(super) struct Pages<T> {
    pub(super) items: Vec<T>,
    pub(super) pages: u32,
    /// Why it ends before the listing does.
    pub(super) cut: Option<Cut>,
}

#[derive(Debug)]
pub(super) enum Cut {
    Bound,
    Fault(Fault),
}

/// A call's answer as evidence.
#[derive(Debug)]
pub(super) struct Reading<T> {
    pub(super) value: T,
    /// One line for people.
    pub(super) detail: String,
    pub(super) incomplete: Option<String>,
    /// What ended the reading early: the call then counts as failed, its value as incomplete.
    pub(super) fault: Option<Fault>,
    /// For people, where the value itself would be too much.
    pub(super) answered: Option<serde_json::Value>,
}

/// Asks `page` with the token of the page before, at most `most` times. An error on the first page
/// is an error; later it cuts the listing.
pub(super) async fn pages<T, F>(
    most: u32,
    mut page: impl FnMut(Option<String>) -> F,
) -> Result<Pages<T>, Fault>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    let mut read = Pages {
        items: Vec::new(),
        pages: 0,
        cut: None,
    };
    let mut token = None;
    loop {
        match page(token.take()).await {
            Ok((items, next)) => {
                read.pages += 1;
                read.items.extend(items);
                token = next.filter(|token| !token.is_empty());
            }
            Err(fault) if read.pages == 0 => return Err(fault),
            Err(fault) => {
                read.cut = Some(Cut::Fault(fault));
                return Ok(read);
            }
        }
        if token.is_none() {
            return Ok(read);
        }
        if read.pages >= most {
            read.cut = Some(Cut::Bound);
            return Ok(read);
        }
    }
}

impl<T> Pages<T> {
    /// `detail` says what the value holds; pages and cuts are added to it.
    pub(super) fn reading<U>(
        self,
        make: impl FnOnce(Vec<T>) -> U,
        detail: impl FnOnce(&U) -> String,
    ) -> Reading<U> {
        let value = make(self.items);
        let mut reading = Reading::new(value, detail);
        if self.pages > 1 {
            reading
                .detail
                .push_str(&format!(" on {}", count(self.pages as usize, "page")));
        }
        match self.cut {
            None => {}
            Some(Cut::Bound) => {
                reading.cut_short(format!(
                    "only the first {} were read",
                    count(self.pages as usize, "page")
                ));
            }
            Some(Cut::Fault(fault)) => {
                reading.cut_short(format!("page {}: {fault}", self.pages + 1));
                reading.fault = Some(fault);
            }
        }
        reading
    }
}

impl<T> Reading<T> {
    pub(super) fn new(value: T, detail: impl FnOnce(&T) -> String) -> Self {
        let detail = detail(&value);
        Self {
            value,
            detail,
            incomplete: None,
            fault: None,
            answered: None,
        }
    }

    /// Adds a reason why this is not everything.
    pub(super) fn cut_short(&mut self, why: String) {
        self.detail.push_str("; ");
        self.detail.push_str(&why);
        self.incomplete = Some(match self.incomplete.take() {
            Some(earlier) => format!("{earlier}; {why}"),
            None => why,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(most: u32, fail_on: u32) -> Result<Pages<u32>, Fault> {
        pages(most, |token| async move {
            let n: u32 = token.map_or(1, |token| token.parse().unwrap());
            if n == fail_on {
                return Err(Fault::Throttled);
            }
            Ok((vec![n], (n < 5).then(|| (n + 1).to_string())))
        })
        .await
    }

    #[tokio::test]
    async fn all_pages_are_read_up_to_the_bound() {
        let all = read(9, 0).await.unwrap();
        assert_eq!(
            (all.items.len(), all.pages, all.cut.is_none()),
            (5, 5, true)
        );
        let bound = read(2, 0)
            .await
            .unwrap()
            .reading(|items| items, |items| count(items.len(), "entry"));
        assert_eq!(
            bound.detail,
            "2 entries on 2 pages; only the first 2 pages were read"
        );
        assert!(bound.incomplete.is_some() && bound.fault.is_none());
    }

    #[tokio::test]
    async fn a_late_error_keeps_what_was_read_and_says_so() {
        assert_eq!(read(9, 1).await.unwrap_err(), Fault::Throttled);
        let cut = read(9, 3)
            .await
            .unwrap()
            .reading(|items| items, |_| "x".to_owned());
        assert_eq!(cut.value, [1, 2]);
        assert_eq!(cut.fault, Some(Fault::Throttled));
        assert!(cut.incomplete.unwrap().starts_with("page 3: throttled"));
    }
}
