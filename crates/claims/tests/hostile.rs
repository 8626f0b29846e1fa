//! Files of claims that somebody wrote badly, or well, against us.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod kit;

use claims::{Claims, judge};
use evidence::{IdentifierKind as Kind, Security};

use kit::Made;

const HEAD: &str = "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n";

fn with(field: &str, condition: &str) -> String {
    format!("{HEAD}[[claim]]\nid = \"c\"\nstatement = \"s\"\nsource = \"x\"\n{field} = '''{condition}'''\n")
}

fn refused(text: &str) -> String {
    Claims::read(text).unwrap_err().to_string()
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    let claim =
        |fields: &str| format!("{HEAD}[[claim]]\nid = \"c\"\nstatement = \"s\"\nsource = \"x\"\n{fields}\n");
    let rows = [
        ("", "missing field `format`"),
        ("format = \"phonehome-claims/2.0\"\nvendor = \"V\"\n", "line 1, column 10: is of another format"),
        (&claim(""), "line 4, column 6: claim `c`: has no template"),
        (&claim("colour = 1"), "line 7, column 1: unknown field `colour`"),
        (
            &claim("template = \"encripted\""),
            "line 7, column 12: claim `c`: there is no template `encripted`; there are: anonymous",
        ),
        (
            &claim("template = \"encrypted\"\nwith = { leest = 1 }"),
            "line 8, column 10: claim `c`: there is no parameter `leest`; there are: least",
        ),
        (&claim("template = \"encrypted\"\nwith = { least = \"high\" }"), "parameter `least` is like `1`"),
        (&claim("template = \"stored_in\""), "its template needs the parameter `countries`"),
        (
            &claim("template = \"encrypted\"\ncontradicted_if = 'true'"),
            "has a template: conditions and roles are that one's",
        ),
        (&claim("with = { x = 1 }\nuntestable = 'so'"), "gives parameters and has no template"),
        (&claim("grounds = ['rumour']\nuntestable = 'so'"), "there is no ground `rumour`"),
        (
            &claim("contradicted_by = 'f.identifer == \"imei\"'"),
            "line 7, column 21: claim `c`: contradicted_by: there is no `identifer` in it; it has: case, id",
        ),
        (
            &claim("contradicted_if = 'f.count > 1'"),
            "line 7, column 20: claim `c`: contradicted_if: nothing is called `f` here; `f` is known where each finding is looked at",
        ),
        (&claim("contradicted_if = 'findings.exists(x, y.count > 1)'"), "nothing is called `y` here"),
        (
            &claim("contradicted_if = 'findings.exists(x, x.hosts.exists(h, h.name))'"),
            "there is no `name` in it; it has: nothing; it is a text",
        ),
        (
            &claim("contradicted_if = '''\nhours() > 1.0 &&\n  sent(\"imie\")'''"),
            "line 9, column 8: claim `c`: contradicted_if: there is no kind of identifier `imie`",
        ),
        (
            &claim("contradicted_if = 'case.after.traffic_hours > 1.0'"),
            "there is no role `after`; there are: none",
        ),
        (&claim("contradicted_if = 'hours('"), "claim `c`: contradicted_if:"),
        (&claim("contradicted_if = 'hours()'"), "a condition is true or false, and this is a number"),
        (&claim("contradicted_if = 'system(\"rm\")'"), "there is no function `system`"),
        (&claim("contradicted_if = '\"a\".matches(\"(a+)+b\")'"), "there is no function `matches`"),
        (
            &format!(
                "{HEAD}{0}{0}",
                "[[claim]]\nid = \"c\"\nstatement = \"s\"\nsource = \"x\"\nuntestable = \"u\"\n"
            ),
            "line 9, column 6: there are two claims `c`",
        ),
    ];
    for (text, expected) in rows {
        let words = refused(text);
        assert!(words.contains(expected), "{text}\n  said   {words}\n  wanted {expected}");
    }
}

#[test]
fn large_and_deep_conditions_are_refused() {
    let many = |text: &str, times: usize| text.repeat(times);
    let rows = [
        ("too long", many(" ", 5000) + "true", "at most 4000 bytes"),
        ("brackets", many("(", 200) + "true" + &many(")", 200), ""),
        ("lists", many("[", 300) + &many("]", 300) + " == []", "deep"),
        ("nots", many("!", 480) + "true", "deep"),
        ("minus", many("-", 480) + "1 == 1", ""),
        ("dots", format!("p{}", many(".a", 480)), ""),
        ("sums", format!("1{} == 1", many("+1", 480)), "deep"),
        ("choices", format!("{}true", many("true?true:", 150)), ""),
        ("unclosed", many("(", 490), ""),
        ("loops", format!("{}true{}", many("findings.all(x,", 40), many(")", 40)), ""),
        ("loops that fit", format!("{}true{}", many("findings.all(x,", 12), many(")", 12)), ""),
        ("quotes", "'".repeat(399), ""),
        ("nothing", String::new(), ""),
        ("not text", "\u{0}\u{202e}\u{fffd}".to_owned(), ""),
    ];
    for (name, condition, expected) in rows {
        let text = with("contradicted_if", &condition.replace("'''", "\""));
        match Claims::read(&text) {
            // Two of each pair of signs cancel out: nothing nests.
            Ok(claims) => {
                assert!(["nots", "minus", "loops that fit"].contains(&name), "{name} was read");
                assert!(
                    judge(&claims, &[("case", &Made::new(1, &[]).sent(Kind::Imei, Security::Clear).0)])
                        .is_ok(),
                    "{name}"
                );
            }
            Err(error) => assert!(error.to_string().contains(expected), "{name}: {error}"),
        }
    }
    let file = format!("{HEAD}{}", "#".repeat(1 << 20));
    assert!(refused(&file).contains("at most 1048576 bytes"));
    let claim = |id: usize| {
        format!("[[claim]]\nid = \"{id}\"\nstatement = \"s\"\nsource = \"x\"\nuntestable = \"u\"\n")
    };
    let claims: String = (0..501).map(claim).collect();
    assert!(refused(&format!("{HEAD}{claims}")).contains("at most 500 claims"));
}

/// Findings looked at in pairs, or copied for each other: refused before it begins, with the number of steps.
#[test]
fn costly_conditions_are_refused_before_they_begin() {
    let mut made = Made::new(1, &[Kind::Imei]);
    for _ in 0..500 {
        made = made.sent(Kind::Imei, Security::Clear);
    }
    let cases = [("case", &made.0)];
    let rows = [
        (
            "contradicted_if",
            "findings.exists(a, findings.exists(b, a.id != b.id && findings.exists(c, a.value == c.value)))",
            false,
        ),
        ("contradicted_if", "findings.map(a, findings.map(b, findings)).exists(all, size(all) == 0)", false),
        ("contradicted_if", "findings.exists(a, findings.exists(b, b in findings))", false),
        ("contradicted_by", "findings.exists(b, findings.exists(c, c.title == f.title + f.title))", false),
        (
            "contradicted_if",
            "[1,2,3,4,5,6,7,8,9].map(a, findings).map(b, [b,b,b,b,b,b,b,b,b]).map(c, [c,c,c,c,c,c,c,c,c]).map(d, [d,d,d,d,d,d,d,d,d]).exists(d, size(d) == 7)",
            false,
        ),
        (
            "contradicted_if",
            "['aaaaaaaaaaaaaaaa'].map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).map(a,a+a+a+a+a+a).exists(a, a == '')",
            false,
        ),
        ("contradicted_if", "findings.exists(a, a.identifier == 'imsi')", true),
        (
            "contradicted_if",
            "findings.filter(a, a.level > 3).exists(a, a.hosts.exists(h, h.endsWith('.example')))",
            true,
        ),
        ("contradicted_by", "f.identifier in ['imsi', 'iccid'] && f.hosts.exists(h, h == 'x')", true),
    ];
    for (field, condition, fine) in rows {
        let claims = Claims::read(&with(field, condition)).unwrap();
        match judge(&claims, &cases) {
            Ok(_) => assert!(fine, "{condition} was asked"),
            Err(error) => {
                assert!(!fine, "{condition}: {error}");
                let words = error.to_string();
                assert!(words.starts_with("line 7, column ") && words.contains("steps"), "{words}");
            }
        }
    }
}

/// What cannot be compared is an error with a place, not a verdict.
#[test]
fn a_condition_that_fails_is_an_error() {
    let made = Made::new(1, &[]);
    for condition in [
        "traffic_hours == 1.0 && captures[7].hours > 1.0",
        "1 / 0 == 1",
        "phone.build['model'] == 'x'",
        "phone.build < 3",
    ] {
        let claims = Claims::read(&with("contradicted_if", condition)).unwrap();
        let error = judge(&claims, &[("case", &made.0)]).unwrap_err();
        assert_eq!((error.line, error.claim.as_str()), (7, "c"), "{condition}: {error}");
    }
}
