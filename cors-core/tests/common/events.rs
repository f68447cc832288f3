//! Events of `tracing` as lines of text.

use std::fmt::{Debug, Write as _};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Sends each event as a line: its level and its fields, except the name of a file.
pub(crate) struct Listener(Mutex<Sender<String>>);

impl Listener {
    pub(crate) fn new() -> (Self, Receiver<String>) {
        let (sender, events) = channel();
        (Self(Mutex::new(sender)), events)
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().send(line.0).unwrap();
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
        if field.name() != "file" {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }
}
