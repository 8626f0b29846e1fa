//! The events buffer: tags and their fields, as AOSP's `EventLogTags.logtags` files name them, Android 5 to 16.

use super::{
    MarkKind,
    marker::{Reading, Said, shown, started},
};
use crate::Uid;

/// What the tags tell, sorted by tag.
pub(super) const TAGS: &[(&str, Reading)] = &[
    ("am_create_activity", activity),
    ("am_proc_start", process),
    ("am_restart_activity", activity),
    ("am_resume_activity", activity),
    ("am_set_keyguard_shown", |text| keyguard(text, 0, 2)),
    ("am_set_resumed_activity", activity),
    ("boot_progress_ams_ready", boot),
    ("boot_progress_boot_completed", |text| plain(MarkKind::BootCompleted, text)),
    ("boot_progress_start", boot),
    ("connectivity_state_changed", |text| plain(MarkKind::Connectivity, text)),
    ("power_screen_state", screen),
    ("screen_toggled", screen),
    ("sysui_status_bar_state", status_bar),
    ("uc_finish_user_unlocked", |text| plain(MarkKind::Unlocked, text)),
    ("wm_boot_animation_done", |text| plain(MarkKind::BootCompleted, text)),
    ("wm_create_activity", activity),
    ("wm_restart_activity", activity),
    ("wm_resume_activity", activity),
    ("wm_set_keyguard_shown", |text| keyguard(text, 1, 3)),
    ("wm_set_resumed_activity", activity),
];

fn plain(kind: MarkKind, text: &str) -> Option<(MarkKind, Said<'_>)> {
    Some((kind, Said { detail: text, ..Said::default() }))
}

fn boot(text: &str) -> Option<(MarkKind, Said<'_>)> {
    plain(MarkKind::BootStarted, text)
}

/// The fields: a list in brackets, or one alone.
fn fields(text: &str) -> impl Iterator<Item = &str> {
    text.trim().trim_start_matches('[').trim_end_matches(']').split(',')
}

/// The one field that is a component.
fn activity(text: &str) -> Option<(MarkKind, Said<'_>)> {
    fields(text).find_map(shown)
}

/// User, pid, uid, process, type, component.
fn process(text: &str) -> Option<(MarkKind, Said<'_>)> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let mut fields = inner.splitn(5, ',').skip(2);
    let uid = fields.next()?.parse().ok().map(Uid);
    let name = fields.next()?;
    started(name, uid, fields.next().unwrap_or_default())
}

/// The first field is 0 where the screen went off, 1 where it went on, 2 where it was locked.
fn screen(text: &str) -> Option<(MarkKind, Said<'_>)> {
    let first = fields(text).next()?;
    let kind = match first.trim() {
        "0" => MarkKind::ScreenOff,
        "1" => MarkKind::ScreenOn,
        "2" => MarkKind::Locked,
        _ => return None,
    };
    plain(kind, first)
}

/// Whether the lock screen shows and whether it is going away, at these fields; the last one is the reason.
fn keyguard(text: &str, shows: usize, goes: usize) -> Option<(MarkKind, Said<'_>)> {
    let shows = is_set(fields(text).nth(shows)?)?;
    let goes = is_set(fields(text).nth(goes)?)?;
    let kind = if shows && !goes { MarkKind::Locked } else { MarkKind::Unlocked };
    plain(kind, fields(text).last().unwrap_or_default())
}

/// State, whether the lock screen shows, …
fn status_bar(text: &str) -> Option<(MarkKind, Said<'_>)> {
    let shows = is_set(fields(text).nth(1)?)?;
    plain(if shows { MarkKind::Locked } else { MarkKind::Unlocked }, text)
}

fn is_set(field: &str) -> Option<bool> {
    match field.trim() {
        "0" | "false" => Some(false),
        "1" | "true" => Some(true),
        _ => None,
    }
}
