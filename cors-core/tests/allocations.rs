//! Decisions, and events that no one listens to, allocate nothing, and a policy or a set needs little more memory than its
//! origins.

mod common;

use common::Request;
use cors_core::{Config, Grant, OriginSet, Policy};

#[test]
fn deciding_allocates_nothing() {
    let policy = Policy::from_toml(
        r#"
        dangerously_allow = ["any-host"]

        [[grant]]
        allow_origins     = ["https://app.example.com", "https://*.example.org:*", "https://pr-*.example.net", "app://*", "http://localhost:*"]
        allow_methods     = ["*"]
        allow_headers     = ["*"]
        allow_credentials = true

        [[grant]]
        allow_origins = ["*"]
        "#,
    )
    .unwrap();
    check_allocations(&policy);
}

#[test]
fn deciding_with_routes_allocates_nothing() {
    let everyone = || Grant::new(["*"]);
    let config = Config::new([Grant::new(["https://app.example.com"])])
        .route("/public", everyone())
        .route("/a/{b}/c", Grant::new(["https://app.example.com"]))
        .route("/{b}", everyone());
    check_allocations(&Policy::new(config).unwrap());
}

#[test]
fn deciding_with_sets_allocates_nothing() {
    let set = OriginSet::new();
    set.insert("https://app.example.com").unwrap();
    set.insert_for("x", "http://localhost:5173").unwrap();
    let config = Config::new([Grant::default().allow_origin_set("set")])
        .route(
            "/a/{b}",
            Grant::default().allow_origin_set_for("set", "{b}"),
        )
        .origin_set("set", &set);
    check_allocations(&Policy::new(config).unwrap());
}

#[track_caller]
fn check_allocations(policy: &Policy) {
    let hostile = [
        "a".repeat(8192),
        "a.".repeat(160),
        "https://[::ffff:102:304]".to_owned(),
    ];
    let origins = [
        "https://app.example.com",
        "https://b.a.example.org:1",
        "http://localhost:5173",
        "https://pr-7.example.net",
        "https://pr-.example.net",
        "app://x",
    ]
    .into_iter()
    .chain([
        "null",
        "",
        "nonsense",
        "https://[::1]",
        "https://[2001:0::1]",
    ])
    .chain(hostile.iter().map(String::as_str));
    for origin in origins {
        for start in [
            "GET",
            "GET /",
            "GET /a/x/C",
            "GET /public//x",
            &format!("GET /{}", "a/".repeat(4096)),
            "OPTIONS\nAccess-Control-Request-Method: PUT",
            "OPTIONS /public/x\nAccess-Control-Request-Method: PUT",
        ] {
            let text = format!(
                "{start}\nAccess-Control-Request-Headers: {}\nOrigin: {origin}",
                "a,".repeat(4096)
            );
            let request = Request(text.as_bytes());
            let allocations = allocation_counter::measure(|| {
                let decision = std::hint::black_box(policy.decide(&request));
                // No one listens.
                #[cfg(feature = "tracing")]
                policy.log(&request, decision);
                let _ = decision;
            });
            assert_eq!(allocations.count_total, 0, "{start:.80} {origin:.80}");
        }
    }
}

#[test]
fn many_origins() {
    let origins: Vec<_> = (0..100_000)
        .map(|number| format!("https://app-{number:06}.example.com"))
        .collect();
    let bytes: usize = origins.iter().map(String::len).sum();
    let config = Config::from(Grant::new(&origins));
    let mut policy = None;
    let allocations = allocation_counter::measure(|| {
        // The copy of the configuration is dropped at the end.
        policy = Policy::new(config.clone()).ok();
    });
    assert!(policy.is_some());
    let held = usize::try_from(allocations.bytes_current).unwrap();
    assert!(held >= bytes, "{held} bytes for origins of {bytes}");
    let bound = 2 * bytes + 32 * origins.len();
    assert!(held <= bound, "{held} bytes, more than {bound}");
}

#[test]
fn many_origins_in_a_set() {
    let entries: Vec<_> = (0..100_000)
        .map(|number| {
            let key = format!("tenant-{:05}", number / 100);
            (key, format!("https://app-{number:06}.example.com"))
        })
        .collect();
    let count = entries.len();
    let bytes: usize = entries.iter().map(|(_, origin)| origin.len()).sum();
    let set = OriginSet::new();
    let allocations = allocation_counter::measure(|| {
        set.replace(entries.iter().map(|(key, origin)| (key, origin)));
    });
    assert_eq!(set.len(), count);
    let held = usize::try_from(allocations.bytes_current).unwrap();
    assert!(held >= bytes, "{held} bytes for origins of {bytes}");
    let beyond = (held - bytes) / count;
    assert!(
        beyond <= 160,
        "{beyond} bytes for each origin beyond its text"
    );
}

#[test]
fn the_counter_counts() {
    let allocations = allocation_counter::measure(|| {
        std::hint::black_box(Box::new(1));
    });
    assert_eq!(allocations.count_total, 1);
}
