-- The evidence store of a case. Times are nanoseconds since 1970-01-01 UTC; counts are bytes unless said.
-- Names of kinds, grades and so on are those of case.json.

CREATE TABLE about (
    key TEXT PRIMARY KEY,   -- format, program, profile
    value TEXT
);

CREATE TABLE capture (
    id INTEGER PRIMARY KEY, -- in the order of the command line, from 0
    name TEXT,
    format TEXT,
    sha256 TEXT,            -- of the file as it lies on the disk
    file_bytes INTEGER,
    bytes INTEGER,          -- after decompression
    frames INTEGER
);

-- One request with its response, or one message. The first three columns are its number.
CREATE TABLE exchange (
    capture INTEGER,
    flow INTEGER,           -- the frame that opened the flow
    number INTEGER,         -- within the flow, from 0
    frame INTEGER,
    first INTEGER,
    last INTEGER,
    protocol TEXT,
    device TEXT,
    host TEXT,              -- as this flow tells it
    address TEXT,
    port INTEGER,
    transport TEXT,
    security TEXT,
    direction TEXT,
    method TEXT,
    said_host TEXT,         -- as the message says
    target TEXT,
    status INTEGER,
    agent TEXT,
    media_request TEXT,
    media_response TEXT,
    bytes_request INTEGER,
    bytes_response INTEGER,
    whole_request INTEGER,
    whole_response INTEGER,
    PRIMARY KEY (capture, flow, number)
) WITHOUT ROWID;

-- Every single sighting. `part` leads through group_part to sighting_group.
CREATE TABLE sighting (
    part INTEGER,
    capture INTEGER,
    flow INTEGER,
    number INTEGER,         -- with capture and flow: the exchange
    frame INTEGER,
    time INTEGER,
    found TEXT,
    span_buffer INTEGER,    -- in the trail, from 0
    span_start INTEGER,
    span_end INTEGER,
    trail TEXT              -- JSON: a list of buffers [step, length, [segment …]]; see the crate's `compact`
);

CREATE TABLE group_part (
    part INTEGER PRIMARY KEY,
    sighting_group INTEGER
);

-- Sightings of one value in one form and field, to one endpoint: the `sightings` of case.json.
CREATE TABLE sighting_group (
    id INTEGER PRIMARY KEY,
    kind TEXT,
    value TEXT,
    label TEXT,
    grade TEXT,
    form TEXT,
    field TEXT,
    encodings TEXT,
    carrier TEXT,
    direction TEXT,
    security TEXT,
    destination INTEGER,
    device TEXT,
    app TEXT,
    count INTEGER,
    first INTEGER,
    last INTEGER
);

CREATE TABLE destination (
    id INTEGER PRIMARY KEY,
    host TEXT,
    address TEXT,
    port INTEGER,
    transport TEXT,
    named_by TEXT,
    cname_chain TEXT,
    domain TEXT,
    scope TEXT,
    asn INTEGER,
    holder TEXT,
    located TEXT,           -- country in which the address is thought to be
    registered TEXT,        -- country in which the address block is registered
    operator TEXT,
    owner_group TEXT,
    owner_country TEXT,
    purpose TEXT,
    bytes_out INTEGER,
    bytes_in INTEGER,
    flows INTEGER
);

CREATE TABLE finding (
    id TEXT PRIMARY KEY,
    detector TEXT,
    version INTEGER,
    severity TEXT,
    title TEXT,
    words TEXT,
    count INTEGER,
    first INTEGER,
    last INTEGER
);

CREATE TABLE finding_sighting (
    finding TEXT,
    sighting_group INTEGER
);

-- What became of every byte: the rows' bytes add up to the captures' bytes.
CREATE TABLE coverage (
    fate TEXT,
    reason TEXT,
    bytes INTEGER,
    pieces INTEGER
);

-- What the captures lack.
CREATE TABLE missing (
    missing TEXT,
    reason TEXT,
    bytes INTEGER,
    pieces INTEGER
);

-- Every sighting with what it is of, where it went and in which message.
CREATE VIEW leak AS
SELECT g.kind, g.value, g.label, g.grade, g.form, g.field, g.encodings, g.carrier, g.direction,
       d.host, d.address, d.port, d.owner_group, d.owner_country, d.located,
       s.capture, s.frame, s.time, s.found, s.trail
FROM sighting s
JOIN group_part p ON p.part = s.part
JOIN sighting_group g ON g.id = p.sighting_group
JOIN destination d ON d.id = g.destination;
