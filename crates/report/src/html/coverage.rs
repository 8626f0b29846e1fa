//! Coverage: what became of every byte, as a bar and as a table that adds up.

use evidence::Fate;
use maud::{Markup, html};

use super::Page;
use super::show::{Prose, Shown};
use crate::words;

impl Page<'_> {
    pub(super) fn ledger(&self) -> Markup {
        html! {
            section #coverage aria-labelledby="coverage-title" {
                h2 #coverage-title { "Coverage: what could be seen, and what not" }
                p { (Prose(&self.coverage.statement())) " " (self.coverage.keys()) }
                (self.bar())
                (self.rows())
                (self.missing())
            }
        }
    }

    fn bar(&self) -> Markup {
        let fates = self.coverage.fates();
        let total = self.coverage.total.max(1);
        let width = |bytes: u64| bytes as f64 * 100.0 / total as f64;
        let mut from = 0.0;
        html! {
            figure.bar {
                svg viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="Shares of the captures' bytes; the table that follows gives the numbers" {
                    @for (fate, bytes) in &fates {
                        rect class=(class(*fate)) x=(format!("{from:.3}")) y="0" width=(format!("{:.3}", width(*bytes))) height="6" { title { (words::fate(*fate).0) " " (words::share(*bytes, total)) } }
                        ({ from += width(*bytes); "" })
                    }
                }
                figcaption {
                    @for (fate, bytes) in &fates {
                        span.key { svg.sample viewBox="0 0 20 20" aria-hidden="true" { rect class=(class(*fate)) width="20" height="20" rx="4" {} } (words::fate(*fate).0) " " b { (words::share(*bytes, total)) } }
                    }
                }
            }
        }
    }

    fn rows(&self) -> Markup {
        let coverage = &self.coverage;
        let captured =
            self.overview.case.captures.iter().fold(0u64, |sum, one| sum.saturating_add(one.bytes));
        html! {
            div.scroll role="region" aria-label="Coverage ledger" tabindex="0" {
                table.ledger {
                    caption { "What became of every byte of the captures" }
                    thead { tr { th scope="col" { "What became of it, and of what" } th.number scope="col" { "Bytes" } th.number scope="col" { "Share" } th.number scope="col" { "Pieces" } } }
                    @for (fate, bytes) in coverage.noted() {
                        tbody {
                            tr.sum {
                                th scope="rowgroup" { (words::fate(fate).0) span.muted { (words::fate(fate).1) } }
                                (amount(bytes, coverage.total))
                                td {}
                            }
                            @for row in coverage.rows.iter().filter(|row| row.fate == fate).take(MOST_ROWS) {
                                tr { td.reason { (Shown(&row.reason)) } (amount(row.bytes, coverage.total)) td.number { (words::number(row.pieces)) } }
                            }
                            (rest(4, coverage.rows.iter().filter(|row| row.fate == fate).skip(MOST_ROWS).map(|row| row.bytes)))
                        }
                    }
                    tfoot { tr { th scope="row" { "Total" } td.number { (words::number(coverage.total)) } td.number { "100%" } td {} } }
                }
            }
            p.check {
                @if captured == coverage.total {
                    "The rows add up to the " (words::number(captured)) " bytes of the captures."
                } @else {
                    strong { "The rows do not add up: " } "the captures have " (words::number(captured)) " bytes, the ledger " (words::number(coverage.total)) "."
                }
            }
        }
    }

    fn missing(&self) -> Markup {
        let rows = &self.coverage.missing;
        html! {
            @if rows.is_empty() && !self.coverage.missed.is_empty() {
                p { "Nothing is known to be missing from the connections that were recorded; what went past the captures stands above." }
            } @else if rows.is_empty() {
                p { "Nothing that was sent while recording is known to be missing from the captures." }
            } @else {
                div.scroll role="region" aria-label="Missing bytes" tabindex="0" {
                    table.ledger {
                        caption { "What the captures lack" }
                        thead { tr { th scope="col" { "How" } th scope="col" { "Of what" } th.number scope="col" { "Bytes" } th.number scope="col" { "Pieces" } } }
                        tbody {
                            @for row in rows.iter().take(MOST_ROWS) {
                                tr { th scope="row" { (words::missing(row.missing).0) span.muted { (words::missing(row.missing).1) } } td { (Shown(&row.reason)) } td.number { (words::number(row.bytes)) } td.number { (words::number(row.pieces)) } }
                            }
                            (rest(4, rows.iter().skip(MOST_ROWS).map(|row| row.bytes)))
                        }
                    }
                }
            }
        }
    }
}

/// Bytes and share; of what has none, neither.
fn amount(bytes: u64, total: u64) -> Markup {
    html! {
        @if bytes == 0 { td.number { "–" } td.number { "–" } }
        @else { td.number { (words::number(bytes)) } td.number { (words::share(bytes, total)) } }
    }
}

/// One row for those that are too many.
fn rest(columns: u8, bytes: impl Iterator<Item = u64>) -> Markup {
    let (count, sum) = bytes.fold((0u64, 0u64), |(count, sum), bytes| (count + 1, sum.saturating_add(bytes)));
    html! {
        @if count > 0 {
            tr.muted { td.reason { "and " (words::number(count)) " more rows" } td.number { (words::number(sum)) } td colspan=(columns - 2) {} }
        }
    }
}

fn class(fate: Fate) -> &'static str {
    match fate {
        Fate::Framing => "framing",
        Fate::Headers => "headers",
        Fate::Decoded => "decoded",
        Fate::Media => "media",
        Fate::NotUnderstood => "not-understood",
        Fate::Encrypted => "encrypted",
        Fate::HomeMadeEncryption => "home-made",
        Fate::Duplicate => "duplicate",
        Fate::OverLimit => "over-limit",
        Fate::NotParsed => "not-parsed",
    }
}

const MOST_ROWS: usize = 60;
