//! A server in this process, and the ways to measure what it does with a request.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::case::{Message, Origins};

/// The CORS middleware of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// None. Its route for `OPTIONS` responds to preflights.
    Base,
    /// The CORS middleware that the framework's users usually have.
    Peer,
    /// Ours, in the form that its documentation shows first.
    Ours,
    /// Ours in its other form, where there is one.
    Other,
}

impl Variant {
    /// All of them, in the order of every table.
    pub const ALL: [Self; 4] = [Self::Base, Self::Peer, Self::Ours, Self::Other];

    /// Its short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Peer => "peer",
            Self::Ours => "ours",
            Self::Other => "other",
        }
    }
}

impl std::str::FromStr for Variant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|variant| variant.name() == name);
        found.ok_or_else(|| format!("`{name}` is not a variant"))
    }
}

/// A framework with its application.
pub trait Framework {
    /// The application with a variant and a policy, or `None` if the variant cannot have that policy: peers have no
    /// grants, and not all have wildcards.
    fn subject(&self, variant: Variant, origins: Origins) -> Option<Box<dyn Subject>>;

    /// Serves that application on a port of loopback, prints the port with
    /// [`announce`](cors_matrix::fixture::announce), and does not return.
    fn serve(&self, variant: Variant, origins: Origins);
}

/// What each framework implements for each variant. [`Subject`] is implemented for all of these.
pub trait App {
    /// The framework's request.
    type Request;
    /// The framework's response.
    type Response;

    /// Creates a request. This is not measured.
    fn request(&self, message: &Message) -> Self::Request;

    /// Calls the application and polls it until it has responded, which it does at once. This and dropping the
    /// response are measured.
    fn call(&mut self, request: Self::Request) -> Self::Response;

    /// Reads the response. This is not measured.
    fn answer(&self, response: &Self::Response) -> Answer;
}

/// The parts of a response that show whether the work is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The names of its CORS headers and `vary`, in alphabetical order.
    pub fields: Vec<String>,
}

impl Answer {
    /// An answer with the relevant names.
    pub fn new<'a>(status: u16, names: impl Iterator<Item = &'a str>) -> Self {
        let mut fields: Vec<_> = names.map(str::to_ascii_lowercase).collect();
        fields.retain(|name| name.starts_with("access-control-") || name == "vary");
        fields.sort();
        fields.dedup();
        Self { status, fields }
    }

    /// Whether it takes the same work as another: 200 and 204 are equal.
    pub fn is_like(&self, other: &Self) -> bool {
        self.status / 100 == other.status / 100 && self.fields == other.fields
    }
}

/// An [`App`] without its types.
pub trait Subject {
    /// How long it takes to respond to this many requests.
    fn time(&mut self, message: &Message, requests: usize) -> Duration;
    /// Responds to one request in [`measured_region`].
    fn count_instructions(&mut self, message: &Message);
    /// The allocations of one response, and their bytes.
    #[cfg(feature = "count-allocations")]
    fn count_allocations(&mut self, message: &Message) -> (u64, u64);
    /// Its response.
    fn answer(&mut self, message: &Message) -> Answer;
}

impl<A: App> Subject for A {
    fn time(&mut self, message: &Message, requests: usize) -> Duration {
        let requests: Vec<_> = (0..requests).map(|_| self.request(message)).collect();
        let start = Instant::now();
        for request in requests {
            drop(black_box(self.call(black_box(request))));
        }
        start.elapsed()
    }

    fn count_instructions(&mut self, message: &Message) {
        let mut request = Some(self.request(message));
        measured_region(&mut || {
            if let Some(request) = request.take() {
                drop(black_box(self.call(black_box(request))));
            }
        });
    }

    #[cfg(feature = "count-allocations")]
    fn count_allocations(&mut self, message: &Message) -> (u64, u64) {
        let request = self.request(message);
        let count = allocation_counter::measure(|| drop(black_box(self.call(request))));
        (count.count_total, count.bytes_total)
    }

    fn answer(&mut self, message: &Message) -> Answer {
        let request = self.request(message);
        let response = self.call(request);
        App::answer(self, &response)
    }
}

/// The function in which callgrind counts: it is told the name of this function.
///
/// Do not use a crate for valgrind's client requests: see `callgrind.rs`.
#[inline(never)]
pub fn measured_region(run: &mut dyn FnMut()) {
    run();
    // Without this, the call above would be a tail call, and the region would end before it begins.
    black_box(());
}
