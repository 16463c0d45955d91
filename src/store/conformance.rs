//! What every store must do, run over each of them.

use super::{Home, MemoryStore, Store, workspace};
use crate::domain::fixture;
use crate::domain::journal::{Entry, Head};
use crate::domain::policy::{Policy, TenantFacts};
use crate::domain::records::UserRecords;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{Manifest, SCHEMA_VERSION, Source};

pub(super) fn evidence() -> Manifest {
    Manifest { schema_version: SCHEMA_VERSION, tenant: "contoso.test".to_owned(), source: Source::Evidence, created_at: fixture::now() }
}

pub(super) fn note(text: &str) -> Entry {
    Entry::Note { user: "u1".into(), text: text.to_owned() }
}

fn on_every_store(check: impl Fn(&dyn Store)) {
    check(&MemoryStore::new());
    let folder = tempfile::tempdir().unwrap();
    let home = Home(folder.path().to_owned());
    workspace::create(&home, "w", &evidence()).unwrap();
    check(&workspace::open(&home, "w", fixture::now()).unwrap().store);
}

fn user_with_sign_ins(id: &str, count: usize) -> UserRecords {
    let mut records = fixture::risky_user(id, "anomalousToken");
    let sign_in = records.sign_ins[0].clone();
    records.sign_ins = (0..count)
        .map(|number| {
            let mut sign_in = sign_in.clone();
            sign_in.id = format!("{id}-s{number}").into();
            sign_in
        })
        .collect();
    records
}

#[test]
fn what_is_put_is_loaded_in_the_order_of_ids() {
    on_every_store(|store| {
        assert!(store.load().unwrap().is_empty());
        // Ids come from files too: none may be mistaken for a part of another.
        let ids = ["b", "a/b", "a\0", "a\0\0\0", "a\u{1}", "a\u{2}", "a-b", "", "ä"];
        store.put(&ids.map(|id| user_with_sign_ins(id, 2))).unwrap();
        store.put(&[user_with_sign_ins("a", 2_000)]).unwrap();
        let dataset = store.load().unwrap();
        let loaded: Vec<&str> = dataset.users().iter().map(|records| records.id().as_str()).collect();
        assert_eq!(loaded, ["", "a", "a\0", "a\0\0\0", "a\u{1}", "a\u{2}", "a-b", "a/b", "b", "ä"]);
        for records in dataset.users() {
            let count = if records.id().as_str() == "a" { 2_000 } else { 2 };
            assert_eq!(*records, user_with_sign_ins(records.id().as_str(), count));
            assert_eq!(store.user(records.id()).unwrap().as_ref(), Some(records));
        }
        assert_eq!(store.user(&"nobody".into()).unwrap(), None);
    });
}

#[test]
fn a_users_records_are_replaced_as_a_whole() {
    on_every_store(|store| {
        store.put(&[user_with_sign_ins("a", 2_000), user_with_sign_ins("b", 1)]).unwrap();
        let small = UserRecords::unknown("a".into());
        store.put(std::slice::from_ref(&small)).unwrap();
        assert_eq!(store.user(&"a".into()).unwrap(), Some(small.clone()));
        let dataset = store.load().unwrap();
        assert_eq!(dataset.users(), [small, user_with_sign_ins("b", 1)]);
    });
}

#[test]
fn of_a_user_given_twice_the_last_counts() {
    on_every_store(|store| {
        store.put(&[user_with_sign_ins("a", 900), user_with_sign_ins("b", 1), user_with_sign_ins("a", 2)]).unwrap();
        assert_eq!(store.user(&"a".into()).unwrap().unwrap().sign_ins.len(), 2);
    });
}

#[test]
fn whom_to_show_first_comes_with_what_is_known_of_them_now() {
    on_every_store(|store| {
        assert!(store.first().unwrap().is_empty());
        store.put(&["a", "b", "c"].map(|id| user_with_sign_ins(id, 1))).unwrap();
        store.keep_first(&["c".into(), "gone".into(), "a".into()]).unwrap();
        store.put(&[user_with_sign_ins("a", 2_000)]).unwrap();
        assert_eq!(store.first().unwrap(), [user_with_sign_ins("c", 1), user_with_sign_ins("a", 2_000)]);
        store.keep_first(&["b".into()]).unwrap();
        assert_eq!(store.first().unwrap(), [user_with_sign_ins("b", 1)]);
    });
}

#[test]
fn more_users_than_fit_a_batch_are_all_there() {
    on_every_store(|store| {
        let users: Vec<UserRecords> = (0..2_500).map(|number| UserRecords::unknown(format!("u{number}").into())).collect();
        store.put(&users).unwrap();
        assert_eq!(store.load().unwrap().len(), 2_500);
    });
}

#[test]
fn the_time_of_the_last_update_is_kept() {
    on_every_store(|store| {
        assert_eq!(store.synced_at().unwrap(), None);
        store.set_synced_at(fixture::now()).unwrap();
        let later = Timestamp(fixture::now().0 + chrono::TimeDelta::hours(1));
        store.set_synced_at(later).unwrap();
        assert_eq!(store.synced_at().unwrap(), Some(later));
    });
}

#[test]
fn the_journal_is_numbered_chained_and_added_up() {
    on_every_store(|store| {
        assert_eq!(store.verify().unwrap(), Ok(Head::default()));
        assert_eq!(store.append(fixture::now(), "me", Vec::new()).unwrap(), Vec::new());
        let first = store.append(fixture::now(), "me", vec![note("one"), note("two")]).unwrap();
        let second = store.append(fixture::now(), "you", vec![note("line\nfeed \u{2028}")]).unwrap();
        let journal = store.journal().unwrap();
        assert_eq!(journal, [first, second].concat());
        assert_eq!(journal.iter().map(|record| record.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(store.verify().unwrap().unwrap().seq, 3);
        let mut notes = Vec::new();
        store.with_ledger(&mut |ledger| notes = ledger.notes(&"u1".into()).iter().map(|note| note.operator.clone()).collect());
        assert_eq!(notes, ["me", "me", "you"]);
    });
}

#[test]
fn appends_from_many_threads_make_one_chain() {
    on_every_store(|store| {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    for number in 0..5 {
                        store.append(fixture::now(), "me", vec![note(&format!("{thread}.{number}"))]).unwrap();
                    }
                });
            }
        });
        assert_eq!(store.verify().unwrap().unwrap().seq, 20);
        store.with_ledger(&mut |ledger| assert_eq!(ledger.notes(&"u1".into()).len(), 20));
    });
}

#[test]
fn what_is_known_of_the_tenant_is_kept_and_comes_with_the_records() {
    on_every_store(|store| {
        assert_eq!(store.tenant_facts().unwrap(), TenantFacts::default());
        let object =
            serde_json::json!({"id": "p", "state": "enabled", "conditions": {"locations": null, "users": {"excludeUsers": ["u"]}}});
        let facts = TenantFacts { policies: Policy::read(object.as_object().unwrap()).map(|policy| vec![policy]), locations: None };
        store.set_tenant_facts(&facts).unwrap();
        assert_eq!(store.tenant_facts().unwrap(), facts);
        assert_eq!(store.load().unwrap().tenant(), &facts);
    });
}

#[test]
fn the_lines_of_the_journal_are_those_that_were_written() {
    on_every_store(|store| {
        let mut written = store.append(fixture::now(), "me", vec![note("one"), note("two\u{202e}")]).unwrap();
        written.extend(store.append(fixture::now(), "me", vec![note("three")]).unwrap());
        let mut head = Head::default();
        let lines = store.journal_lines().unwrap();
        assert_eq!(lines.len(), 3);
        for ((record, line), written) in lines.into_iter().zip(written) {
            let (read, next) = crate::domain::journal::decode(&head, line.as_bytes()).unwrap();
            assert_eq!((&read, &record), (&written, &written));
            head = next;
        }
    });
}
