//! The embedded evidence store: every exchange and sighting of a case, with its trail, in one SQLite file.
//!
//! `case.json` gathers sightings; here each one stands for itself, for queries with any SQLite tool.
//! Rows arrive in batches while the audit runs, in the order in which threads finish them; their keys do
//! not depend on that order. The tables are described in `schema.sql`, trails in [`compact`].

pub mod compact;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use evidence::{Case, Direction, Exchange, Occurrence, Security, Timestamp, Transport};
use rusqlite::{Connection, OpenFlags, params};

/// An evidence store that is being written.
#[derive(Debug)]
pub struct Store {
    database: Connection,
    path: PathBuf,
    scratch: String,
}

/// Something for the store to keep.
#[derive(Debug)]
pub enum Record {
    /// One exchange.
    Exchange(Box<Exchange>),
    /// One sighting: the number of its group (see [`Store::finish`]) and where it was.
    Sighting(u64, Box<Occurrence>),
}

/// The store cannot be made or written: the folder is not writable, the disk is full, the file is in use.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct StoreError {
    path: PathBuf,
    source: rusqlite::Error,
}

impl Store {
    /// Makes the file, replacing an older one.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let fail = |source| StoreError { path: path.to_owned(), source };
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(fail(rusqlite::Error::ToSqlConversionFailure(Box::new(error))));
        }
        let database = Connection::open(path).map_err(fail)?;
        let store = Self { database, path: path.to_owned(), scratch: String::new() };
        store.database.execute_batch(PRAGMAS).map_err(fail)?;
        store.database.execute_batch(SCHEMA).map_err(fail)?;
        Ok(store)
    }

    /// A store that is gone when it is dropped: for whoever wants [`exchanges`](Self::exchanges) only. What does
    /// not fit into a few megabytes lies in a nameless temporary file.
    pub fn temporary() -> Result<Self, StoreError> {
        let path = PathBuf::from("a temporary file");
        let fail = |source| StoreError { path: path.clone(), source };
        let database = Connection::open("").map_err(fail)?;
        database.execute_batch(PRAGMAS).map_err(fail)?;
        database.execute_batch(SCHEMA).map_err(fail)?;
        Ok(Self { database, path, scratch: String::new() })
    }

    /// Calls `each` with every exchange as text, earliest first: column by column as the table `exchange` has it,
    /// after a first row of the columns' names. `each` says whether to go on.
    pub fn exchanges(&self, mut each: impl FnMut(&[String]) -> bool) -> Result<(), StoreError> {
        self.read_exchanges(&mut each).map_err(|source| StoreError { path: self.path.clone(), source })
    }

    fn read_exchanges(&self, each: &mut dyn FnMut(&[String]) -> bool) -> rusqlite::Result<()> {
        let mut query =
            self.database.prepare("SELECT * FROM exchange ORDER BY first, capture, flow, number")?;
        let mut cells: Vec<String> = query.column_names().map(str::to_owned).collect();
        let status = cells.iter().position(|name| name == "status");
        let mut going = each(&cells);
        let mut rows = query.query(())?;
        while going && let Some(row) = rows.next()? {
            for (number, cell) in cells.iter_mut().enumerate() {
                *cell = text(row.get_ref(number)?);
            }
            // Where a protocol has no status, or nobody answered, 0 is none. DNS means by it that all is well.
            if let Some(status) =
                status.and_then(|place| cells.get_mut(place)).filter(|status| *status == "0")
            {
                let protocol: String = row.get("protocol")?;
                if !matches!(protocol.as_str(), "DNS" | "LLMNR" | "mDNS") {
                    status.clear();
                }
            }
            going = each(&cells);
        }
        Ok(())
    }

    /// Keeps a batch of records in one transaction.
    pub fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let Self { database, path, scratch } = self;
        insert_all(database, records, scratch).map_err(|source| StoreError { path: path.clone(), source })
    }

    /// Adds what is known only at the end, and the indices. `groups` says for each group number used in
    /// [`Record::Sighting`] which of the case's `sightings` it became part of.
    pub fn finish(mut self, case: &Case, groups: &[(u64, u32)]) -> Result<(), StoreError> {
        finish(&mut self.database, case, groups)
            .map_err(|source| StoreError { path: self.path.clone(), source })
    }
}

/// When the sightings of each group were, by the groups' places in the case; at most `most` of them, spread
/// over all there are.
pub fn moments(path: &Path, most: u32) -> Result<BTreeMap<u32, Vec<Timestamp>>, StoreError> {
    read_moments(path, most).map_err(|source| StoreError { path: path.to_owned(), source })
}

fn read_moments(path: &Path, most: u32) -> rusqlite::Result<BTreeMap<u32, Vec<Timestamp>>> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let all: i64 = database.query_row("SELECT count(*) FROM sighting", [], |row| row.get(0))?;
    let step = (all / i64::from(most.max(1))).max(1);
    let mut statement = database.prepare(
        "SELECT p.sighting_group, s.time FROM sighting s JOIN group_part p ON p.part = s.part WHERE s.frame % ? = 0",
    )?;
    let mut moments: BTreeMap<u32, Vec<Timestamp>> = BTreeMap::new();
    let mut rows = statement.query([step])?;
    while let Some(row) = rows.next()? {
        moments.entry(row.get(0)?).or_default().push(Timestamp(row.get(1)?));
    }
    moments.values_mut().for_each(|times| times.sort());
    Ok(moments)
}

fn insert_all(database: &mut Connection, records: &[Record], scratch: &mut String) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    {
        let mut exchanges = transaction.prepare_cached(INSERT_EXCHANGE)?;
        let mut sightings = transaction.prepare_cached(INSERT_SIGHTING)?;
        for record in records {
            match record {
                Record::Exchange(exchange) => insert_exchange(&mut exchanges, exchange)?,
                Record::Sighting(group, occurrence) => {
                    insert_sighting(&mut sightings, *group, occurrence, scratch)?;
                }
            }
        }
    }
    transaction.commit()
}

fn insert_exchange(
    statement: &mut rusqlite::CachedStatement<'_>,
    exchange: &Exchange,
) -> rusqlite::Result<()> {
    let id = exchange.id;
    statement.execute(params![
        id.flow.capture.0,
        integer(id.flow.frame.0),
        id.index,
        integer(exchange.frame.0),
        exchange.first.0,
        exchange.last.0,
        exchange.protocol,
        exchange.device,
        exchange.endpoint.host,
        exchange.endpoint.address,
        exchange.endpoint.port,
        transport(exchange.endpoint.transport),
        security(exchange.security),
        direction(exchange.direction),
        exchange.method,
        exchange.host,
        exchange.target,
        exchange.status,
        exchange.agent,
        exchange.media[0],
        exchange.media[1],
        integer(exchange.bytes[0]),
        integer(exchange.bytes[1]),
        exchange.complete[0],
        exchange.complete[1],
    ])?;
    Ok(())
}

fn insert_sighting(
    statement: &mut rusqlite::CachedStatement<'_>,
    group: u64,
    occurrence: &Occurrence,
    scratch: &mut String,
) -> rusqlite::Result<()> {
    let id = occurrence.exchange;
    scratch.clear();
    compact::write(&occurrence.trail, scratch);
    statement.execute(params![
        group.cast_signed(),
        id.flow.capture.0,
        integer(id.flow.frame.0),
        id.index,
        integer(occurrence.frame.0),
        occurrence.time.0,
        occurrence.found,
        occurrence.span.buffer.0,
        integer(occurrence.span.start),
        integer(occurrence.span.end),
        scratch.as_str(),
    ])?;
    Ok(())
}

fn finish(database: &mut Connection, case: &Case, groups: &[(u64, u32)]) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    insert_case(&transaction, case)?;
    insert_groups(&transaction, case)?;
    insert_destinations(&transaction, case)?;
    insert_findings(&transaction, case)?;
    insert_coverage(&transaction, case)?;
    {
        let mut parts = transaction.prepare("INSERT OR REPLACE INTO group_part VALUES (?, ?)")?;
        for (part, group) in groups {
            parts.execute(params![part.cast_signed(), group])?;
        }
    }
    transaction.execute_batch(UNLISTED)?;
    transaction.execute_batch(INDICES)?;
    transaction.commit()
}

fn insert_case(database: &Connection, case: &Case) -> rusqlite::Result<()> {
    let mut about = database.prepare("INSERT INTO about VALUES (?, ?)")?;
    about.execute(params!["format", case.format])?;
    about.execute(params!["program", case.program])?;
    about.execute(params!["profile", case.profile])?;
    let mut captures = database.prepare("INSERT INTO capture VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    for capture in &case.captures {
        captures.execute(params![
            capture.id.0,
            capture.name,
            capture.format,
            capture.sha256,
            integer(capture.file_bytes),
            integer(capture.bytes),
            integer(capture.frames),
        ])?;
    }
    Ok(())
}

fn insert_groups(database: &Connection, case: &Case) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sighting_group VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut groups = database.prepare(sql)?;
    for (number, group) in (0u32..).zip(&case.sightings) {
        let key = &group.key;
        groups.execute(params![
            number,
            name(&key.kind),
            key.value,
            key.label,
            name(&key.grade),
            key.form.0,
            key.field,
            key.encodings.join(" > "),
            name(&key.carrier),
            name(&key.direction),
            name(&key.security),
            key.endpoint.0,
            key.device,
            key.app,
            integer(group.count),
            group.first.0,
            group.last.0,
        ])?;
    }
    Ok(())
}

fn insert_destinations(database: &Connection, case: &Case) -> rusqlite::Result<()> {
    let sql = "INSERT INTO destination VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut destinations = database.prepare(sql)?;
    for destination in &case.destinations {
        let owner = destination.owner.as_ref();
        let network = &destination.network;
        destinations.execute(params![
            destination.id.0,
            destination.endpoint.host,
            destination.endpoint.address,
            destination.endpoint.port,
            name(&destination.endpoint.transport),
            destination.named_by,
            destination.cname_chain.join(" > "),
            destination.domain,
            network.scope,
            network.asn,
            network.holder,
            network.located.as_ref().map(|country| &country.code),
            network.registered.as_ref().map(|country| &country.code),
            owner.map(|owner| &owner.operator),
            owner.map(|owner| &owner.group),
            owner.map(|owner| &owner.country),
            owner.map(|owner| &owner.purpose),
            integer(destination.bytes_out),
            integer(destination.bytes_in),
            integer(destination.flows),
        ])?;
    }
    Ok(())
}

fn insert_findings(database: &Connection, case: &Case) -> rusqlite::Result<()> {
    let mut findings = database.prepare("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut members = database.prepare("INSERT INTO finding_sighting VALUES (?, ?)")?;
    for finding in &case.findings {
        findings.execute(params![
            finding.id.0,
            finding.detector,
            finding.version,
            finding.severity.id(),
            finding.title,
            finding.words,
            integer(finding.count),
            finding.first.0,
            finding.last.0,
        ])?;
        for group in &finding.sightings {
            members.execute(params![finding.id.0, group])?;
        }
    }
    Ok(())
}

fn insert_coverage(database: &Connection, case: &Case) -> rusqlite::Result<()> {
    let mut rows = database.prepare("INSERT INTO coverage VALUES (?, ?, ?, ?)")?;
    for row in case.coverage.rows() {
        rows.execute(params![name(&row.fate), row.reason, integer(row.bytes), integer(row.pieces)])?;
    }
    let mut missing = database.prepare("INSERT INTO missing VALUES (?, ?, ?, ?)")?;
    for row in case.coverage.missing() {
        let values = params![name(&row.missing), row.reason, integer(row.bytes), integer(row.pieces)];
        missing.execute(values)?;
    }
    Ok(())
}

/// A value of the database, written out.
fn text(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

// Of these there is one for each exchange, so they are not asked from serde; a test holds them to it.

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

fn security(security: Security) -> &'static str {
    match security {
        Security::Clear => "clear",
        Security::Encrypted => "encrypted",
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

/// A unit variant's name in files, as serde writes it.
fn name(variant: &impl serde::Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// SQLite's integers are signed; a larger count than it can hold does not occur in a file.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A crash leaves a file that is thrown away, so nothing is spent on surviving one.
const PRAGMAS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -16384;
";

const SCHEMA: &str = include_str!("schema.sql");

/// Sightings of values that were listed until others came: the case counts them, and lists them nowhere.
const UNLISTED: &str = "DELETE FROM sighting WHERE part NOT IN (SELECT part FROM group_part)";

const INDICES: &str = "
    CREATE INDEX exchange_by_host ON exchange (host);
    CREATE INDEX exchange_by_time ON exchange (first);
    CREATE INDEX sighting_by_part ON sighting (part);
";

/// An exchange may come in parts: an answer before its request, bytes that nobody understood after both.
const INSERT_EXCHANGE: &str = "INSERT INTO exchange VALUES \
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
    ON CONFLICT DO UPDATE SET \
    frame = iif(bytes_request = 0 AND excluded.bytes_request > 0, excluded.frame, frame), \
    direction = iif(bytes_request = 0 AND excluded.bytes_request > 0, excluded.direction, direction), \
    first = min(first, excluded.first), \
    last = max(last, excluded.last), \
    host = iif(excluded.host = '', host, excluded.host), \
    method = iif(method = '', excluded.method, method), \
    said_host = iif(said_host = '', excluded.said_host, said_host), \
    target = iif(target = '', excluded.target, target), \
    status = iif(excluded.status = 0, status, excluded.status), \
    agent = iif(agent = '', excluded.agent, agent), \
    media_request = iif(media_request = '', excluded.media_request, media_request), \
    media_response = iif(excluded.media_response = '', media_response, excluded.media_response), \
    whole_request = (bytes_request = 0 OR whole_request) AND (excluded.bytes_request = 0 OR excluded.whole_request) \
        AND bytes_request + excluded.bytes_request > 0, \
    whole_response = (bytes_response = 0 OR whole_response) AND (excluded.bytes_response = 0 OR excluded.whole_response) \
        AND bytes_response + excluded.bytes_response > 0, \
    bytes_request = bytes_request + excluded.bytes_request, \
    bytes_response = bytes_response + excluded.bytes_response";

const INSERT_SIGHTING: &str = "INSERT INTO sighting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

#[cfg(test)]
mod tests {
    use evidence::*;

    use super::*;

    fn exchange(index: u32) -> Exchange {
        Exchange {
            id: ExchangeId { flow: FlowId::default(), index },
            protocol: "HTTP/1".into(),
            device: "10.0.0.2".into(),
            endpoint: Endpoint {
                host: "a.example".into(),
                address: "192.0.2.1".into(),
                port: 80,
                transport: Transport::Tcp,
            },
            security: Security::Clear,
            first: Timestamp(1),
            last: Timestamp(2),
            frame: FrameNo(1),
            method: "GET".into(),
            host: "a.example".into(),
            target: "/".into(),
            status: 200,
            media: [String::new(), "text/plain".into()],
            agent: String::new(),
            bytes: [10, 20],
            complete: [true, true],
            direction: Direction::Out,
        }
    }

    /// The answer was handed on before its request, which came in two pieces, the second cut.
    #[test]
    fn an_exchange_in_parts_is_one_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.sqlite");
        let answer = Exchange {
            method: String::new(),
            target: String::new(),
            frame: FrameNo(9),
            direction: Direction::In,
            bytes: [0, 20],
            complete: [false, true],
            ..exchange(4)
        };
        let asked =
            Exchange { status: 0, frame: FrameNo(5), bytes: [10, 0], complete: [true, false], ..exchange(4) };
        let more = Exchange {
            method: String::new(),
            first: Timestamp(0),
            complete: [false, false],
            ..asked.clone()
        };
        let mut store = Store::create(&path).unwrap();
        for part in [answer, asked, more] {
            store.write(&[Record::Exchange(Box::new(part))]).unwrap();
        }
        let row = store.database.query_row(
            "SELECT frame, direction, first, last, method, status, bytes_request, bytes_response, whole_request, whole_response FROM exchange",
            [],
            |row| {
                let numbers: [i64; 8] = [row.get(0)?, row.get(2)?, row.get(3)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?];
                Ok((row.get::<_, String>(1)? + " " + &row.get::<_, String>(4)?, numbers))
            },
        );
        assert_eq!(row.unwrap(), ("out GET".to_owned(), [5, 0, 2, 200, 20, 20, 0, 1]));
    }

    #[test]
    fn rows_come_back_and_an_older_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.sqlite");
        std::fs::write(&path, b"something else").unwrap();
        let mut store = Store::create(&path).unwrap();
        let records: Vec<_> = (0..3).map(|n| Record::Exchange(Box::new(exchange(n)))).collect();
        store.write(&records).unwrap();
        drop(store);
        let database = Connection::open(&path).unwrap();
        let rows: (u32, String) = database
            .query_row("SELECT count(*), max(direction) FROM exchange", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(rows, (3, "out".into()));
    }

    #[test]
    fn names_are_those_of_case_json() {
        assert_eq!(
            [Transport::Tcp, Transport::Udp].map(transport),
            [Transport::Tcp, Transport::Udp].map(|it| name(&it))
        );
        let all = [Security::Clear, Security::Encrypted];
        assert_eq!(all.map(security), all.map(|it| name(&it)));
        assert_eq!(
            [Direction::In, Direction::Out].map(direction),
            [Direction::In, Direction::Out].map(|it| name(&it))
        );
    }

    #[test]
    fn an_unwritable_folder_is_named_in_the_error() {
        let error = Store::create(Path::new("/nonexistent/case.sqlite")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/case.sqlite"));
    }
}
