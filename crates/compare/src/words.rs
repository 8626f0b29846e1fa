//! Numbers in the words of doubts.

/// `5 days`, `3 h 10 min`, `20 min`, `40 s`.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..259_200 => match seconds / 60 % 60 {
            0 => format!("{} h", seconds / 3600),
            minutes => format!("{} h {minutes} min", seconds / 3600),
        },
        _ => match seconds.saturating_add(4_320) / 8_640 {
            tenths if tenths % 10 == 0 => format!("{} days", tenths / 10),
            tenths => format!("{}.{} days", tenths / 10, tenths % 10),
        },
    }
}

/// `38%`; never 0% of something.
pub(crate) fn share(part: u64, whole: u64) -> String {
    let percent = u128::from(part).saturating_mul(100) / u128::from(whole.max(1));
    if percent == 0 && part > 0 { "under 1%".to_owned() } else { format!("{percent}%") }
}

/// `1 flow`, `2 flows`.
pub(crate) fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A mark's fixed name as people say it: `boot-completed` is `boot completed`.
pub(crate) fn mark(kind: &str) -> String {
    kind.replace(['-', '_'], " ")
}
