//! Changes that allow a request. They are tested before they are shown.

mod by_hand;
mod cause;
mod edit;
mod in_set;
mod line_ends;

use similar::TextDiff;

use self::cause::Obstacle;
use self::edit::Edit;
use crate::check::Checked;
use crate::diagnostic::{Diagnostic, Severity};
use crate::failure_code::FailureCode;
use crate::policy_server::{Application, PolicyServer, refused};
use crate::request::PageRequest;
use crate::simulation::Simulation;
use crate::source::{Source, ValidPolicy};
use crate::text::Printable;

pub(crate) use self::cause::matches;

/// Why a request is blocked, and what to do about it.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, Url};
/// use cors_explain::{Fix, PageRequest, PolicyServer, Simulation, Source, ok_application};
///
/// let source = Source::new("cors.toml", "allow_origins = ['https://app.example.com']\n");
/// let valid = source.load()?;
/// let page = Origin::parse("https://www.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let page = PageRequest::new(get, None);
/// let mut server = PolicyServer::new(&valid.policy, &ok_application);
/// let simulation = Simulation::new(&page.request, &mut server);
///
/// let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application).ok_or("allowed")?;
/// assert_eq!(fix.code(), "allow-origin-missing");
/// assert_eq!(fix.place().map(|place| place.span), Some(0..13));
/// let diff = fix.diff(&source).ok_or("no change helps")?;
/// assert!(diff.contains("+allow_origins = ['https://app.example.com', \"https://www.example.com\"]"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fix {
    /// The first obstacle.
    first: Obstacle,
    /// The other obstacles.
    further: Vec<String>,
    /// What to do in other places than the policy.
    advice: Vec<String>,
    /// Whether the page has to send another request.
    in_page: bool,
    /// Whether a set has to have the page's origin.
    in_set: bool,
    /// The file's new text, with which every browser allows the request; `None` if there is none.
    text: Option<String>,
    /// The changes in a file that is not TOML.
    by_hand: Vec<String>,
    /// The dangerous opt-in of the change.
    danger: Option<&'static str>,
    /// The warnings about the file's new text that are not about the old one.
    warnings: Vec<Diagnostic>,
}

/// A policy can block a request only by its origin, credentials, method or headers.
const MAX_OBSTACLES: usize = 8;

impl Fix {
    /// Looks for a fix; `None` if every browser allows the request as it is, and the policy does not refuse it. `simulation` is that of the request
    /// with the policy in front of the application.
    pub fn find(
        source: &Source,
        valid: &ValidPolicy,
        page: &PageRequest,
        simulation: &Simulation,
        application: Application<'_>,
    ) -> Option<Self> {
        let mut obstacle = obstacle(valid, page, simulation)?;
        let mut fix = Self {
            first: obstacle.clone(),
            further: Vec::new(),
            advice: obstacle.advice.clone(),
            in_page: false,
            in_set: false,
            text: None,
            by_hand: Vec::new(),
            danger: None,
            warnings: Vec::new(),
        };
        let Some(mut changed) = by_hand::in_toml(source) else {
            return Some(fix);
        };
        let mut steps = Vec::new();
        let (mut valid, mut page) = (valid.clone(), page.clone());
        for _ in 0..MAX_OBSTACLES {
            let next = if let Some(request) = obstacle.corrected.take() {
                page.request = request;
                fix.in_page = true;
                let mut server = PolicyServer::new(&valid.policy, application);
                let simulation = Simulation::new(&page.request, &mut server);
                self::obstacle(&valid, &page, &simulation)
            } else if let Some(step) = fix.set_step(&changed, &page, &obstacle, application) {
                (changed, valid) = (step.source, step.valid);
                step.next
            } else {
                let Some(step) = Step::find(&changed, &page, &obstacle, application) else {
                    fix.in_set = false;
                    return Some(fix);
                };
                let edits = step.edits.iter();
                steps.extend(edits.map(|edit| by_hand::describe(edit, &valid)));
                changed = step.source;
                valid = step.valid;
                fix.danger = fix.danger.or(step.danger);
                step.next
            };
            match next {
                None if steps.is_empty() => return Some(fix),
                None if source.is_toml() => {
                    fix.warnings = new_warnings(source, &changed);
                    fix.text = Some(changed.text);
                    return Some(fix);
                }
                None => {
                    fix.by_hand = steps;
                    return Some(fix);
                }
                Some(next) => {
                    fix.further.push(next.message.clone());
                    fix.advice.extend(next.advice.iter().cloned());
                    obstacle = next;
                }
            }
        }
        Some(fix)
    }

    /// Advises to add the page's origin to a set. If the set has a key, that is the step that removes the obstacle: in the
    /// policy, the origin would be allowed for all keys.
    fn set_step<'o>(
        &mut self,
        source: &Source,
        page: &PageRequest,
        obstacle: &'o Obstacle,
        application: Application<'_>,
    ) -> Option<Step<'o>> {
        let sets = obstacle.sets.iter();
        let helpful = sets.filter_map(|missing| {
            let step = Step::with(missing.added(source)?, &[], page, obstacle, application)?;
            Some((missing, step))
        });
        let helpful: Vec<_> = helpful.collect();
        let advice = helpful
            .iter()
            .flat_map(|(missing, _)| missing.advice(obstacle.is_near));
        // Of a refusal, the first advice is to change nothing.
        let first = usize::from(obstacle.failure == FailureCode::Refused).min(self.advice.len());
        self.advice.splice(first..first, advice);
        let mut helpful = helpful.into_iter();
        let keyed = helpful.find(|(missing, _)| missing.capture.is_some());
        let (_, step) = keyed.filter(|_| !obstacle.is_near)?;
        self.in_set = true;
        Some(step)
    }

    /// What changes in the file, as a unified diff.
    pub fn diff(&self, source: &Source) -> Option<String> {
        let text = self.text.as_deref()?;
        let diff = TextDiff::from_lines(source.text.as_str(), text);
        let name = Printable(&source.name).to_string();
        Some(diff.unified_diff().header(&name, &name).to_string())
    }

    /// The code of what the browser reports.
    pub fn code(&self) -> &'static str {
        self.first.failure.as_str()
    }

    /// The first obstacle.
    pub fn message(&self) -> &str {
        &self.first.message
    }

    /// The same with its place in the policy; `None` if the policy is not the reason.
    pub fn place(&self) -> Option<Diagnostic> {
        let span = self.first.span.clone()?;
        let message = self.message();
        Some(Diagnostic::new(Severity::Error, self.code(), span, message))
    }

    /// The other obstacles, after the first.
    pub fn further(&self) -> &[String] {
        &self.further
    }

    /// What to do in other places than the policy.
    pub fn advice(&self) -> &[String] {
        &self.advice
    }

    /// Whether the page has to send another request, as [`advice`](Self::advice) says. The changes of the policy are for
    /// that request.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    /// use cors_explain::{Fix, PageRequest, PolicyServer, Simulation, Source, ok_application};
    ///
    /// let source = Source::new("cors.toml", "allow_origins = ['https://app.example.com']\n");
    /// let valid = source.load()?;
    /// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
    /// let patch = Request::new(Url::parse("https://api.example.com/")?, page).method("patch");
    /// let page = PageRequest::new(patch, None);
    /// let mut server = PolicyServer::new(&valid.policy, &ok_application);
    /// let simulation = Simulation::new(&page.request, &mut server);
    ///
    /// let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application).ok_or("allowed")?;
    /// assert!(fix.in_page() && fix.advice()[0].contains("write `PATCH` in the page"));
    /// assert!(fix.text().ok_or("no change helps")?.contains("allow_methods = [\"PATCH\"]"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_page(&self) -> bool {
        self.in_page
    }

    /// Whether a set of origins has to have the page's origin, as [`advice`](Self::advice) says. The changes of the policy
    /// are for what is not allowed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    /// use cors_explain::{Fix, OriginFile, PageRequest, PolicyServer, Simulation, Source, ok_application};
    ///
    /// let text = "[[route]]\npath = '/{realm}'\nallow_origins = [{ set = 'customers', key = '{realm}' }]";
    /// let source = Source::new("cors.toml", text).origins("customers", OriginFile::new("customers.txt", ""));
    /// let valid = source.load()?;
    /// let page = Origin::parse("https://acme.example").ok_or("no origin")?;
    /// let get = Request::new(Url::parse("https://api.example.com/acme")?, page);
    /// let page = PageRequest::new(get, None);
    /// let mut server = PolicyServer::new(&valid.policy, &ok_application);
    /// let simulation = Simulation::new(&page.request, &mut server);
    ///
    /// let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application).ok_or("allowed")?;
    /// assert!(fix.in_set() && fix.text().is_none());
    /// assert_eq!(fix.advice()[0], "add the line `acme https://acme.example` to customers.txt");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_set(&self) -> bool {
        self.in_set
    }

    /// The file's text with which every browser allows the request; `None` if no change of it helps, or the file is not
    /// TOML.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// What to change in a file that is not TOML, one after the other: then every browser allows the request.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    /// use cors_explain::{Fix, PageRequest, PolicyServer, Simulation, Source, ok_application};
    ///
    /// let source = Source::new("cors.yaml", "allow_origins: ['https://app.example.com']\n");
    /// let valid = source.load()?;
    /// let page = Origin::parse("https://www.example.com").ok_or("no origin")?;
    /// let get = Request::new(Url::parse("https://api.example.com/")?, page);
    /// let page = PageRequest::new(get, None);
    /// let mut server = PolicyServer::new(&valid.policy, &ok_application);
    /// let simulation = Simulation::new(&page.request, &mut server);
    ///
    /// let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application).ok_or("allowed")?;
    /// assert_eq!(fix.text(), None);
    /// assert_eq!(fix.by_hand(), ["add `\"https://www.example.com\"` to `allow_origins`"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_hand(&self) -> &[String] {
        &self.by_hand
    }

    /// The dangerous opt-in of the change: an item of `dangerously_allow`.
    pub fn danger(&self) -> Option<&'static str> {
        self.danger
    }

    /// The warnings of `cors check` that the change of a TOML file adds, without that about the dangerous opt-in.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    /// use cors_explain::{Fix, PageRequest, PolicyServer, Simulation, Source, ok_application};
    ///
    /// let source = Source::new("cors.toml", "allow_origins = ['https://app.example.com']\n");
    /// let valid = source.load()?;
    /// let page = Origin::parse("http://localhost:5173").ok_or("no origin")?;
    /// let get = Request::new(Url::parse("https://api.example.com/")?, page);
    /// let page = PageRequest::new(get, None);
    /// let mut server = PolicyServer::new(&valid.policy, &ok_application);
    /// let simulation = Simulation::new(&page.request, &mut server);
    ///
    /// let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application).ok_or("allowed")?;
    /// assert_eq!(fix.warnings()[0].code, "localhost-origin");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

fn new_warnings(source: &Source, changed: &Source) -> Vec<Diagnostic> {
    let old = Checked::new(source).findings;
    let mut new = Checked::new(changed).findings;
    new.retain(|finding| {
        let is_same = |old: &Diagnostic| old.code == finding.code && old.message == finding.message;
        finding.severity == Severity::Warning
            && finding.code != "danger-allowed"
            && !old.iter().any(is_same)
    });
    new
}

fn obstacle(valid: &ValidPolicy, page: &PageRequest, simulation: &Simulation) -> Option<Obstacle> {
    let mut runs = simulation.runs.iter();
    if let Some((exchange, refusal)) = runs.find_map(|(_, run)| refused(&valid.policy, run).next())
    {
        return Some(Obstacle::of_refusal(valid, page, exchange, refusal));
    }
    let (_, run, blocked) = simulation.blocked().next()?;
    Some(Obstacle::find(valid, page, run, blocked))
}

/// A change that removes an obstacle.
struct Step<'o> {
    edits: &'o [Edit],
    source: Source,
    valid: ValidPolicy,
    danger: Option<&'static str>,
    /// The next obstacle with this change.
    next: Option<Obstacle>,
}

impl<'o> Step<'o> {
    fn find(
        source: &Source,
        page: &PageRequest,
        obstacle: &'o Obstacle,
        application: Application<'_>,
    ) -> Option<Self> {
        obstacle.candidates.iter().find_map(|edits| {
            let text = edit::apply(&source.text, source.table.as_deref(), edits)?;
            Self::with(source.with_text(text), edits, page, obstacle, application)
        })
    }

    /// The change that makes this file; `None` if the obstacle remains.
    fn with(
        source: Source,
        edits: &'o [Edit],
        page: &PageRequest,
        obstacle: &Obstacle,
        application: Application<'_>,
    ) -> Option<Self> {
        let valid = source.load().ok()?;
        let simulation = Simulation::new(
            &page.request,
            &mut PolicyServer::new(&valid.policy, application),
        );
        let next = self::obstacle(&valid, page, &simulation);
        let helps = next
            .as_ref()
            .is_none_or(|next| next.message != obstacle.message);
        let danger = edits.iter().find_map(|edit| match edit {
            Edit::AllowDanger { danger, .. } => Some(*danger),
            _ => None,
        });
        helps.then_some(Self {
            edits,
            source,
            valid,
            danger,
            next,
        })
    }
}
