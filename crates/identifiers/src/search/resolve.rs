//! One value in one place is one match: overlapping forms of it are resolved to the longest.

use std::cmp::Reverse;

use super::Match;

/// Resolves the matches from `first` on. `of` gives a match's value, and whether it is the less likely
/// reading among equals. The result is sorted by start and does not depend on the order before.
pub(super) fn resolve(found: &mut Vec<Match>, first: usize, of: impl Fn(&Match) -> (usize, bool)) {
    let fresh = found.get_mut(first..).unwrap_or_default();
    if fresh.len() < 2 {
        return;
    }
    fresh.sort_unstable_by_key(|found| (of(found).0, found.start, Reverse(found.end), found.needle));
    let mut kept: Vec<Match> = Vec::with_capacity(fresh.len());
    for candidate in fresh.iter() {
        match kept.last_mut() {
            Some(last) if of(last).0 == of(candidate).0 && candidate.start < last.end => {
                if rank(candidate, &of) > rank(last, &of) {
                    *last = *candidate;
                }
            }
            _ => kept.push(*candidate),
        }
    }
    kept.sort_unstable();
    found.truncate(first);
    found.append(&mut kept);
}

/// The longer one, the likelier reading, the form named first.
fn rank(found: &Match, of: &impl Fn(&Match) -> (usize, bool)) -> (usize, bool, Reverse<super::NeedleId>) {
    (found.end - found.start, !of(found).1, Reverse(found.needle))
}

#[cfg(test)]
mod tests {
    use super::{super::NeedleId, *};

    fn resolved(matches: &[(usize, usize, u32)]) -> Vec<(usize, usize, u32)> {
        let mut found: Vec<Match> = matches
            .iter()
            .map(|&(start, end, needle)| Match { start, end, needle: NeedleId(needle) })
            .collect();
        // Needles below 10 are forms of one value, those above of another.
        resolve(&mut found, 0, |found| ((found.needle.0 / 10) as usize, false));
        found.into_iter().map(|found| (found.start, found.end, found.needle.0)).collect()
    }

    #[test]
    fn the_longest_of_one_value_wins() {
        assert_eq!(resolved(&[(1, 14, 2), (0, 15, 1), (0, 14, 0)]), [(0, 15, 1)]);
        assert_eq!(resolved(&[(0, 8, 1), (0, 8, 0)]), [(0, 8, 0)]);
        assert_eq!(resolved(&[(0, 8, 1), (8, 16, 0)]), [(0, 8, 1), (8, 16, 0)]);
    }

    #[test]
    fn values_do_not_hide_one_another() {
        assert_eq!(resolved(&[(2, 6, 12), (0, 15, 1)]), [(0, 15, 1), (2, 6, 12)]);
    }
}
