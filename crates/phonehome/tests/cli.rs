//! The command line as people and scripts meet it: what goes in, what comes out, exit codes, and one line for
//! each thing that went wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod kit;

use std::{
    fs,
    process::{self, Stdio},
};

use evidence::{Case, FindingKind, Severity};
use kit::{Desk, IMEI, clean, gzip, leaky, phonehome, run};

const AUDIT: [&str; 7] = ["audit", "-p", "phone.toml", "--out", "x.case", "--force", "--quiet"];

fn audit(inputs: &[&'static str]) -> Vec<&'static str> {
    [&AUDIT, inputs].concat()
}

/// Whether standard error is one line that begins with the program's name and holds all of `words`.
#[track_caller]
fn one_line(errors: &str, words: &[&str]) {
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("phonehome: "), "{errors}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in {errors}");
    }
}

fn sends_imei(case: &Case) -> bool {
    case.findings
        .iter()
        .any(|finding| matches!(&finding.kind, FindingKind::IdentifierSent { value, .. } if value == IMEI))
}

#[test]
fn a_leak_is_found_and_written_down() {
    let desk = Desk::new(&leaky());
    let (code, text, errors) = run(&desk, &["audit", "x.pcap", "-p", "phone.toml"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(text.contains("IMEI") && text.contains("x.case"), "{text}");
    assert!(sends_imei(&desk.case()));
    let report = fs::read_to_string(desk.join("x.case/report.html")).unwrap();
    assert!(report.contains(IMEI) && !report.to_ascii_lowercase().contains("<script"));
    let mut files: Vec<_> = testkit::files_below(&desk.join("x.case"));
    files.iter_mut().for_each(|file| *file = file.file_name().unwrap().into());
    assert_eq!(files, ["case.json", "case.sqlite", "report.html"].map(std::path::PathBuf::from));
}

#[test]
fn the_store_is_a_database_with_a_view_of_what_leaked() {
    let desk = Desk::new(&leaky());
    desk.audited();
    let store = rusqlite::Connection::open(desk.join("x.case/case.sqlite")).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let leak = store.query_row("SELECT value, host FROM leak WHERE kind = 'imei'", (), row);
    assert_eq!(leak.unwrap(), (IMEI.to_owned(), "host0.example".to_owned()));
}

#[test]
fn without_a_store_there_is_none() {
    let desk = Desk::new(&leaky());
    let (code, text, _) = run(&desk, &["audit", "x.pcap", "--no-store"]);
    assert_eq!(code, 0);
    assert!(!desk.join("x.case/case.sqlite").exists() && !text.contains("sqlite"), "{text}");
}

#[test]
fn the_exit_code_tells_whether_something_bad_was_found() {
    let desk = Desk::new(&leaky());
    let worst = desk.audited().findings.iter().map(|finding| finding.severity).max().unwrap();
    assert_eq!(worst, Severity::High);
    for (level, code) in [("info", 1), ("medium", 1), ("high", 1), ("critical", 0)] {
        assert_eq!(run(&desk, &audit(&["x.pcap", "--fail-on", level.to_owned().leak()])).0, code, "{level}");
    }
    desk.write("clean.pcap", &clean());
    assert_eq!(run(&desk, &audit(&["clean.pcap", "--fail-on", "low"])).0, 0);
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_from_all_else() {
    let desk = Desk::new(&leaky());
    desk.audited();
    let rows: [&[&str]; 7] = [
        &[],
        &["audit"],
        &["audit", "x.pcap", "--nonesuch"],
        &["audit", "x.pcap", "--fail-on", "dreadful"],
        &["audit", "x.pcap", "-j", "0"],
        &["nonesuch"],
        &["prove"],
    ];
    for row in rows {
        assert_eq!(run(&desk, row).0, 2, "{row:?}");
    }
    let (code, _, errors) = run(&desk, &["prove", "x.case", "F-nonesuch"]);
    assert_eq!(code, 2);
    one_line(&errors, &["F-nonesuch", "no such finding"]);
    let (code, _, errors) = run(&desk, &audit(&["x.pcap", "--mmdb", "phone.toml"]));
    assert_eq!(code, 2);
    one_line(&errors, &["phone.toml", "MaxMind"]);
}

#[test]
fn one_bad_input_among_several_loses_nothing() {
    let desk = Desk::new(&leaky());
    let (code, _, errors) = run(&desk, &audit(&["missing.pcap", "x.pcap"]));
    assert_eq!(code, 3);
    one_line(&errors, &["missing.pcap", "cannot be opened"]);
    let case = desk.case();
    assert!(sends_imei(&case));
    assert_eq!((case.captures.len(), case.problems.len()), (1, 1));
    desk.phonehome(&["prove", "x.case"]).assert().success();
}

#[test]
fn inputs_that_are_no_captures_are_told() {
    let desk = Desk::new(&leaky());
    desk.write("notes.txt", b"these are no packets");
    desk.write("capture.pcap.xz", b"\xfd7zXZ\0\0\x04");
    desk.write("empty.pcap", b"");
    desk.write("broken.pcap.gz", b"\x1f\x8b\x08\0broken");
    fs::create_dir(desk.join("folder")).unwrap();
    let rows = [
        ("missing.pcap", "cannot be opened"),
        ("notes.txt", "no pcap or pcapng"),
        ("capture.pcap.xz", "is packed (xz): unpack it"),
        ("empty.pcap", "empty"),
        ("folder", "no pcap, pcapng"),
    ];
    for (input, words) in rows {
        let (code, _, errors) = run(&desk, &audit(&[input]));
        assert_eq!(code, 4, "{input}: {errors}");
        one_line(&errors, &[input, words]);
    }
    let (code, _, errors) = run(&desk, &audit(&["broken.pcap.gz"]));
    assert_eq!(code, 4);
    assert!(errors.lines().all(|line| line.starts_with("phonehome: broken.pcap.gz: ")), "{errors}");
}

#[test]
fn where_nothing_could_be_read_nothing_is_written() {
    let desk = Desk::new(&leaky());
    let (code, text, errors) = run(&desk, &["audit", "typo.pcap", "--out", "new.case"]);
    assert_eq!(code, 4);
    one_line(&errors, &["typo.pcap", "cannot be opened"]);
    assert!(text.starts_with("No input could be read.") && text.contains("no case was written"), "{text}");
    assert!(!desk.join("new.case").exists());
    desk.audited();
    desk.write("notes.txt", b"these are no packets");
    let files = || {
        ["case.json", "case.sqlite", "report.html"]
            .map(|name| fs::read(desk.join("x.case").join(name)).unwrap())
    };
    let before = files();
    for (arguments, expected) in [
        (&audit(&["typo.pcap"])[..], 4),
        (&audit(&["notes.txt"]), 4),
        (&["audit", "typo.pcap", "--out", "x.case"], 4),
        (&["audit", "notes.txt", "--out", "x.case"], 6),
    ] {
        assert_eq!(run(&desk, arguments).0, expected, "{arguments:?}");
        assert!(files() == before, "{arguments:?}");
    }
    assert_eq!(testkit::files_below(&desk.join("x.case")).len(), 3, "nothing unfinished is left");
}

#[test]
fn a_case_of_other_inputs_is_not_replaced_unasked() {
    let desk = Desk::new(&leaky());
    let case = desk.audited();
    desk.write("clean.pcap", &clean());
    let other = ["audit", "clean.pcap", "--out", "x.case"];
    let (code, text, errors) = run(&desk, &other);
    assert_eq!((code, text.as_str()), (6, ""));
    one_line(&errors, &["case.json", "other inputs", "x.pcap", "--out", "--force"]);
    assert_eq!(desk.case(), case);
    // The same ones, and more, by whatever name.
    fs::copy(desk.join("x.pcap"), desk.join("copy.pcap")).unwrap();
    for inputs in [&["x.pcap"][..], &["copy.pcap"], &["clean.pcap", "copy.pcap"]] {
        let (code, _, errors) = run(&desk, &[&["audit", "--out", "x.case", "-q"], inputs].concat());
        assert_eq!((code, errors.as_str()), (0, ""), "{inputs:?}");
    }
    assert_eq!(run(&desk, &other).0, 6, "two captures are not replaced by one of them");
    assert_eq!(run(&desk, &[&other[..], &["--force"]].concat()).0, 0);
    desk.write("x.case/case.json", b"{}");
    let (code, _, errors) = run(&desk, &other);
    assert_eq!(code, 6);
    one_line(&errors, &["is there already", "--force"]);
}

#[test]
fn a_cut_capture_is_read_as_far_as_it_goes() {
    let whole = leaky();
    let desk = Desk::new(&whole);
    desk.write("cut.pcap", &whole[..whole.len() - 7]);
    let packed = gzip(&whole);
    desk.write("cut.pcap.gz", &packed[..packed.len() - 20]);
    run(&desk, &audit(&["cut.pcap"]));
    assert!(sends_imei(&desk.case()));
    let (code, _, errors) = run(&desk, &audit(&["cut.pcap.gz"]));
    assert_eq!(code, 3, "{errors}");
    one_line(&errors, &["cut.pcap.gz", "reading stopped after"]);
    assert!(sends_imei(&desk.case()));
}

#[test]
fn a_profile_that_is_wrong_says_where() {
    let desk = Desk::new(&leaky());
    desk.write("wrong.toml", b"[device]\nimei = [\"352099001761482\"]\n");
    for arguments in [&["audit", "x.pcap", "-p", "wrong.toml"][..], &["profile", "check", "wrong.toml"]] {
        let (code, _, errors) = run(&desk, arguments);
        assert_eq!(code, 5);
        one_line(&errors, &["wrong.toml", "line 2", "device.imei", "check digit", "*#06#"]);
    }
    assert!(!desk.join("x.case").exists(), "nothing was begun");
    let (code, _, errors) = run(&desk, &["audit", "x.pcap", "-p", "missing.toml"]);
    assert_eq!(code, 5);
    one_line(&errors, &["missing.toml", "cannot be read", "phonehome profile new"]);
}

#[test]
fn results_that_cannot_be_written_are_told_before_the_work() {
    let desk = Desk::new(&leaky());
    desk.write("file", b"");
    for out in ["file", "file/below", "/proc/phonehome"] {
        let (code, text, errors) = run(&desk, &["audit", "x.pcap", "--out", out]);
        assert_eq!((code, text.as_str()), (6, ""), "{out}");
        one_line(&errors, &[out, "cannot be written", "--out"]);
    }
    desk.audited();
    let (code, _, errors) = run(&desk, &["prove", "x.case", "--out", "file/below"]);
    assert_eq!(code, 6);
    one_line(&errors, &["file/below", "--out"]);
    let (code, _, errors) = run(&desk, &["profile", "new", "phone.toml"]);
    assert_eq!(code, 6);
    one_line(&errors, &["phone.toml", "is there already"]);
}

#[test]
fn what_was_found_is_shown_even_where_it_cannot_be_written() {
    let desk = Desk::new(&leaky());
    // A folder of that name is in the way of the file.
    fs::create_dir_all(desk.join("x.case/case.json/in the way")).unwrap();
    let (code, text, errors) = run(&desk, &["audit", "x.pcap", "-p", "phone.toml", "--out", "x.case"]);
    assert_eq!(code, 6);
    assert!(text.contains("IMEI"), "{text}");
    one_line(&errors, &["case.json", "cannot be written"]);
}

#[test]
fn a_full_disk_behind_the_output_is_an_error_and_a_closed_pipe_is_none() {
    let desk = Desk::new(&leaky());
    desk.audited();
    let commands: [&[&str]; 7] = [
        &["audit", "x.pcap", "--out", "y.case"],
        &["audit", "x.pcap", "--out", "y.case", "--json"],
        &["prove", "x.case"],
        &["man"],
        &["completions", "bash"],
        &["profile", "new"],
        &["profile", "check", "phone.toml"],
    ];
    for command in commands {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, errors) = with_output(&desk, command, full.into());
        assert_eq!(code, Some(6), "{command:?}: {errors}");
        one_line(&errors, &["standard output"]);

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, errors) = with_output(&desk, command, writer.into());
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{command:?}");
    }
}

/// Nobody reads the errors either.
#[test]
fn a_closed_error_output_does_not_matter() {
    let desk = Desk::new(&leaky());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let command = phonehome();
    let status = process::Command::new(command.get_program())
        .args(["audit", "missing.pcap"])
        .current_dir(desk.path())
        .stderr(Stdio::from(writer))
        .status();
    assert_eq!(status.unwrap().code(), Some(4));
}

fn with_output(desk: &Desk, arguments: &[&str], output: Stdio) -> (Option<i32>, String) {
    let command = phonehome();
    let mut command = process::Command::new(command.get_program());
    let child =
        command.args(arguments).current_dir(desk.path()).stdout(output).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn json_is_the_case_and_nothing_else() {
    let desk = Desk::new(&leaky());
    let (code, text, errors) = run(&desk, &["audit", "x.pcap", "missing.pcap", "-p", "phone.toml", "--json"]);
    assert_eq!(code, 3);
    one_line(&errors, &["missing.pcap"]);
    let case: Case = serde_json::from_str(&text).unwrap();
    assert!(sends_imei(&case));
    assert_eq!(case, desk.case());
}

#[test]
fn quiet_says_nothing_but_errors() {
    let desk = Desk::new(&leaky());
    assert_eq!(run(&desk, &["audit", "x.pcap", "--quiet"]), (0, String::new(), String::new()));
}

#[test]
fn output_that_is_piped_has_no_colours_unless_asked_for() {
    let desk = Desk::new(&leaky());
    desk.audited();
    for command in [&["audit", "x.pcap"][..], &["prove", "x.case"]] {
        let (_, text, _) = run(&desk, command);
        assert!(!text.contains('\x1b'), "{text}");
        let (_, text, _) = run(&desk, &[command, &["--color", "always"]].concat());
        assert!(text.contains('\x1b'), "{text}");
        let (_, text, _) = run(&desk, &[command, &["--color", "never"]].concat());
        assert!(!text.contains('\x1b'), "{text}");
    }
}

/// Names of files may come with a capture in an archive from anybody.
#[test]
fn nothing_in_a_name_acts_on_the_terminal() {
    let desk = Desk::new(&leaky());
    let name = "a\x1b[2Jb\rc\u{202e}.pcap";
    let (code, _, errors) = run(&desk, &["audit", "-q", name]);
    assert_eq!(code, 4);
    one_line(&errors, &[]);
    assert!(!errors.contains(['\x1b', '\r', '\u{202e}']), "{errors:?}");
    desk.write(name, &leaky());
    let (code, text, _) = run(&desk, &["audit", name, "--out", "x.case"]);
    assert!(code == 0 && !text.contains(['\x1b', '\r', '\u{202e}']), "{text:?}");
    let (code, text, _) = run(&desk, &["prove", "x.case"]);
    assert!(code == 0 && !text.contains(['\x1b', '\r', '\u{202e}']), "{text:?}");
}

#[test]
fn every_way_to_hand_over_a_capture_gives_the_same_findings() {
    let capture = leaky();
    let desk = Desk::new(&capture);
    let expected = desk.audited().findings;
    desk.write("packed.gz", &gzip(&capture));
    desk.write("packed.zst", &zstd::encode_all(&*capture, 1).unwrap());
    fs::create_dir_all(desk.join("folder/below")).unwrap();
    fs::write(desk.join("folder/below/x.bin"), &capture).unwrap();
    fs::write(desk.join("folder/notes.txt"), "no capture").unwrap();
    for input in ["packed.gz", "packed.zst", "folder"] {
        assert_eq!(run(&desk, &audit(&[input])).0, 0, "{input}");
        assert_eq!(desk.case().findings, expected, "{input}");
        desk.phonehome(&["prove", "x.case"]).assert().success();
        let report = fs::read_to_string(desk.join("x.case/report.html")).unwrap();
        assert!(report.contains("As captured") || report.contains("The value, "), "{input}: no hex view");
    }
    for stdin in [capture.clone(), gzip(&capture)] {
        desk.phonehome(&audit(&["-"])).write_stdin(stdin).assert().success();
        assert_eq!(desk.case().findings, expected);
    }
}

#[test]
fn a_capture_from_standard_input_is_proved_from_a_file() {
    let desk = Desk::new(&leaky());
    desk.phonehome(&["audit", "-", "-p", "phone.toml"]).write_stdin(leaky()).assert().success();
    assert!(desk.join("phonehome.case/report.html").is_file());
    let (code, _, errors) = run(&desk, &["prove", "phonehome.case"]);
    assert_eq!(code, 4);
    one_line(&errors, &["standard input", "--captures"]);
    let (code, text, _) = run(&desk, &["prove", "phonehome.case", "--captures", "x.pcap"]);
    assert_eq!(code, 0);
    assert!(text.contains("of x.pcap"), "{text}");
}

#[test]
fn several_files_are_one_case() {
    let desk = Desk::new(&leaky());
    desk.write("clean.pcap", &clean());
    assert_eq!(run(&desk, &audit(&["clean.pcap", "x.pcap"])).0, 0);
    let case = desk.case();
    assert_eq!(case.captures.len(), 2);
    assert!(sends_imei(&case));
    // Only what the findings need has to be there.
    fs::remove_file(desk.join("clean.pcap")).unwrap();
    desk.phonehome(&["prove", "x.case"]).assert().success();
}

#[test]
fn a_proof_shows_frames_steps_and_the_value() {
    let desk = Desk::new(&leaky());
    let case = desk.audited();
    let finding = case.findings.iter().find(|finding| finding.title.contains("IMEI")).unwrap();
    let (code, text, errors) = run(&desk, &["prove", "x.case/case.json", &finding.id.0[..5]]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let frame = finding.proof().unwrap().occurrence.frame;
    let expected = [
        finding.title.clone(),
        format!("Recorded   frame {frame} of x.pcap, bytes "),
        "Step 0     one direction of a TCP connection".to_owned(),
        "00000000  33 35 32 30 39 39 30 30 31 37 36 31 34 38 31     |352099001761481|".to_owned(),
        format!("Agrees     with the case: {IMEI}"),
        format!("Recipe     sh x.case/recipes/{}.sh", finding.id),
        "1 of 1 findings proved".to_owned(),
    ];
    for words in expected {
        assert!(text.contains(&words), "{words:?} is not in\n{text}");
    }
}

/// What is printed of steps lies within the steps before.
#[test]
fn the_bytes_of_a_proof_lie_in_the_steps_that_it_shows() {
    let desk = Desk::new(&leaky());
    desk.audited();
    let (_, text, _) = run(&desk, &["prove", "x.case"]);
    let mut steps: Vec<std::ops::Range<u64>> = Vec::new();
    let (mut cut, mut values) = (0, 0);
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("Proof ") {
            steps.clear();
        } else if line.starts_with("Step ") {
            if let Some((within, step)) = of_step(line) {
                assert!(contains(&steps[step], &within), "{line}\n{text}");
            }
            let (_, made) = line.rsplit_once(": ").unwrap();
            cut += u32::from(made.starts_with("bytes "));
            steps.push(match made.strip_suffix(" bytes") {
                Some(len) => 0..len.parse().unwrap(),
                None => range(made.strip_prefix("bytes ").unwrap().split(' ').next().unwrap()),
            });
        } else if line.starts_with("Value ") {
            let (within, step) = of_step(line).unwrap();
            assert!(contains(&steps[step], &within), "{line}\n{text}");
            values += 1;
        }
    }
    assert!(cut > 0 && values > 0, "{text}");
}

/// `… bytes 3..17 of step 2 …`
fn of_step(line: &str) -> Option<(std::ops::Range<u64>, usize)> {
    let (before, after) = line.split_once(" of step ")?;
    let number: String = after.chars().take_while(char::is_ascii_digit).collect();
    Some((range(before.rsplit(' ').next()?), number.parse().ok()?))
}

fn range(text: &str) -> std::ops::Range<u64> {
    let (start, end) = text.split_once("..").unwrap();
    start.parse().unwrap()..end.parse().unwrap()
}

fn contains(outer: &std::ops::Range<u64>, inner: &std::ops::Range<u64>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[test]
fn proofs_go_where_they_are_sent() {
    let desk = Desk::new(&leaky());
    let case = desk.audited();
    desk.phonehome(&["prove", "x.case", "--out", "elsewhere"]).assert().success();
    assert_eq!(testkit::files_below(&desk.join("elsewhere")).len(), case.findings.len());
    assert!(!desk.join("x.case/recipes").exists());
}

#[test]
fn a_case_that_was_changed_does_not_prove() {
    let desk = Desk::new(&leaky());
    desk.audited();
    desk.edit(|case| {
        for finding in case["findings"].as_array_mut().unwrap() {
            finding["evidence"][0]["occurrence"]["found"] = "352099001761499".into();
        }
    });
    let (code, text, _) = run(&desk, &["prove", "x.case"]);
    assert_eq!(code, 1);
    assert!(text.contains("Fails") && text.contains("the case says “352099001761499”"), "{text}");
    assert!(text.contains("0 of "), "{text}");
}

#[test]
fn frames_that_do_not_hold_the_bytes_are_found_out() {
    let desk = Desk::new(&leaky());
    desk.audited();
    desk.edit(|case| {
        for finding in case["findings"].as_array_mut().unwrap() {
            let segment = &mut finding["evidence"][0]["occurrence"]["trail"]["buffers"][0]["segments"][0];
            segment["source"]["frame"]["frame"] = 2.into();
        }
    });
    let (code, text, _) = run(&desk, &["prove", "x.case"]);
    assert_eq!(code, 1);
    assert!(text.contains("frame 2 does not hold bytes"), "{text}");
}

#[test]
fn captures_are_found_where_they_went() {
    let desk = Desk::new(&leaky());
    desk.audited();
    fs::create_dir(desk.join("moved")).unwrap();
    fs::rename(desk.join("x.pcap"), desk.join("moved/renamed")).unwrap();
    let (code, _, errors) = run(&desk, &["prove", "x.case"]);
    assert_eq!(code, 4);
    one_line(&errors, &["x.pcap", "not there", "--captures"]);
    for place in ["moved", "moved/renamed"] {
        let (code, text, _) = run(&desk, &["prove", "x.case", "--captures", place]);
        assert_eq!(code, 0);
        assert!(text.contains("of moved/renamed"), "{text}");
    }
    desk.write("x.pcap", &clean());
    let (code, _, errors) = run(&desk, &["prove", "x.case"]);
    assert_eq!(code, 4);
    one_line(&errors, &["x.pcap", "is not the capture that was audited", "SHA-256", "--captures"]);
}

#[test]
fn proofs_and_recipes_work_from_other_folders() {
    let desk = Desk::new(&leaky());
    fs::create_dir_all(desk.join("captures")).unwrap();
    fs::create_dir_all(desk.join("elsewhere")).unwrap();
    fs::rename(desk.join("x.pcap"), desk.join("captures/x.pcap")).unwrap();
    desk.phonehome(&["audit", "captures/x.pcap", "-p", "phone.toml", "--out", "x.case", "-q"])
        .assert()
        .success();
    let from = |folder: &str, case: &str| {
        let mut command = desk.phonehome(&["prove", case]);
        command.current_dir(desk.join(folder));
        command.assert().success();
        let finding = desk.case().findings[0].id.to_string();
        let recipe = desk.join(&format!("x.case/recipes/{finding}.sh"));
        for folder in ["", "elsewhere"] {
            let output =
                process::Command::new("sh").arg(&recipe).current_dir(desk.join(folder)).output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() || errors.contains("install"), "{folder}: {errors}");
        }
    };
    from("", "x.case");
    from("elsewhere", "../x.case");
}

#[test]
fn what_is_no_case_is_told() {
    let desk = Desk::new(&leaky());
    desk.audited();
    let path = desk.join("x.case/case.json");
    let case = fs::read_to_string(&path).unwrap();
    let rows = [
        ("{}".to_owned(), "is no case"),
        (case[..case.len() / 2].to_owned(), "is no case"),
        ("[".repeat(100_000), "is no case"),
        (case.replace("phonehome-case/1.", "phonehome-case/2."), "another format"),
        (renumbered(&case), "does not list"),
    ];
    for (text, words) in rows {
        fs::write(&path, text).unwrap();
        let (code, _, errors) = run(&desk, &["prove", "x.case"]);
        assert_eq!(code, 4, "{words}: {errors}");
        one_line(&errors, &["x.case", words]);
    }
    for missing in ["nonesuch", "moved/case.json", "/dev/null"] {
        let (code, _, errors) = run(&desk, &["prove", missing]);
        assert_eq!(code, 4);
        one_line(&errors, &[missing, "phonehome audit"]);
    }
}

/// The case with another number for its capture.
fn renumbered(case: &str) -> String {
    let mut case: serde_json::Value = serde_json::from_str(case).unwrap();
    case["captures"][0]["id"] = 7.into();
    case.to_string()
}

#[test]
fn a_case_without_findings_proves_nothing_and_fails_nothing() {
    let desk = Desk::new(&clean());
    let case = desk.audited();
    assert_eq!(case.findings, []);
    assert_eq!(run(&desk, &["prove", "x.case"]), (0, "0 of 0 findings proved\n".to_owned(), String::new()));
}

#[test]
fn a_new_profile_is_right() {
    let desk = Desk::new(&[]);
    let (code, text, errors) = run(&desk, &["profile", "new", "new.toml"]);
    assert_eq!((code, text.as_str()), (0, ""));
    one_line(&errors, &["new.toml", "profile check"]);
    let (code, text, errors) = run(&desk, &["profile", "check", "new.toml"]);
    assert_eq!(code, 0);
    one_line(&errors, &["nothing is filled in yet"]);
    assert!(text.contains("0 values"), "{text}");
    let (_, printed, _) = run(&desk, &["profile", "new"]);
    assert_eq!(printed, fs::read_to_string(desk.join("new.toml")).unwrap());
    let (_, text, _) = run(&desk, &["profile", "check", "phone.toml"]);
    assert!(text.contains("imei") && text.contains(IMEI) && text.contains("forms"), "{text}");
}

#[test]
fn shells_get_their_completions() {
    let desk = Desk::new(&[]);
    for shell in ["bash", "zsh", "fish"] {
        let (code, text, errors) = run(&desk, &["completions", shell]);
        assert_eq!((code, errors.as_str()), (0, ""));
        assert!(text.contains("phonehome") && text.contains("fail-on"), "{shell}");
    }
    let (_, script, _) = run(&desk, &["completions", "bash"]);
    let path = desk.write("completions", script.as_bytes());
    assert!(process::Command::new("bash").arg("-n").arg(path).status().unwrap().success());
}

#[test]
fn the_manual_holds_every_command_option_and_exit_code() {
    let desk = Desk::new(&[]);
    let (code, page, errors) = run(&desk, &["man"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let path = desk.write("phonehome.1", page.as_bytes());
    let Ok(rendered) = process::Command::new("man").arg("-l").arg(path).env("MANWIDTH", "100").output()
    else {
        return skip("man is not installed");
    };
    // Set in lines, with blanks between to fill them.
    let text = String::from_utf8(rendered.stdout).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let commands = [
        "phonehome audit",
        "phonehome completions",
        "phonehome man",
        "phonehome profile new",
        "phonehome prove",
    ];
    let options = [
        "--profile",
        "--fail-on",
        "--no-store",
        "--captures",
        "EXIT STATUS",
        "no input could be read at all",
    ];
    for words in commands.iter().chain(&options) {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[expect(clippy::print_stderr, reason = "a test must not be skipped in silence")]
fn skip(reason: &str) {
    eprintln!("SKIP {reason}");
}

/// The table in the manual is what the program does: each code is met by some test above.
#[test]
fn help_tells_the_exit_codes() {
    let (_, text, _) = run(&Desk::new(&[]), &["--help"]);
    for code in ["0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "6  ", "70 "] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(code)), "{code}: {text}");
    }
}

#[test]
fn no_part_of_a_case_takes_the_place_of_what_is_read() {
    let desk = Desk::new(&leaky());
    fs::create_dir(desk.join("y.case")).unwrap();
    let capture = desk.write("y.case/case.json", &leaky());
    let arguments = ["audit", "y.case/case.json", "--out", "y.case"];
    desk.phonehome(&arguments).assert().code(2);
    let finding = desk.audited().findings[0].id.to_string();
    let recipe = format!("{finding}.sh");
    fs::rename(desk.join("x.pcap"), desk.join(&recipe)).unwrap();
    desk.phonehome(&["prove", "x.case", &finding, "--captures", &recipe, "--out", "."]).assert().code(2);
    for file in [capture, desk.join(&recipe)] {
        assert!(fs::read(&file).unwrap() == leaky(), "{}", file.display());
    }
}

#[test]
fn a_file_named_with_keys_is_one_whatever_it_begins_with() {
    let line = format!("CLIENT_RANDOM {} {}", "5f".repeat(32), "a0".repeat(48));
    let desk = Desk::new(&leaky());
    for odd in ["\0\n", "my keys, of Tuesday\r\n", "\u{feff}x\r"] {
        desk.write("odd", format!("{odd}{line}\r").as_bytes());
        let (code, _, errors) = run(&desk, &audit(&["x.pcap", "-k", "odd"]));
        assert_eq!((code, errors.as_str()), (0, ""), "{odd:?}");
        let secrets: u64 =
            desk.case().captures.iter().filter(|one| !one.holds.is_traffic()).map(|one| one.frames).sum();
        assert_eq!(secrets, 1, "{odd:?}");
    }
    let wide: Vec<u8> = format!("\u{feff}{line}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    desk.write("wide", &wide);
    for arguments in [audit(&["x.pcap", "-k", "wide"]), audit(&["x.pcap", "wide"])] {
        let (code, _, errors) = run(&desk, &arguments);
        assert_eq!(code, 3);
        one_line(&errors, &["wide", "UTF-16", "iconv"]);
    }
}

#[test]
fn a_capture_given_twice_is_counted_once() {
    let desk = Desk::new(&leaky());
    let once = desk.audited();
    desk.write("y.pcap", &leaky());
    let (code, _, errors) = run(&desk, &audit(&["x.pcap", "y.pcap"]));
    assert_eq!(code, 3);
    one_line(&errors, &["y.pcap", "x.pcap", "left out"]);
    let twice = desk.case();
    assert_eq!((twice.captures, twice.totals), (once.captures, once.totals));
}
