use proptest::prelude::*;

use super::*;
use crate::domain::fixture;
use crate::store::conformance::note;

struct Case {
    _temporary: tempfile::TempDir,
    folder: PathBuf,
}

struct Open {
    journal: JournalFile,
    ledger: Ledger,
    notices: Vec<String>,
}

impl Case {
    /// A closed journal with this many notes, each acknowledged.
    fn with(count: usize) -> Case {
        let temporary = tempfile::tempdir().unwrap();
        let case = Case { folder: temporary.path().to_owned(), _temporary: temporary };
        start(&case.folder).unwrap();
        let mut journal = case.open().journal;
        for number in 0..count {
            journal.append(fixture::now(), "me", vec![note(&number.to_string())]).unwrap();
        }
        case
    }

    fn open(&self) -> Open {
        let (mut ledger, mut notices) = (Ledger::default(), Vec::new());
        let journal = JournalFile::open(&self.folder, fixture::now(), &mut ledger, &mut notices).unwrap();
        Open { journal, ledger, notices }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    fn set(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).unwrap();
    }

    fn add(&self, bytes: &[u8]) {
        self.set(&[self.bytes(), bytes.to_vec()].concat());
    }
}

impl Open {
    fn notes(&self) -> usize {
        self.ledger.notes(&"u1".into()).len()
    }

    fn append(&mut self) -> Result<Vec<JournalRecord>, StoreError> {
        self.journal.append(fixture::now(), "me", vec![note("more")])
    }

    fn damage(&mut self) -> Damage {
        match self.append() {
            Err(StoreError::JournalDamaged { damage, .. }) => damage,
            other => panic!("{other:?}"),
        }
    }
}

/// The line that follows the journal, without its line feed.
fn next_line(journal: &JournalFile) -> String {
    encode(&journal.head, fixture::now(), "me", note("unacknowledged")).unwrap().1
}

#[test]
fn a_torn_last_line_is_set_aside_and_the_repair_is_journalled() {
    let case = Case::with(2);
    let line = next_line(&case.open().journal);
    let torn = line.split_at(line.len() / 2).0;
    case.add(torn.as_bytes());
    let mut open = case.open();
    assert_eq!((open.notes(), open.notices.len()), (2, 1), "{:?}", open.notices);
    let records = open.journal.reader().records().unwrap();
    assert!(matches!(&records[2].entry, Entry::Repaired { what } if *what == open.notices[0]), "{records:?}");
    let aside = case.folder.join("set-aside").read_dir().unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_to_string(aside.join("torn-line")).unwrap(), torn);
    open.append().unwrap();
    let open = case.open();
    assert_eq!((open.notes(), open.notices.len(), open.journal.reader().verify().unwrap().unwrap().seq), (3, 0, 4));
}

#[test]
fn a_whole_record_after_the_last_acknowledged_one_counts() {
    let case = Case::with(2);
    let line = next_line(&case.open().journal);
    case.add(format!("{line}\n").as_bytes());
    let mut open = case.open();
    assert_eq!((open.notes(), open.notices.len()), (3, 0));
    assert_eq!(open.append().unwrap()[0].seq, 4);
}

#[test]
fn a_flipped_byte_in_the_middle_closes_the_journal_and_changes_nothing() {
    let case = Case::with(3);
    let mut bytes = case.bytes();
    let position = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 40;
    bytes[position] ^= 1;
    case.set(&bytes);
    let mut open = case.open();
    assert_eq!(open.notes(), 1);
    let damage = open.damage();
    assert_eq!((damage.proven.seq, &damage.what), (1, &DamageKind::Line { line: 2, why: ChainError::Hash }));
    assert_eq!(open.journal.reader().records().unwrap().len(), 1);
    assert_eq!(open.journal.reader().verify().unwrap(), Err(damage));
    assert!(open.notices[0].contains("damaged") && open.notices[0].contains("line 2"), "{:?}", open.notices);
    assert_eq!(case.bytes(), bytes);
}

#[test]
fn a_bad_last_line_with_its_line_feed_is_damage() {
    let case = Case::with(2);
    case.add(b"{\"seq\":3}\n");
    assert!(matches!(case.open().damage().what, DamageKind::Line { line: 3, .. }));
}

#[test]
fn a_missing_end_is_damage_even_where_the_chain_is_sound() {
    let case = Case::with(3);
    let whole = case.bytes();
    let end = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for len in [0, end, end + 10, whole.len() - 1] {
        case.set(&whole[..len]);
        let mut open = case.open();
        let damage = open.damage();
        assert_eq!(damage.what, DamageKind::Short { acknowledged: 3 }, "{len}");
        assert_eq!(open.journal.reader().verify().unwrap(), Err(damage));
        assert_eq!(case.bytes().len(), len);
    }
    std::fs::remove_file(case.path()).unwrap();
    assert_eq!(case.open().damage().what, DamageKind::Short { acknowledged: 3 });
}

#[test]
fn another_chain_than_the_acknowledged_one_is_damage() {
    let case = Case::with(2);
    let other = Case::with(0);
    let mut forged = other.open();
    forged.journal.append(fixture::now(), "me", vec![note("0"), note("forged")]).unwrap();
    case.set(&other.bytes());
    assert_eq!(case.open().damage().what, DamageKind::Line { line: 2, why: ChainError::Hash });
}

#[test]
fn a_lost_head_is_written_anew_with_a_notice() {
    for lost in [&b""[..], b"\0\0\0", &[b'x'; 300]] {
        let case = Case::with(2);
        let path = case.folder.join("journal.head");
        let head = std::fs::read(&path).unwrap();
        std::fs::write(&path, lost).unwrap();
        let open = case.open();
        assert!(open.notes() == 2 && open.notices[0].contains("journal.head"), "{:?}", open.notices);
        assert_eq!(std::fs::read(&path).unwrap(), head);
    }
}

#[test]
fn a_journal_removed_with_its_head_is_damage_and_stays_so() {
    for count in [0, 2] {
        let case = Case::with(count);
        std::fs::remove_file(case.path()).unwrap();
        std::fs::remove_file(case.folder.join("journal.head")).unwrap();
        for _ in 0..2 {
            let mut open = case.open();
            let damage = open.damage();
            assert_eq!((damage.proven.seq, &damage.what, open.notices.len()), (0, &DamageKind::Missing, 1), "{:?}", open.notices);
            assert_eq!(open.journal.reader().verify().unwrap(), Err(damage));
        }
    }
}

#[test]
fn a_failed_write_leaves_nothing_behind_and_the_journal_goes_on() {
    let case = Case::with(1);
    let before = case.bytes();
    let mut open = case.open();
    // A file that was opened for reading refuses to be written and to be shortened, as a broken disk does.
    let writable = std::mem::replace(&mut open.journal.file, File::open(case.path()).unwrap());
    let error = open.append().unwrap_err();
    assert!(matches!(error, StoreError::JournalWrite { .. }), "{error}");
    assert!(matches!(open.append(), Err(StoreError::JournalClosed { .. })), "it could not be undone");
    // Half a line on the disk, then the undoing works.
    open.journal.file = writable;
    case.add(b"{\"seq\":2,");
    open.journal.roll_back().unwrap();
    assert_eq!(case.bytes(), before);
    let mut open = case.open();
    assert_eq!(open.append().unwrap()[0].seq, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_nothing_counts() {
    let case = Case::with(0);
    let mut open = case.open();
    open.journal.file = OpenOptions::new().read(true).append(true).open("/dev/full").unwrap();
    let error = open.append().unwrap_err();
    assert!(matches!(&error, StoreError::JournalWrite { source, .. } if source.kind() == io::ErrorKind::StorageFull), "{error}");
    assert!(error.to_string().contains("Free space"), "{error}");
    assert_eq!((open.journal.head.seq, case.bytes().len()), (0, 0));
}

#[test]
fn a_journal_changed_by_another_program_takes_no_more_records() {
    let case = Case::with(1);
    let mut open = case.open();
    case.add(b"hand-made\n");
    assert!(matches!(open.append(), Err(StoreError::JournalClosed { .. })));
    assert!(open.journal.reader().verify().unwrap().is_err());
    assert_eq!(open.journal.reader().records().unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_happens_to_the_bytes_only_proven_records_are_given(
        cut in proptest::option::of(0usize..2_000),
        flip in proptest::option::of((0usize..2_000, 1u8..=255)),
        tail in proptest::collection::vec(any::<u8>(), 0..20),
        lose_head in any::<bool>(),
    ) {
        let case = Case::with(4);
        let original = case.open().journal.reader().records().unwrap();
        let mut bytes = case.bytes();
        if let Some(cut) = cut {
            bytes.truncate(cut);
        }
        if let Some((position, mask)) = flip && !bytes.is_empty() {
            let position = position % bytes.len();
            bytes[position] ^= mask;
        }
        bytes.extend(&tail);
        case.set(&bytes);
        if lose_head {
            std::fs::remove_file(case.folder.join("journal.head")).unwrap();
        }
        let mut open = case.open();
        let records = open.journal.reader().records().unwrap();
        let written: Vec<_> = records.iter().filter(|record| !matches!(record.entry, Entry::Repaired { .. })).collect();
        prop_assert_eq!(&written, &original.iter().take(written.len()).collect::<Vec<_>>());
        prop_assert_eq!(open.notes(), written.len());
        match open.append() {
            // Open for writing: nothing acknowledged is missing, unless the head that tells was lost as well.
            Ok(_) => {
                prop_assert!(lose_head || written.len() == original.len());
                prop_assert!(open.journal.reader().verify().unwrap().is_ok());
            }
            Err(StoreError::JournalDamaged { .. }) => prop_assert_eq!(case.bytes(), bytes),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
