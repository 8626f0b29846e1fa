//! The words of headers and rows, in English, German, French, Lithuanian and Chinese.

use super::BillKind;
use crate::messages::Direction;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Date,
    Direction,
    Kind,
    Number,
    Time,
    Units,
}

impl Role {
    pub(super) const ALL: [Self; 6] =
        [Self::Date, Self::Direction, Self::Kind, Self::Number, Self::Time, Self::Units];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Direction => "direction",
            Self::Kind => "kind",
            Self::Number => "number",
            Self::Time => "time",
            Self::Units => "units",
        }
    }

    /// The words of a header's cell that make it this; the earlier one weighs more.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Date => &["date", "datum", "data", "日期", "tag", "day", "jour", "diena"],
            Self::Direction => &["direction", "richtung", "sens", "kryptis", "呼叫类型", "通信方式", "方向"],
            Self::Kind => &[
                "type",
                "kind",
                "service",
                "verbindungsart",
                "art",
                "dienst",
                "leistung",
                "nature",
                "prestation",
                "paslauga",
                "paslaugos",
                "tipas",
                "rūšis",
                "业务类型",
                "通信类型",
                "业务名称",
                "类型",
            ],
            Self::Number => &[
                "called number",
                "destination number",
                "other party",
                "dialled number",
                "recipient",
                "zielrufnummer",
                "gewählte rufnummer",
                "gegenstelle",
                "zielnummer",
                "empfänger",
                "numéro appelé",
                "numéro composé",
                "correspondant",
                "destinataire",
                "gavėjo numeris",
                "skambinta numeriu",
                "pašnekovo numeris",
                "对方号码",
                "被叫号码",
                "接收号码",
                "number",
                "rufnummer",
                "nummer",
                "numéro",
                "numero",
                "numeris",
                "telefonnummer",
                "phone",
                "msisdn",
                "号码",
                "destination",
                "ziel",
            ],
            Self::Time => &[
                "time",
                "uhrzeit",
                "zeit",
                "heure",
                "laikas",
                "时间",
                "起始时间",
                "通信时间",
                "timestamp",
                "beginn",
                "start",
                "zeitpunkt",
                "pradžia",
            ],
            Self::Units => &[
                "units",
                "duration",
                "volume",
                "quantity",
                "amount",
                "dauer",
                "menge",
                "einheiten",
                "anzahl",
                "durée",
                "quantité",
                "unités",
                "trukmė",
                "kiekis",
                "apimtis",
                "时长",
                "数量",
                "条数",
                "用量",
            ],
        }
    }

    /// How well a header's cell names this: the whole cell better than a part, early words better than late.
    pub(super) fn fits(self, cell: &str) -> Option<usize> {
        let cell = cell.trim().trim_matches(['"', '\'', ':', '*']).to_lowercase();
        let words = self.words();
        let rank = |found: Option<usize>| found.map(|at| words.len().saturating_sub(at));
        let whole = rank(words.iter().position(|word| cell == *word)).map(|it| it.saturating_add(1000));
        whole.or_else(|| rank(words.iter().position(|word| holds(&cell, word))))
    }
}

/// Whether `cell` holds the word: on its own, and anywhere where it is long or Chinese.
fn holds(cell: &str, word: &str) -> bool {
    if !word.is_ascii() && word.chars().all(|it| !it.is_alphabetic() || it > '\u{2e80}') {
        return cell.contains(word);
    }
    let bounded = |at: usize| {
        let before = cell.get(..at).and_then(|it| it.chars().next_back());
        let after = cell.get(at.saturating_add(word.len())..).and_then(|it| it.chars().next());
        !before.is_some_and(char::is_alphabetic) && !after.is_some_and(char::is_alphabetic)
    };
    cell.match_indices(word).any(|(at, _)| bounded(at))
}

/// What a row's words charge.
pub(super) fn kind(text: &str) -> BillKind {
    let text = text.to_lowercase();
    let found = KINDS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    found.map_or(BillKind::Unknown, |(kind, _)| *kind)
}

/// Which way a row's words say it went.
pub(super) fn direction(text: &str) -> Option<Direction> {
    let text = text.trim().to_lowercase();
    let holds = |words: &[&str], short: &[&str]| {
        let alone = text.split(|it: char| !it.is_alphanumeric()).any(|word| short.contains(&word));
        alone || words.iter().any(|word| text.contains(word))
    };
    if holds(&OUTGOING, &["out", "mo", "sent", "to"]) {
        return Some(Direction::Outgoing);
    }
    holds(&INCOMING, &["in", "mt", "from"]).then_some(Direction::Incoming)
}

/// In this order: a "MMS message" is one, and a "data SMS" is an SMS.
const KINDS: [(BillKind, &[&str]); 4] = [
    (BillKind::Mms, &["mms", "multimedia", "彩信"]),
    (
        BillKind::Sms,
        &[
            "sms",
            "short message",
            "text message",
            "kurznachricht",
            "textnachricht",
            "texto",
            "žinut",
            "短信",
            "短消息",
        ],
    ),
    (
        BillKind::Call,
        &[
            "call",
            "voice",
            "telefon",
            "gespräch",
            "anruf",
            "sprach",
            "appel",
            "voix",
            "skamb",
            "pokalb",
            "通话",
            "语音",
            "主叫",
            "被叫",
        ],
    ),
    (BillKind::Data, &["data", "gprs", "internet", "daten", "donnée", "duomen", "流量", "上网"]),
];

const OUTGOING: [&str; 12] = [
    "outgoing",
    "originat",
    "abgehend",
    "ausgehend",
    "gesendet",
    "sortant",
    "envoy",
    "émis",
    "išein",
    "išsiųst",
    "发送",
    "主叫",
];

const INCOMING: [&str; 12] = [
    "incoming",
    "terminat",
    "received",
    "ankommend",
    "eingehend",
    "empfangen",
    "entrant",
    "reçu",
    "įein",
    "gaut",
    "接收",
    "被叫",
];
