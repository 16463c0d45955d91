//! How a user's records lie in the cache: chunks of about 64 kB, each a version byte, its length and, compressed (LZ4), records one
//! after another.
//!
//! Every record is a tag byte and its postcard form. The first tells how many of each kind follow, so that room can be reserved
//! and nothing can go missing unnoticed. postcard is positional: any change to a stored type raises [`ENCODING`], and a cache of
//! another encoding is built anew.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::records::{Directory, RiskyUser, UserRecords};

/// Version of the encoding.
pub(super) const ENCODING: u8 = 3;

/// Where a chunk is full, before it is compressed: sled wants values below 100 kB (`reference/crates.md` section 8).
const CHUNK_BYTES: usize = 64 * 1024;

const USER: u8 = 0;
const HISTORY: u8 = 1;
const DETECTION: u8 = 2;
const SIGN_IN: u8 = 3;
/// Devices and authentication methods, which are read on demand.
const ON_DEMAND: u8 = 4;

/// How many history items, detections and sign-ins follow.
type Counts = (u32, u32, u32);

/// Most records that room is reserved for on the word of a count alone.
const RESERVE: u32 = 1_024;

/// Encodes a user's records as chunks, at least one.
pub(super) fn encode(records: &UserRecords) -> Result<Vec<Vec<u8>>, String> {
    let mut encoder = Encoder { full: Vec::new(), chunk: Vec::new() };
    let count = |len: usize| u32::try_from(len).map_err(|_| "too many records".to_owned());
    let counts: Counts = (count(records.history.len())?, count(records.detections.len())?, count(records.sign_ins.len())?);
    encoder.add(USER, &(&records.user, &records.directory, counts))?;
    encoder.add(ON_DEMAND, &(&records.devices, &records.methods))?;
    records.history.iter().try_for_each(|item| encoder.add(HISTORY, item))?;
    records.detections.iter().try_for_each(|detection| encoder.add(DETECTION, detection))?;
    records.sign_ins.iter().try_for_each(|sign_in| encoder.add(SIGN_IN, sign_in))?;
    encoder.end_chunk();
    Ok(encoder.full)
}

struct Encoder {
    full: Vec<Vec<u8>>,
    chunk: Vec<u8>,
}

impl Encoder {
    fn add<T: Serialize>(&mut self, tag: u8, record: &T) -> Result<(), String> {
        if self.chunk.len() >= CHUNK_BYTES {
            self.end_chunk();
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.push(tag);
        self.chunk = postcard::to_extend(record, chunk).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn end_chunk(&mut self) {
        let mut value = vec![ENCODING];
        value.extend(lz4_flex::compress_prepend_size(&self.chunk));
        self.chunk.clear();
        self.full.push(value);
    }
}

/// Puts a user's records together again from chunks in order.
pub(super) struct Decoder {
    records: UserRecords,
    counts: Counts,
    /// Number of the chunk that comes next.
    pub(super) next: u16,
}

impl Decoder {
    /// Starts with chunk 0.
    pub(super) fn start(chunk: &[u8]) -> Result<Self, String> {
        let chunk = decompressed(chunk)?;
        let mut bytes = chunk.as_slice();
        if tag(&mut bytes) != Some(USER) {
            return Err("it does not start with a user".to_owned());
        }
        let (user, directory, counts): (RiskyUser, Directory, Counts) = take(&mut bytes)?;
        let room = |count: u32| count.min(RESERVE) as usize;
        let records = UserRecords {
            user,
            directory,
            history: Vec::with_capacity(room(counts.0)),
            detections: Vec::with_capacity(room(counts.1)),
            sign_ins: Vec::with_capacity(room(counts.2)),
            devices: None,
            methods: None,
        };
        let mut decoder = Decoder { records, counts, next: 1 };
        decoder.read(bytes)?;
        Ok(decoder)
    }

    /// Goes on with the next chunk.
    pub(super) fn add(&mut self, chunk: &[u8]) -> Result<(), String> {
        self.next = self.next.wrapping_add(1);
        self.read(&decompressed(chunk)?)
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while let Some(tag) = tag(&mut bytes) {
            match tag {
                HISTORY => self.records.history.push(take(&mut bytes)?),
                DETECTION => self.records.detections.push(take(&mut bytes)?),
                SIGN_IN => self.records.sign_ins.push(take(&mut bytes)?),
                ON_DEMAND => (self.records.devices, self.records.methods) = take(&mut bytes)?,
                other => return Err(format!("{other} is no kind of record")),
            }
        }
        Ok(())
    }

    /// Ends; all records must be there.
    pub(super) fn finish(mut self) -> Result<UserRecords, String> {
        let UserRecords { history, detections, sign_ins, .. } = &self.records;
        let (expected, found) = (self.counts, (history.len(), detections.len(), sign_ins.len()));
        if found != (expected.0 as usize, expected.1 as usize, expected.2 as usize) {
            return Err(format!("records are missing: {found:?} of {expected:?}"));
        }
        self.records.forget_untold_times();
        Ok(self.records)
    }
}

/// Encodes a single value.
pub(super) fn encode_value<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    postcard::to_extend(value, vec![ENCODING]).map_err(|error| error.to_string())
}

/// Decodes a single value.
pub(super) fn decode_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    take(&mut payload(bytes)?)
}

/// The records of a chunk. A length that no such chunk can have is refused before room is made for it.
fn decompressed(chunk: &[u8]) -> Result<Vec<u8>, String> {
    /// LZ4 makes at most so many bytes of one.
    const MOST: usize = 255;
    let (length, block) = payload(chunk)?.split_first_chunk().ok_or("it has no length")?;
    let length = u32::from_le_bytes(*length) as usize;
    if length / MOST > block.len() {
        return Err(format!("{length} is no length of it"));
    }
    let mut bytes = vec![0; length];
    let read = lz4_flex::decompress_into(block, &mut bytes).map_err(|error| error.to_string())?;
    if read == length { Ok(bytes) } else { Err(format!("it has {read} bytes and not {length}")) }
}

fn payload(value: &[u8]) -> Result<&[u8], String> {
    match value.split_first() {
        Some((&ENCODING, rest)) => Ok(rest),
        Some((version, _)) => Err(format!("{version} is no version of the encoding")),
        None => Err("it is empty".to_owned()),
    }
}

fn tag(bytes: &mut &[u8]) -> Option<u8> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*tag)
}

fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, String> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
    *bytes = rest;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::fixture;
    use crate::domain::records::{Extra, RiskyUserHistoryItem};

    fn decode(chunks: &[Vec<u8>]) -> Result<UserRecords, String> {
        let (first, rest) = chunks.split_first().ok_or("nothing")?;
        let mut decoder = Decoder::start(first)?;
        rest.iter().try_for_each(|chunk| decoder.add(chunk))?;
        decoder.finish()
    }

    fn large_user() -> UserRecords {
        let mut records = fixture::risky_user("u1", "anomalousToken");
        records.user.extra = Extra(Some(r#"{"new":true}"#.into()));
        records.devices = Some(Vec::new());
        records.history.push(RiskyUserHistoryItem {
            id: "u1".into(),
            user_id: "u1".into(),
            user_principal_name: None,
            user_display_name: None,
            risk_level: None,
            risk_state: None,
            risk_detail: None,
            risk_last_updated_date_time: None,
            initiated_by: None,
            risk_event_types: vec!["x".into()],
            extra: Extra::default(),
        });
        let mut sign_in = records.sign_ins[0].clone();
        sign_in.user_agent = Some("\u{202e}agent ".repeat(100).into());
        records.sign_ins = vec![sign_in; 300];
        records
    }

    #[test]
    fn records_survive_the_round_trip_in_chunks_of_bounded_size() {
        let records = large_user();
        let chunks = encode(&records).unwrap();
        assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.len() < 100_000), "{}", chunks.len());
        assert_eq!(decode(&chunks).unwrap(), records);
    }

    #[test]
    fn a_time_that_stands_for_none_is_none_whenever_it_was_stored() {
        let mut records = crate::domain::fixture::risky_user("a", "newCountry");
        let never = crate::domain::time::Timestamp::parse("0001-01-01T00:00:00Z");
        records.detections[0].activity_date_time = never;
        records.sign_ins[0].created_date_time = never;
        let read = decode(&encode(&records).unwrap()).unwrap();
        assert_eq!((read.detections[0].activity_date_time, read.sign_ins[0].created_date_time), (None, None));
        assert_eq!(read.detections[0].detected_date_time, records.detections[0].detected_date_time);
    }

    #[test]
    fn a_chunk_that_lies_about_its_length_makes_no_room() {
        let mut chunk = encode(&large_user()).unwrap().remove(0);
        for length in [u32::MAX, 0, 1] {
            chunk[1..5].copy_from_slice(&length.to_le_bytes());
            assert!(decompressed(&chunk).is_err(), "{length}");
        }
        assert!(decompressed(&[ENCODING, 1]).is_err());
    }

    #[test]
    fn a_missing_chunk_is_noticed() {
        let chunks = encode(&large_user()).unwrap();
        assert!(decode(&chunks[..chunks.len() - 1]).is_err());
        assert!(decode(&chunks[1..]).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), position in 0usize..400, bit in 0u8..8) {
            let packed = |bytes: &[u8]| [&[ENCODING][..], &lz4_flex::compress_prepend_size(bytes)].concat();
            decode(&[packed(&bytes)]).ok();
            let chunk = encode(&fixture::risky_user("u1", "x")).unwrap().remove(0);
            let flipped = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let position = position % bytes.len();
                bytes[position] ^= 1 << bit;
                bytes
            };
            decode(&[flipped(&chunk), packed(&bytes)]).ok();
            decode(&[packed(&flipped(&decompressed(&chunk).unwrap()))]).ok();
            bytes.insert(0, ENCODING);
            decode(&[bytes]).ok();
        }
    }
}
