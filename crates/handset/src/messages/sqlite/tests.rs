//! Databases made with the library, read without it.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;

use super::{Contents, Database, Fate, FrameState, Part, Value};

/// A database and its WAL, as `fill` leaves them before they are closed.
pub(crate) fn made(pragmas: &str, fill: impl FnOnce(&Connection)) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let connection = Connection::open(&path).expect("a database");
    connection.execute_batch(pragmas).expect("pragmas");
    fill(&connection);
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    (read(&path), read(&folder.path().join("store.db-wal")))
}

/// WAL as Android has it, without checkpoints of its own.
pub(crate) const WAL: &str = "PRAGMA page_size=1024; PRAGMA auto_vacuum=1; PRAGMA secure_delete=1;\
                              PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;";

fn texts(contents: &Contents) -> Vec<(i64, &str)> {
    let text = |values: &'_ [Value]| match values.get(1) {
        Some(Value::Text(text)) => text.clone().leak() as &str,
        _ => "?",
    };
    contents.rows.iter().map(|row| (row.rowid, text(&row.values))).collect()
}

#[test]
fn rows_of_many_pages_with_long_texts() {
    let (file, _) = made("PRAGMA page_size=512;", |it| {
        it.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT, x REAL, b BLOB)").unwrap();
        for id in 1..=500i64 {
            let body = "né".repeat(usize::try_from(id).unwrap() * 3);
            it.execute("INSERT INTO t VALUES(?, ?, ?, x'00ff')", (id, body, 0.5)).unwrap();
        }
    });
    let database = Database::open(&file, None).expect("a database");
    assert_eq!(database.oddities(), []);
    let (table, contents) = database.read_named("T").expect("the table");
    assert_eq!((contents.rows.len(), contents.oddities.len(), contents.former.len()), (500, 0, 0));
    for (row, id) in contents.rows.iter().zip(1..) {
        let body = "né".repeat(usize::try_from(id).unwrap() * 3);
        assert_eq!(table.integer(row, "ID"), Some(id));
        assert_eq!(table.text(row, "body").as_deref(), Some(body.as_str()));
        assert_eq!(row.values[2..], [Value::Real(0.5), Value::Blob(vec![0, 255])]);
        let mut parts = Vec::new();
        for place in std::iter::once(&row.cell).chain(&row.overflow) {
            let (start, end) = (usize::try_from(place.start).unwrap(), usize::try_from(place.end).unwrap());
            parts.extend_from_slice(
                &file[start..end - if place == &row.cell && !row.overflow.is_empty() { 4 } else { 0 }],
            );
        }
        assert!(parts.windows(body.len()).any(|it| it == body.as_bytes()), "row {id} stands where it says");
    }
}

#[test]
fn all_encodings() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        let (file, _) = made(&format!("PRAGMA encoding='{encoding}';"), |it| {
            it.execute_batch("CREATE TABLE t(a, b); INSERT INTO t VALUES(-7, 'žąsis 😀')").unwrap();
        });
        let database = Database::open(&file, None).unwrap();
        let (_, contents) = database.read_named("t").unwrap();
        assert_eq!(
            contents.rows[0].values,
            [Value::Integer(-7), Value::Text("žąsis 😀".into())],
            "{encoding}"
        );
    }
}

#[test]
fn a_row_deleted_in_the_wal_is_still_seen() {
    let (file, wal) = made(WAL, |it| {
        it.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)").unwrap();
        for id in 1..=100 {
            it.execute("INSERT INTO t VALUES(?, ?)", (id, format!("message {id}, {}", "x".repeat(50))))
                .unwrap();
        }
        it.execute_batch("INSERT INTO t VALUES(101, 'REG-REQ secret'); UPDATE t SET body='seen' WHERE id=5")
            .unwrap();
        it.execute_batch("DELETE FROM t WHERE id=101; DELETE FROM t WHERE id=50").unwrap();
    });
    let database = Database::open(&file, Some(&wal)).expect("a database");
    assert!(database.header().auto_vacuum);
    let (_, contents) = database.read_named("t").expect("the table");
    assert_eq!(contents.rows.len(), 99);
    let former: Vec<_> = contents.former.iter().map(|it| (it.row.rowid, it.fate)).collect();
    assert_eq!(former, [(5, Fate::Changed), (50, Fate::Gone), (101, Fate::Gone)]);
    let place = contents.former[2].row.cell;
    let Part::Wal { frame } = place.part else { panic!("in the WAL") };
    let header = database.frames()[usize::try_from(frame).unwrap() - 1];
    assert_eq!(header.state, FrameState::Committed);
    let cell = &wal[usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap()];
    assert!(cell.ends_with(b"REG-REQ secret"));
}

#[test]
fn a_table_that_was_emptied_leaves_its_pages() {
    let pragmas =
        "PRAGMA page_size=512; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=0;";
    let (file, wal) = made(pragmas, |it| {
        it.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)").unwrap();
        for id in 1..=50i64 {
            it.execute("INSERT INTO t VALUES(?, ?)", (id, "w".repeat(60))).unwrap();
        }
        it.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        it.execute_batch("DELETE FROM t").unwrap();
    });
    let (_, contents) =
        Database::open(&file, Some(&wal)).unwrap().read_named("t").map(|(a, b)| (a.clone(), b)).unwrap();
    assert_eq!((contents.rows.len(), contents.former.len()), (0, 50));
    assert!(contents.former.iter().all(|it| it.fate == Fate::Gone && it.row.cell.part == Part::File));
}

#[test]
fn frames_of_an_earlier_wal_are_read_too() {
    let (file, wal) = made(WAL, |it| {
        it.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)").unwrap();
        it.execute_batch("INSERT INTO t VALUES(1, 'first'); INSERT INTO t VALUES(2, 'second')").unwrap();
        it.execute_batch("DELETE FROM t WHERE id=1").unwrap();
        it.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        it.execute_batch("INSERT INTO t VALUES(3, 'third')").unwrap();
    });
    let database = Database::open(&file, Some(&wal)).unwrap();
    assert!(database.frames().iter().any(|it| it.state == FrameState::Stale));
    let (_, contents) = database.read_named("t").unwrap();
    assert_eq!(texts(&contents), [(2, "second"), (3, "third")]);
    let former: Vec<_> = contents.former.iter().map(|it| (it.row.rowid, it.fate)).collect();
    assert_eq!(former, [(1, Fate::Gone)]);
}

#[test]
fn a_transaction_without_its_commit_is_no_state() {
    let (file, wal) = made(WAL, |it| {
        it.execute_batch(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT); INSERT INTO t VALUES(1, 'kept')",
        )
        .unwrap();
        it.execute_batch("INSERT INTO t VALUES(2, 'cut off')").unwrap();
    });
    // The last frame commits: with another commit field its checksum fails too.
    let mut broken = wal;
    let last = broken.len() - 1048;
    broken[last + 7] ^= 1;
    let database = Database::open(&file, Some(&broken)).unwrap();
    let (_, contents) = database.read_named("t").unwrap();
    assert_eq!(texts(&contents), [(1, "kept")]);
    assert_eq!(contents.former.len(), 1, "the row of the damaged frame");
}

#[test]
fn everything_may_be_in_the_wal() {
    let (_, wal) = made(WAL, |it| {
        it.execute_batch(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT); INSERT INTO t VALUES(1, 'kept')",
        )
        .unwrap();
    });
    assert!(Database::open(&[], Some(&wal)).is_some());
    assert!(Database::open(b"SQLite format 3", None).is_none());
    assert!(Database::open(&[0x5a; 4096], Some(&[1, 2, 3])).is_none());
}

#[test]
fn columns_added_later_have_their_default() {
    let (file, _) = made("", |it| {
        it.execute_batch("CREATE TABLE t(a TEXT); INSERT INTO t VALUES('old')").unwrap();
        it.execute_batch(
            "ALTER TABLE t ADD COLUMN sub_id INTEGER DEFAULT -1; ALTER TABLE t ADD COLUMN c TEXT",
        )
        .unwrap();
    });
    let database = Database::open(&file, None).unwrap();
    let (table, contents) = database.read_named("t").unwrap();
    assert_eq!(table.integer(&contents.rows[0], "sub_id"), Some(-1));
    assert_eq!(table.value(&contents.rows[0], "c"), Some(Value::Null));
    assert_eq!(table.value(&contents.rows[0], "d"), None);
}

#[test]
fn a_tree_that_meets_itself_ends() {
    let (mut file, _) = made("PRAGMA page_size=512;", |it| {
        it.execute_batch("CREATE TABLE t(a TEXT)").unwrap();
        for _ in 0..200 {
            it.execute("INSERT INTO t VALUES(?)", ["y".repeat(100)]).unwrap();
        }
    });
    let database = Database::open(&file, None).unwrap();
    let root = usize::try_from(database.table("t").unwrap().root - 1).unwrap() * 512;
    let child = u16::from_be_bytes([file[root + 12], file[root + 13]]);
    file[root + usize::from(child)..][..4]
        .copy_from_slice(&u32::try_from(root / 512 + 1).unwrap().to_be_bytes());
    let database = Database::open(&file, None).unwrap();
    let (_, contents) = database.read_named("t").unwrap();
    assert!(contents.rows.len() > 100);
    assert_eq!(contents.oddities[0].what, "file holds a tree that meets itself");
}

/// What the library itself reads, and what stands in its files.
fn both(pragmas: &str, steps: &[(u8, u8, u16)]) -> (Vec<(i64, String)>, Contents) {
    let mut expected = Vec::new();
    let (file, wal) = made(pragmas, |it| {
        it.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)").unwrap();
        for (kind, id, length) in steps {
            let body = char::from(b'a' + id % 26).to_string().repeat(usize::from(*length) % 3000);
            match kind % 8 {
                0 => it.execute("DELETE FROM t WHERE id=?", [id]).map(drop),
                1 => it.execute("DELETE FROM t WHERE id>?", [id]).map(drop),
                2 => it.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())),
                3 => it.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())),
                _ => it.execute("INSERT OR REPLACE INTO t VALUES(?, ?)", (id, body)).map(drop),
            }
            .unwrap();
        }
        let mut query = it.prepare("SELECT id, body FROM t ORDER BY id").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        expected = rows.map(Result::unwrap).collect();
    });
    let database = Database::open(&file, Some(&wal)).expect("a database");
    assert_eq!(database.oddities(), []);
    (expected, database.read(database.table("t").expect("the table")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_same_rows_as_the_library(
        steps in proptest::collection::vec(any::<(u8, u8, u16)>(), 1..120),
        size in proptest::sample::select(vec![512, 1024, 4096]),
        vacuum in 0..3,
    ) {
        let pragmas = format!(
            "PRAGMA page_size={size}; PRAGMA auto_vacuum={vacuum}; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
        );
        let (expected, contents) = both(&pragmas, &steps);
        let rows: Vec<_> = contents.rows.iter().map(|row| match &row.values[1] {
            Value::Text(text) => (row.rowid, text.clone()),
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(rows, expected);
        prop_assert_eq!(contents.oddities, vec![]);
        // Nothing is taken for an older row that never was one.
        for former in contents.former {
            let Value::Text(text) = &former.row.values[1] else { panic!("a text") };
            let sign = char::from(b'a' + u8::try_from(former.row.rowid).unwrap() % 26);
            prop_assert!(text.chars().all(|it| it == sign));
        }
    }
}

fn sample() -> (Vec<u8>, Vec<u8>) {
    made("PRAGMA page_size=512; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;", |it| {
        it.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)").unwrap();
        for id in 1..40i64 {
            it.execute("INSERT INTO t VALUES(?, ?)", (id, "z".repeat(usize::try_from(id).unwrap() * 20)))
                .unwrap();
        }
        it.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        it.execute_batch("DELETE FROM t WHERE id % 3 = 0; INSERT INTO t VALUES(99, 'new')").unwrap();
    })
}

fn read_all(file: &[u8], wal: &[u8]) -> usize {
    let Some(database) = Database::open(file, Some(wal)) else { return 0 };
    database.tables().iter().map(|table| database.read(table).rows.len()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]
    #[test]
    fn damaged_bytes_never_panic(seeds in proptest::collection::vec(any::<(u16, u8, bool)>(), 40)) {
        let (file, wal) = sample();
        prop_assert_eq!(read_all(&file, &wal), 27);
        let (mut file, mut wal) = (file, wal);
        for (at, byte, log) in seeds {
            let part = if log { &mut wal } else { &mut file };
            let at = usize::from(at) % part.len();
            part[at] = byte;
            read_all(&file, &wal);
        }
        for cut in (0..file.len()).step_by(97) {
            read_all(&file[..cut], &wal[..cut.min(wal.len())]);
        }
    }
}
