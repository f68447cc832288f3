//! What our crates report to `tracing`, for tests.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The warnings and errors of our crates on this thread while `run` runs: a line each, with the level and the fields.
///
/// In a program that uses this function, every test that emits an event must call it. `tracing` stores for each event
/// in the code whether a subscriber wants it. If the first thread that reaches the event has no subscriber, later
/// threads can miss it.
pub fn warnings(run: impl FnOnce()) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    tracing::subscriber::with_default(Listener(Arc::clone(&lines)), run);
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut lines)
}

/// The warning of a policy that has replaced or removed `header`, which other code had set.
pub fn replaced(header: &str) -> String {
    format!(
        "WARN message=CORS: replaced or removed a header that other code had set; let only one place set CORS headers \
         header=\"{header}\""
    )
}

struct Listener(Arc<Mutex<Vec<String>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Frameworks report things of their own.
        *metadata.level() <= Level::WARN && metadata.target().starts_with("cors_")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
