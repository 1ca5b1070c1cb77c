//! Chunks of bytes → whole lines, wherever the chunks are cut.

/// A longer line is not read; AWS caps a request line at 16 KiB and a whole head at 64 KiB.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// Decompressed bytes of one object that are read. A node's five minutes at 20,000 requests a
/// second stay below it; a gzip bomb does not.
pub const MAX_OBJECT_BYTES: u64 = 2 * 1024 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// The line is too long: drop everything up to its end.
    skipping: bool,
    bytes: u64,
    truncated: bool,
}

/// A line, or that one was too long to read.
pub(super) enum Read<'a> {
    Line(&'a [u8]),
    TooLong,
}

impl Lines {
    pub(super) fn push(&mut self, mut chunk: &[u8], mut each: impl FnMut(Read<'_>)) {
        let room = MAX_OBJECT_BYTES - self.bytes;
        if let Some(within) = usize::try_from(room)
            .ok()
            .and_then(|room| chunk.get(..room))
            && within.len() < chunk.len()
        {
            chunk = within;
            self.truncated = true;
        }
        self.bytes += chunk.len() as u64;

        while let Some(end) = memchr::memchr(b'\n', chunk) {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            chunk = rest;
            if self.skipping {
                self.skipping = false;
            } else if self.begun.len() + line.len() > MAX_LINE_BYTES {
                self.begun.clear();
                each(Read::TooLong);
            } else if self.begun.is_empty() {
                emit(line, &mut each);
            } else {
                self.begun.extend_from_slice(line);
                emit(&self.begun, &mut each);
                self.begun.clear();
            }
        }
        if self.skipping {
            return;
        }
        if self.begun.len() + chunk.len() > MAX_LINE_BYTES {
            self.begun.clear();
            self.skipping = true;
            each(Read::TooLong);
        } else {
            self.begun.extend_from_slice(chunk);
        }
    }

    /// The last line may lack its newline; one that was cut by the cap is not a line.
    pub(super) fn finish(self, mut each: impl FnMut(Read<'_>)) {
        if !self.skipping && !self.truncated {
            emit(&self.begun, &mut each);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether bytes past [`MAX_OBJECT_BYTES`] were left unread.
    pub(super) fn truncated(&self) -> bool {
        self.truncated
    }
}

fn emit(line: &[u8], each: &mut impl FnMut(Read<'_>)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.is_empty() {
        each(Read::Line(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&[u8]]) -> (Vec<String>, usize) {
        let mut lines = Lines::default();
        let (mut whole, mut long) = (Vec::new(), 0);
        let mut take = |read: Read<'_>| match read {
            Read::Line(line) => whole.push(String::from_utf8_lossy(line).into_owned()),
            Read::TooLong => long += 1,
        };
        for chunk in chunks {
            lines.push(chunk, &mut take);
        }
        lines.finish(&mut take);
        (whole, long)
    }

    #[test]
    fn lines_do_not_depend_on_where_chunks_end() {
        let text = b"one\r\ntwo\n\nthree";
        let expected = (vec!["one".into(), "two".into(), "three".into()], 0);
        assert_eq!(read(&[text]), expected);
        for cut in 0..text.len() {
            assert_eq!(
                read(&[&text[..cut], &text[cut..]]),
                expected,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_line_over_the_cap_is_skipped_once() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let mut text = b"before\n".to_vec();
        text.extend_from_slice(&long);
        text.extend_from_slice(b"\nafter\n");
        let expected = (vec!["before".into(), "after".into()], 1);
        assert_eq!(read(&[&text]), expected);
        let small: Vec<&[u8]> = text.chunks(1000).collect();
        assert_eq!(read(&small), expected);
        // Exactly the cap is a line.
        assert_eq!(read(&[&long[1..]]).0.len(), 1);
    }
}
