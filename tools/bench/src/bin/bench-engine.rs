//! The engine alone.

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;

use cors_bench::case::{Message, Origins};
use cors_bench::subject::{Answer, App, Framework, Subject, Variant};
use cors_bench::tower::header_lines;
use cors_bench::{measure, ours};
use cors_core::adapter::{Decision, RequestHead, RequestHeader};
use cors_core::{Policy, PolicySource};
use cors_tower::Head;
use http::{HeaderMap, Method};

fn main() -> ExitCode {
    measure::run(&Engine)
}

struct Engine;

impl Framework for Engine {
    /// The base decides nothing. Ours reads a head whose headers were looked up before; the other form reads
    /// a header map.
    fn subject(&self, variant: Variant, origins: Origins) -> Option<Box<dyn Subject>> {
        let PolicySource::Fixed(policy) = ours::policy(origins).ok()? else {
            // Only adapters handle a policy that can be replaced.
            return None;
        };
        Some(match variant {
            Variant::Base => Box::new(Nothing(Heads::new(CheapHead::new))),
            Variant::Peer => return None,
            Variant::Ours => Box::new(Cheap(policy, Heads::new(CheapHead::new))),
            Variant::Other => Box::new(Map(policy, Heads::new(header_map))),
        })
    }

    fn serve(&self, _: Variant, _: Origins) {}
}

/// The headers that a policy reads, looked up before.
struct CheapHead {
    method: &'static str,
    path: &'static str,
    lines: [Option<String>; 8],
}

impl CheapHead {
    fn new(message: &Message) -> Self {
        let fields = [
            RequestHeader::Origin,
            RequestHeader::AccessControlRequestMethod,
            RequestHeader::AccessControlRequestHeaders,
            RequestHeader::Host,
            RequestHeader::SecFetchSite,
            RequestHeader::SecFetchMode,
            RequestHeader::SecFetchDest,
            RequestHeader::Upgrade,
        ];
        Self {
            method: message.method,
            path: message.path,
            lines: fields.map(|field| {
                let line = message.text_lines().find(|line| line.0 == field.name());
                line.map(|line| line.1.to_owned())
            }),
        }
    }
}

impl RequestHead for CheapHead {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn path(&self) -> Option<&[u8]> {
        Some(self.path.as_bytes())
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let [origin, method, headers, host, site, mode, dest, upgrade] = &self.lines;
        let line = match name {
            RequestHeader::Origin => origin,
            RequestHeader::AccessControlRequestMethod => method,
            RequestHeader::AccessControlRequestHeaders => headers,
            RequestHeader::Host => host,
            RequestHeader::SecFetchSite => site,
            RequestHeader::SecFetchMode => mode,
            RequestHeader::SecFetchDest => dest,
            _ => upgrade,
        };
        line.iter().map(String::as_bytes)
    }
}

/// The head of the last message, created once: creating and dropping heads is not part of the engine.
struct Heads<H> {
    last: RefCell<Option<(Message, Rc<H>)>>,
    make: fn(&Message) -> H,
}

impl<H> Heads<H> {
    fn new(make: fn(&Message) -> H) -> Self {
        let last = RefCell::default();
        Self { last, make }
    }

    fn get(&self, message: &Message) -> Rc<H> {
        let mut last = self.last.borrow_mut();
        if let Some((of, head)) = &*last
            && of == message
        {
            return head.clone();
        }
        let head = Rc::new((self.make)(message));
        *last = Some((message.clone(), head.clone()));
        head
    }
}

struct Nothing(Heads<CheapHead>);

impl App for Nothing {
    type Request = Rc<CheapHead>;
    type Response = ();

    fn request(&self, message: &Message) -> Self::Request {
        self.0.get(message)
    }

    fn call(&mut self, _: Self::Request) {}

    fn answer(&self, (): &()) -> Answer {
        Answer::default()
    }
}

struct Cheap(Policy, Heads<CheapHead>);

impl App for Cheap {
    type Request = Rc<CheapHead>;
    type Response = Decision;

    fn request(&self, message: &Message) -> Self::Request {
        self.1.get(message)
    }

    fn call(&mut self, request: Self::Request) -> Decision {
        self.0.decide(&*request)
    }

    fn answer(&self, decision: &Decision) -> Answer {
        answer(&self.0, *decision)
    }
}

struct Map(Policy, Heads<(Method, &'static str, HeaderMap)>);

impl App for Map {
    type Request = Rc<(Method, &'static str, HeaderMap)>;
    type Response = Decision;

    fn request(&self, message: &Message) -> Self::Request {
        self.1.get(message)
    }

    fn call(&mut self, request: Self::Request) -> Decision {
        let (method, path, headers) = &*request;
        self.0.decide(&Head::new(method, path, headers))
    }

    fn answer(&self, decision: &Decision) -> Answer {
        answer(&self.0, *decision)
    }
}

fn header_map(message: &Message) -> (Method, &'static str, HeaderMap) {
    let method = Method::from_bytes(message.method.as_bytes());
    let headers = header_lines(message).collect();
    (method.unwrap_or_default(), message.path, headers)
}

/// The response that an adapter would make of a decision.
fn answer(policy: &Policy, decision: Decision) -> Answer {
    let status = match decision {
        Decision::Respond(preflight) => preflight.status(),
        Decision::Refuse(refusal) => refusal.status(),
        Decision::Forward(_) => 200,
    };
    let headers = policy.headers(decision).iter();
    Answer::new(status, headers.map(|header| header.name.name()))
}
