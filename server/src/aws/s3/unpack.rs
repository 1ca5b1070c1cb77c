//! The bytes of one log object: unpacked as they come, up to what a log can hold.

use std::io::{self, Write};

use diagnosis::access_log::{ObjectReader, ObjectRows};
use flate2::write::MultiGzDecoder;
use tokio::sync::mpsc;

/// One object that unpacks to more than this and more than [`RATIO`] times its size is no log:
/// an honest one is 7:1, one line repeated 206:1.
const BOMB: u64 = 64 << 20;
const RATIO: u64 = 150;

/// What takes one object's unpacked bytes, in chunks of any size.
pub(super) trait LogReader: Send + 'static {
    type Rows: Send + 'static;

    fn push(&mut self, bytes: &[u8]);

    /// What was read, and whether bytes past the reader's own bound were left unread.
    fn finish(self) -> (Self::Rows, bool);
}

impl LogReader for ObjectReader {
    type Rows = ObjectRows;

    fn push(&mut self, bytes: &[u8]) {
        ObjectReader::push(self, bytes);
    }

    fn finish(self) -> (ObjectRows, bool) {
        let rows = ObjectReader::finish(self);
        let truncated = rows.truncated();
        (rows, truncated)
    }
}

pub(super) struct OneObject<T> {
    pub(super) rows: T,
    pub(super) bytes: u64,
    /// Rows up to the place where it broke are kept.
    pub(super) broken: bool,
}

/// Blocks: for a thread of its own. `None` where the reader is lost, which does not happen.
pub(super) fn unpack<R: LogReader, B: AsRef<[u8]>>(
    reader: R,
    packed: bool,
    mut chunks: mpsc::Receiver<B>,
) -> Option<OneObject<R::Rows>> {
    let sink = Sink {
        reader: Some(reader),
        packed: 0,
        bytes: 0,
    };
    let mut unpacker = if packed {
        Unpacker::Gzip(Box::new(MultiGzDecoder::new(sink)))
    } else {
        Unpacker::Plain(Box::new(sink))
    };
    let mut broken = false;
    while let Some(chunk) = chunks.blocking_recv() {
        if unpacker.push(chunk.as_ref()).is_err() {
            broken = true;
            break;
        }
    }
    chunks.close();
    broken |= unpacker.finish().is_err();
    let sink = unpacker.sink();
    let bytes = sink.bytes;
    let (rows, truncated) = sink.reader.take().map(LogReader::finish)?;
    Some(OneObject {
        broken: broken || truncated,
        rows,
        bytes,
    })
}

enum Unpacker<R: LogReader> {
    Gzip(Box<MultiGzDecoder<Sink<R>>>),
    Plain(Box<Sink<R>>),
}

impl<R: LogReader> Unpacker<R> {
    fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.sink().packed += chunk.len() as u64;
        match self {
            Self::Gzip(decoder) => decoder.write_all(chunk),
            Self::Plain(sink) => sink.write_all(chunk),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Plain(_) => Ok(()),
        }
    }

    fn sink(&mut self) -> &mut Sink<R> {
        match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Plain(sink) => sink,
        }
    }
}

/// Unpacked bytes on their way into the reader.
struct Sink<R> {
    /// Gone once it has been finished: a decoder may still write when it is dropped.
    reader: Option<R>,
    packed: u64,
    bytes: u64,
}

impl<R: LogReader> Write for Sink<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        if self.bytes > BOMB && self.bytes / self.packed.max(1) > RATIO {
            return Err(io::Error::other("unpacks to more than a log can"));
        }
        if let Some(reader) = &mut self.reader {
            reader.push(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use diagnosis::{
        access_log::Aggregator,
        evidence::{LoadBalancerType, Window},
    };

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn line(n: u32) -> String {
        format!(
            "http 2026-11-21T22:00:{:02}.000000Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 \"GET http://www.example.com:80/ HTTP/1.1\" \"curl\" - - arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/73e2d6bc24d8a067 \"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" 0 2026-11-21T22:00:00.000000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\"\n",
            n % 60
        )
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Sent in chunks of an odd size.
    fn read(bytes: &[u8], packed: bool) -> (u64, bool) {
        let window = Window {
            from: at("2026-11-21T22:00:00Z"),
            to: at("2026-11-21T23:00:00Z"),
        };
        let reader = ObjectReader::new(LoadBalancerType::Application, window, None);
        let chunks: Vec<Vec<u8>> = bytes.chunks(977).map(<[u8]>::to_vec).collect();
        let (send, receive) = mpsc::channel(chunks.len().max(1));
        for chunk in chunks {
            send.try_send(chunk).unwrap();
        }
        drop(send);
        let one = unpack(reader, packed, receive).unwrap();
        let mut aggregator = Aggregator::new(LoadBalancerType::Application);
        aggregator.add(one.rows);
        (aggregator.finish().requests, one.broken)
    }

    #[test]
    fn members_cut_mid_line_are_read_as_one() {
        let text: String = (0..50).map(line).collect();
        let (first, second) = text.as_bytes().split_at(text.len() / 2 + 7);
        assert_eq!(
            read(&[gzip(first), gzip(second)].concat(), true),
            (50, false)
        );
        assert_eq!(read(text.as_bytes(), false), (50, false));
        assert_eq!(read(&gzip(b""), true), (0, false));
    }

    #[test]
    fn what_does_not_unpack_is_told_and_what_did_is_kept() {
        let text: String = (0..5_000).map(line).collect();
        let whole = gzip(text.as_bytes());
        let (requests, broken) = read(&whole[..whole.len() * 3 / 4], true);
        assert!(broken && (1..5_000).contains(&requests), "{requests}");
        assert_eq!(read(b"<Error>not a log</Error>", true), (0, true));
        let good = gzip(line(1).as_bytes());
        let (requests, broken) = read(&[good, b"garbage".to_vec()].concat(), true);
        assert!(broken && requests == 1);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let zeros = vec![0_u8; 1 << 20];
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..96 {
            encoder.write_all(&zeros).unwrap();
        }
        assert_eq!(read(&encoder.finish().unwrap(), true), (0, true));
    }
}
