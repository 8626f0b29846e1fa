//! Claims and cases → verdicts.
//!
//! In this order, so that the weightier answer wins: a statement is *contradicted* where a finding speaks against
//! it, or the condition on the whole does; else it is *not testable* where one of its needs is not met; else it is
//! *consistent with what was seen*. A contradiction needs no coverage: what was seen was seen. Consistency needs
//! all of it.
//!
//! Findings rest on grounds (wire, message, log) that are never merged: those on other grounds than the claim
//! admits do not speak against it, and the verdict says that they were passed over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cel::Context;
use evidence::{Case, FindingId, Holding, Proof, Verdict, prose};

use crate::{
    about::About,
    expression::{Budget, MOST_STEPS_TOGETHER},
    file::{Asked, Claims, ClaimsError, Stated},
    node::Node,
    shape::Shape,
    view::{self, View},
};

/// Judges claims over cases, each given with its role. Claims without roles are judged over all cases together.
///
/// # Errors
/// Where a condition cannot be asked: it compares what cannot be compared, or would take too many steps.
pub fn judge(claims: &Claims, cases: &[(&str, &Case)]) -> Result<Vec<Verdict>, ClaimsError> {
    let views: Vec<View> = cases.iter().map(|(role, case)| View::of(role, case)).collect();
    let mut budget = Budget(MOST_STEPS_TOGETHER);
    claims.stated.iter().map(|stated| verdict(stated, &views, &mut budget)).collect()
}

/// Judges claims over one case, `own`, that stands among others: statements without roles over it alone, those with
/// roles over the cases of these names. Gives the verdicts of the two kinds apart, each in the file's order.
///
/// # Errors
/// As [`judge`].
pub fn judge_among(
    claims: &Claims,
    own: &str,
    cases: &[(&str, &Case)],
) -> Result<(Vec<Verdict>, Vec<Verdict>), ClaimsError> {
    let views: Vec<View> = cases.iter().map(|(role, case)| View::of(role, case)).collect();
    let place = views.iter().position(|view| view.role == own).unwrap_or(views.len());
    let alone = views.get(place..).and_then(|views| views.get(..1)).unwrap_or_default();
    let mut budget = Budget(MOST_STEPS_TOGETHER);
    let (mut of_own, mut together) = (Vec::new(), Vec::new());
    for stated in &claims.stated {
        if stated.roles.is_empty() {
            of_own.push(verdict(stated, alone, &mut budget)?);
        } else {
            together.push(verdict(stated, &views, &mut budget)?);
        }
    }
    Ok((of_own, together))
}

fn verdict(stated: &Stated, views: &[View], budget: &mut Budget) -> Result<Verdict, ClaimsError> {
    let taken: Vec<&View> = match stated.roles.as_slice() {
        [] => once(views),
        roles => views.iter().filter(|view| roles.contains(&view.role)).collect(),
    };
    let missing: Vec<&String> =
        stated.roles.iter().filter(|role| !views.iter().any(|view| view.role == **role)).collect();
    let is = |node: &Node| is_about(stated, node);
    let about = About::of(stated, &is);
    let coverage = sentences(&taken);
    let cases: Vec<String> = taken.iter().map(|view| view.role.clone()).collect();
    let not_testable = |reasons: Vec<String>, would_test: Vec<String>| {
        Ok(Verdict {
            claim: stated.claim.clone(),
            cases: cases.clone(),
            holding: Holding::NotTestable,
            reasons,
            proofs: Vec::new(),
            coverage: coverage.clone(),
            would_test,
        })
    };
    if let Some(reason) = &stated.untestable {
        return not_testable(vec![reason.clone()], stated.would_test.clone());
    }
    if !missing.is_empty() || taken.is_empty() {
        let (reasons, would_test) = lacking(&missing);
        return not_testable(reasons, would_test);
    }
    let mut question = Question::new(stated, &taken, views, budget);
    let mut against = question.findings(stated.contradicted_by.as_ref(), &stated.grounds)?;
    against.sort_by_key(|finding| std::cmp::Reverse(finding.at("level").map_or(0, Node::as_int)));
    let whole = question.whole(stated.contradicted_if.as_ref())?;
    if !against.is_empty() || whole == Some(true) {
        return Ok(contradicted(stated, &against, cases, coverage));
    }
    let (mut reasons, mut would_test) = (Vec::new(), Vec::new());
    if let [first, ..] = question.of_unknown(&taken)?.as_slice() {
        reasons.push(format!("it was seen, and which app sent it is not known: {}", text(first, "title")));
        would_test.push(
            "a log of connections or tables of sockets, which tell of each flow whose it is".to_owned(),
        );
    }
    for need in &stated.needs {
        if question.whole(Some(&need.condition))? == Some(false) {
            reasons.push(need.words.clone());
            if need.condition.condition.mentions("readable") {
                reasons.extend(taken.iter().map(|view| view.read_of(&about)));
            }
            would_test.push(need.would_test.clone());
        }
    }
    if question.whole(stated.consistent_if.as_ref())? == Some(false) {
        reasons.push("what would make it consistent was not seen".to_owned());
    }
    reasons.extend(question.passed_over());
    let silent = question.passed;
    if reasons.len() > usize::from(silent) {
        would_test.extend(stated.would_test.iter().cloned());
        return not_testable(reasons, would_test);
    }
    let shown = question.findings(stated.shown_by.as_ref(), &[])?;
    reasons.splice(0..0, looked(stated, &taken, &about));
    Ok(Verdict {
        claim: stated.claim.clone(),
        cases,
        holding: Holding::Consistent,
        reasons,
        proofs: shown.iter().take(MOST_PROOFS).map(proof).collect(),
        coverage,
        would_test: Vec::new(),
    })
}

/// What was looked for, and over how much: a statement holds so far by no more than that.
fn looked(stated: &Stated, taken: &[&View], asked: &About<'_>) -> [String; 2] {
    let what = match (stated.looked_for.as_str(), stated.words.as_str()) {
        ("", "") => "what would speak against it".to_owned(),
        ("", words) => format!("signs that {words}"),
        (said, _) => said.to_owned(),
    };
    let about: Vec<String> =
        [&stated.hosts, &stated.apps, &stated.owners].into_iter().flatten().cloned().collect();
    let about = match about.as_slice() {
        [] => String::new(),
        names => format!(" (to or by {})", prose::list(names)),
    };
    let over: Vec<_> = taken.iter().map(|view| view.in_short(asked)).collect();
    [
        format!("looked for: {what}{about}; nothing that was seen speaks against it"),
        format!("looked at: {}", over.join("; ")),
    ]
}

/// Each case once: one that was given in two roles is no second piece of evidence.
fn once(views: &[View]) -> Vec<&View> {
    let mut known = BTreeSet::new();
    views.iter().filter(|view| known.insert(&view.inputs)).collect()
}

/// What is missing where cases are.
fn lacking(roles: &[&String]) -> (Vec<String>, Vec<String>) {
    if roles.is_empty() {
        return (vec!["there is no case".to_owned()], vec!["a case".to_owned()]);
    }
    let reason = |role: &&String| format!("it takes a case in the role “{role}”, and none was given");
    let help = |role: &&String| format!("a case given as {role}=CASE");
    (roles.iter().map(reason).collect(), roles.iter().map(help).collect())
}

fn contradicted(stated: &Stated, against: &[Node], cases: Vec<String>, coverage: Vec<String>) -> Verdict {
    let words = if stated.words.is_empty() { "it was seen otherwise" } else { &stated.words };
    let mut reasons = Vec::new();
    for ground in ["wire", "message", "log"] {
        let on: Vec<_> = against.iter().filter(|finding| text(finding, "ground") == ground).collect();
        if let Some(first) = on.first() {
            let more = match on.len() - 1 {
                0 => String::new(),
                1 => ", and 1 finding more".to_owned(),
                more => format!(", and {more} findings more"),
            };
            reasons.push(format!("{words}; seen {}: {}{more}", on_ground(ground), text(first, "title")));
        }
    }
    if reasons.is_empty() {
        reasons.push(words.to_owned());
    }
    Verdict {
        claim: stated.claim.clone(),
        cases,
        holding: Holding::Contradicted,
        reasons,
        proofs: against.iter().take(MOST_PROOFS).map(proof).collect(),
        coverage,
        would_test: Vec::new(),
    }
}

fn on_ground(ground: &str) -> &'static str {
    match ground {
        "wire" => "on the wire",
        "message" => "in a text message",
        _ => "in the phone's log, which does not say that it was sent",
    }
}

fn proof(finding: &Node) -> Proof {
    Proof {
        case: text(finding, "case").to_owned(),
        finding: FindingId(text(finding, "id").to_owned()),
        title: text(finding, "title").to_owned(),
    }
}

fn text<'n>(node: &'n Node, name: &str) -> &'n str {
    node.at(name).map_or("", Node::as_text)
}

/// What conditions of one claim are asked over.
struct Question<'q> {
    stated: &'q Stated,
    names: BTreeMap<String, Node>,
    shapes: BTreeMap<String, Shape>,
    budget: &'q mut Budget,
    /// Findings on grounds that the claim does not admit were passed over.
    passed: bool,
}

impl<'q> Question<'q> {
    fn new(stated: &'q Stated, taken: &[&View], views: &[View], budget: &'q mut Budget) -> Self {
        let is = |node: &Node| is_about(stated, node);
        let about = About::of(stated, &is);
        let mut names = view::names(taken, &about);
        let asked = views.iter().filter(|view| stated.roles.contains(&view.role));
        let roles = asked.map(|view| (view.role.clone(), Node::Map(view::names(&[view], &about))));
        names.insert("case".to_owned(), Node::Map(roles.collect()));
        names.insert("p".to_owned(), stated.parameters.clone());
        Self { stated, names, shapes: BTreeMap::new(), budget, passed: false }
    }

    /// The shapes of what a condition names, and of what others named before it.
    fn shapes(&mut self, asked: &Asked) -> BTreeMap<String, Shape> {
        for (name, node) in &self.names {
            if !self.shapes.contains_key(name) && (asked.condition.needs(name) || name == "findings") {
                self.shapes.insert(name.clone(), Shape::of(node));
            }
        }
        self.shapes.clone()
    }

    /// Whether a condition on the whole holds; `None` where there is no condition.
    fn whole(&mut self, asked: Option<&Asked>) -> Result<Option<bool>, ClaimsError> {
        let Some(asked) = asked else { return Ok(None) };
        let id = &self.stated.claim.id;
        let fail = |fault| asked.error(id, fault);
        let steps = asked.condition.steps(&self.shapes(asked));
        self.budget.take(steps).map_err(fail)?;
        let context = self.context(asked);
        asked.condition.holds(&context).map(Some).map_err(fail)
    }

    /// The findings for which a condition holds, of those on the grounds; without grounds, of all.
    fn findings(&mut self, asked: Option<&Asked>, grounds: &[String]) -> Result<Vec<Node>, ClaimsError> {
        let findings = self.names.get("findings").map_or(&[][..], Node::items).to_vec();
        self.among(&findings, asked, grounds)
    }

    /// Those for which the statement falls and of which nobody knows whether one of its apps sent them.
    fn of_unknown(&mut self, taken: &[&View]) -> Result<Vec<Node>, ClaimsError> {
        let stated = self.stated;
        if stated.apps.is_empty() {
            return Ok(Vec::new());
        }
        let is_unknown = |finding: &&Node| {
            let is = |name: &str| finding.at(name).is_some_and(Node::is_true);
            text(finding, "ground") == "wire"
                && !is("local")
                && !is("apps_known")
                && !is_about(stated, finding)
        };
        let findings: Vec<Node> =
            taken.iter().flat_map(|view| &view.findings).filter(is_unknown).cloned().collect();
        self.among(&findings, stated.contradicted_by.as_ref(), &stated.grounds)
    }

    fn among(
        &mut self,
        findings: &[Node],
        asked: Option<&Asked>,
        grounds: &[String],
    ) -> Result<Vec<Node>, ClaimsError> {
        let Some(asked) = asked else { return Ok(Vec::new()) };
        let id = &self.stated.claim.id;
        let fail = |fault| asked.error(id, fault);
        let mut shapes = self.shapes(asked);
        let all = Shape::list(findings.iter().map(Shape::of));
        shapes.insert("f".to_owned(), all.any());
        let each = asked.condition.steps(&shapes).saturating_add(all.any().weight);
        self.budget.take(each.saturating_mul(all.len)).map_err(fail)?;
        let context = self.context(asked);
        let mut held = Vec::new();
        for finding in findings {
            let mut inner = context.new_inner_scope();
            inner.add_variable_from_value("f", finding.value());
            if !asked.condition.holds(&inner).map_err(fail)? {
                continue;
            }
            if grounds.is_empty() || grounds.iter().any(|ground| ground == text(finding, "ground")) {
                held.push(finding.clone());
            } else {
                self.passed = true;
            }
        }
        Ok(held)
    }

    /// A sentence on findings that were passed over for their ground.
    fn passed_over(&self) -> Option<String> {
        let words =
            "findings on weaker grounds (the phone's log) fit it, and were passed over: logged is not sent";
        self.passed.then(|| words.to_owned())
    }

    fn context(&self, asked: &Asked) -> Context<'static, 'static> {
        let mut context = Context::default();
        for (name, node) in &self.names {
            if asked.condition.needs(name) {
                context.add_variable_from_value(name.as_str(), node.value());
            }
        }
        self.functions(&mut context);
        context
    }

    fn functions(&self, context: &mut Context) {
        let texts = |node: Option<&Node>| -> BTreeSet<String> {
            let items = node.map_or(&[][..], Node::items);
            items.iter().map(|item| item.as_text().to_owned()).collect()
        };
        let map = |node: Option<&Node>| match node {
            Some(Node::Map(map)) => map.clone(),
            _ => BTreeMap::new(),
        };
        let at = |path: [&str; 2]| self.names.get(path[0]).and_then(|node| node.at(path[1]));
        let sent = map(self.names.get("sent_kinds"));
        let shares = map(at(["coverage", "shares"]));
        let marks = map(at(["phone", "marks_by_kind"]));
        let planted = texts(at(["profile", "kinds"]));
        let hours = number(self.names.get("traffic_hours"));
        // They fail only for names that the language has, and ours are others: a test asks each of them.
        let _ = context.add_function("sent", move |kind: Arc<String>| sent.contains_key(kind.as_str()));
        let _ = context.add_function("hours", move || hours);
        let _ = context.add_function("share", move |fate: Arc<String>| number(shares.get(fate.as_str())));
        let _ = context.add_function("marks", move |kind: Arc<String>| {
            marks.get(&kind.replace('-', "_")).map_or(0, Node::as_int)
        });
        let _ = context.add_function("planted", move |kind: Arc<String>| planted.contains(kind.as_str()));
    }
}

fn number(node: Option<&Node>) -> f64 {
    match node {
        Some(Node::Number(number)) => *number,
        _ => 0.0,
    }
}

/// Whether a finding or destination is what a claim is about.
fn is_about(stated: &Stated, node: &Node) -> bool {
    let Stated { hosts, apps, owners, except_apps, .. } = stated;
    let by = node.at("apps").map_or(&[][..], Node::items);
    let is_known = node.at("apps_known").is_some_and(Node::is_true);
    if is_known
        && !by.is_empty()
        && by.iter().all(|app| except_apps.iter().any(|known| known == app.as_text()))
    {
        return false;
    }
    if hosts.is_empty() && apps.is_empty() && owners.is_empty() {
        return true;
    }
    let one = |name: &str| node.at(name).map_or("", Node::as_text);
    let many = |name: &str| node.at(name).map_or(&[][..], Node::items).iter().map(Node::as_text);
    let host = |name: &str| hosts.iter().any(|host| below(name, host));
    let named = |names: &[String], name: &str| names.iter().any(|known| known == name);
    many("hosts").any(host)
        || host(one("host"))
        || hosts.iter().any(|host| host == one("number"))
        || many("apps").any(|app| named(apps, app))
        || (!one("package").is_empty() && named(apps, one("package")))
        || many("owners").any(|owner| named(owners, owner))
        || named(owners, one("operator"))
        || named(owners, one("group"))
}

/// Whether a name is a host's or one below it.
fn below(name: &str, host: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !host.is_empty() && name.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What could be seen and what could not: region and build, what happened, how long, how much of it.
fn sentences(views: &[&View]) -> Vec<String> {
    views.iter().flat_map(|view| view.sentences()).collect()
}

/// Proofs that a verdict names; the case has them all.
const MOST_PROOFS: usize = 20;
