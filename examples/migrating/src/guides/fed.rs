//! A set of origins that is fed from something else.

// guide: begin
use std::io;
use std::time::Duration;

use cors_axum::OriginSet;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};

/// Keeps a set equal to its source. A message is a key that has changed. Subscribe to the messages before you call this.
pub async fn follow(
    customers: OriginSet,
    all: impl AsyncFn() -> io::Result<Vec<(String, String)>>,
    under: impl AsyncFn(&str) -> io::Result<Vec<String>>,
    mut messages: Receiver<String>,
) {
    let in_seconds = |seconds| Instant::now() + Duration::from_secs(seconds);
    let mut next = Instant::now(); // when everything is read
    loop {
        let read = match timeout_at(next, messages.recv()).await {
            Ok(None) => return, // the stream has ended
            Ok(Some(key)) if customers.is_filled() => under(&key)
                .await
                .map(|origins| customers.replace_for(&key, origins)),
            _ => {
                next = in_seconds(300);
                all().await.map(|entries| customers.replace(entries))
            }
        };
        match read {
            Ok(bad_rows) => bad_rows.iter().for_each(|bad_row| eprintln!("{bad_row}")),
            Err(_) => next = next.min(in_seconds(5)), // the set stays as it is
        }
    }
}
// guide: end

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use tokio::sync::mpsc::{Sender, channel};

    use super::*;

    type Rows = BTreeMap<String, Vec<String>>;

    /// What the set follows: origins by their keys, or nothing while it is away.
    #[derive(Clone, Default)]
    struct Source(Arc<Mutex<Option<Rows>>>);

    impl Source {
        fn set(&self, rows: &[(&str, &[&str])]) {
            let rows = rows.iter().map(|(key, origins)| {
                let origins = origins.iter().map(ToString::to_string);
                (key.to_string(), origins.collect())
            });
            *self.0.lock().unwrap() = Some(rows.collect());
        }

        fn read(&self) -> io::Result<Rows> {
            let rows = self.0.lock().unwrap().clone();
            rows.ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
        }
    }

    fn start(source: &Source) -> (OriginSet, Sender<String>) {
        let (sender, messages) = channel(16);
        let set = OriginSet::new();
        let (all, under) = (source.clone(), source.clone());
        let all = async move || {
            let rows = all.read()?.into_iter();
            let rows = rows.flat_map(|(key, origins)| {
                origins.into_iter().map(move |origin| (key.clone(), origin))
            });
            Ok(rows.collect())
        };
        let under = async move |key: &str| Ok(under.read()?.remove(key).unwrap_or_default());
        tokio::spawn(follow(set.clone(), all, under, messages));
        (set, sender)
    }

    /// Lets time pass, which is the runtime's: it does not wait.
    async fn seconds(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[track_caller]
    fn check(set: &OriginSet, expected: &[(&str, &str)]) {
        let snapshot = set.snapshot();
        let mut found: Vec<_> = snapshot
            .iter()
            .map(|(key, origin)| (key.unwrap(), origin))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    const A: &str = "https://a.example";
    const B: &str = "https://b.example";

    #[tokio::test(start_paused = true)]
    async fn a_message_names_what_has_changed() {
        let source = Source::default();
        source.set(&[("acme", &[A]), ("other", &[A])]);
        let (set, messages) = start(&source);
        seconds(1).await;
        check(&set, &[("acme", A), ("other", A)]);
        // Only what the message names is read. A row that is wrong is left out.
        source.set(&[("acme", &[A, B, "nonsense"]), ("other", &[B])]);
        messages.send("acme".to_owned()).await.unwrap();
        seconds(1).await;
        check(&set, &[("acme", A), ("acme", B), ("other", A)]);
        // A message that comes twice, and late, brings nothing old back.
        source.set(&[("other", &[B])]);
        for _ in 0..2 {
            messages.send("acme".to_owned()).await.unwrap();
        }
        seconds(1).await;
        check(&set, &[("other", A)]);
        // A change without a message is found later.
        seconds(300).await;
        check(&set, &[("other", B)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_is_away() {
        let source = Source::default();
        let (set, messages) = start(&source);
        seconds(1).await;
        assert!(!set.is_filled());
        // A message does not fill a key alone, while the others are unknown.
        source.set(&[("acme", &[A]), ("other", &[A])]);
        messages.send("acme".to_owned()).await.unwrap();
        seconds(1).await;
        check(&set, &[("acme", A), ("other", A)]);
        *source.0.lock().unwrap() = None;
        messages.send("acme".to_owned()).await.unwrap();
        seconds(60).await;
        check(&set, &[("acme", A), ("other", A)]);
        // Caught up, the key of the lost message included.
        source.set(&[("acme", &[B])]);
        seconds(5).await;
        check(&set, &[("acme", B)]);
        drop(messages);
    }
}
