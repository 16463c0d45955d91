//! Reading the whole cache: one thread goes through sled, the others decode.
//!
//! Decoding makes millions of small texts while sled frees its large pages. Both on one thread cost each other more time in the
//! allocator than either takes.

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sled::{Db, IVec};

use super::cache::{Fault, USERS, finish, shown, split_key};
use super::encoding::Decoder;
use crate::domain::dataset::Dataset;
use crate::domain::query::Glance;
use crate::domain::records::UserRecords;

/// Users that are handed over at once.
const AT_ONCE: usize = 256;
/// Batches that may wait for a decoder: more would only take memory.
const WAITING: usize = 4;
/// More decoders than this wait for sled.
const MOST_DECODERS: usize = 4;

/// A user's chunks as they were read, in order and without a gap.
struct Raw {
    id: Vec<u8>,
    chunks: Vec<IVec>,
}

type Decoded = Result<Vec<(UserRecords, Glance)>, Fault>;

/// All users, in the order of their ids.
pub(super) fn load(db: &Db) -> Result<Dataset, Fault> {
    let decoders = thread::available_parallelism().map_or(1, usize::from).min(MOST_DECODERS);
    let (hand_over, waiting) = sync_channel::<(usize, Vec<Raw>)>(WAITING);
    let waiting = Mutex::new(waiting);
    let (give_back, decoded) = channel();
    let (read, panicked) = thread::scope(|scope| {
        let decoders: Vec<_> = (0..decoders)
            .map(|_| {
                let give_back = give_back.clone();
                scope.spawn(|| decode_all(&waiting, give_back))
            })
            .collect();
        let read = read(db, |number, batch| hand_over.send((number, batch)).is_ok());
        // Without more to come, the decoders end.
        drop(hand_over);
        (read, decoders.into_iter().any(|decoder| decoder.join().is_err()))
    });
    drop(give_back);
    let count = read?;
    if panicked {
        return Err(Fault::Value("reading its records failed without a reason".to_owned()));
    }
    let mut batches: Vec<(usize, Decoded)> = decoded.into_iter().collect();
    batches.sort_by_key(|(number, _)| *number);
    let batches: Vec<_> = batches.into_iter().map(|(_, batch)| batch).collect::<Result<_, Fault>>()?;
    // The glances are copied, with their texts, so that they lie one after another in memory and not between the records' own: a key of a
    // filter goes through all of them. All before the first is let go, or the next copy would take its place.
    let glances: Vec<Glance> = batches.iter().flatten().map(|(_, glance)| glance.clone()).collect();
    let mut dataset = Dataset::with_room(count);
    for ((records, _), glance) in batches.into_iter().flatten().zip(glances) {
        dataset.put_with(records, glance);
    }
    Ok(dataset)
}

/// Goes through all chunks and hands them over by user, until nobody takes them. Tells how many users there are.
fn read(db: &Db, mut hand_over: impl FnMut(usize, Vec<Raw>) -> bool) -> Result<usize, Fault> {
    let (mut number, mut count) = (0, 0);
    let mut batch: Vec<Raw> = Vec::new();
    for item in db.scan_prefix(USERS) {
        let (key, value) = item?;
        let damaged = |why: &str| Fault::Value(format!("{}: {why}", shown(&key)));
        let (id, chunk) = split_key(&key).ok_or_else(|| damaged("this is no key"))?;
        match batch.last_mut() {
            Some(raw) if chunk != 0 && raw.id == id && raw.chunks.len() == usize::from(chunk) => raw.chunks.push(value),
            _ if chunk != 0 => return Err(damaged("the chunk before it is missing")),
            _ => {
                count += 1;
                if batch.len() == AT_ONCE {
                    if !hand_over(number, std::mem::take(&mut batch)) {
                        return Ok(count);
                    }
                    number += 1;
                }
                batch.push(Raw { id: id.to_vec(), chunks: vec![value] });
            }
        }
    }
    hand_over(number, batch);
    Ok(count)
}

fn decode_all(waiting: &Mutex<Receiver<(usize, Vec<Raw>)>>, give_back: Sender<(usize, Decoded)>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, batch)) = next else { return };
        let decoded = batch.into_iter().map(decode).collect();
        if give_back.send((number, decoded)).is_err() {
            return;
        }
    }
}

fn decode(raw: Raw) -> Result<(UserRecords, Glance), Fault> {
    let damaged = |why: String| Fault::Value(format!("{}: {why}", shown(&raw.id)));
    let (first, rest) = raw.chunks.split_first().ok_or_else(|| damaged("it has no chunk".to_owned()))?;
    let mut decoder = Decoder::start(first).map_err(damaged)?;
    rest.iter().try_for_each(|chunk| decoder.add(chunk)).map_err(damaged)?;
    let records = finish(&raw.id, decoder)?;
    let glance = Glance::of(&records);
    Ok((records, glance))
}
