//! How long to wait until the next attempt.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// Each pause is twice as long as the one before it, up to a limit.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(longest: Duration) -> Self {
        Self {
            pause: FIRST.min(longest),
            longest,
        }
    }

    /// The next pause, after a connection that was good for this long.
    pub(crate) fn next(&mut self, was_good: Duration) -> Duration {
        // Not after every good connection: one that breaks again and again would read the whole table each time.
        if was_good >= self.longest {
            self.pause = FIRST.min(self.longest);
        }
        let pause = self.pause;
        self.pause = pause.saturating_mul(2).min(self.longest);
        jitter(pause, 0.5..1.0)
    }
}

/// A part of a time, drawn at random, so that many servers do not do the same at the same moment.
pub(crate) fn jitter(time: Duration, part: std::ops::Range<f64>) -> Duration {
    // Each `RandomState` is another one. So this needs no generator of random numbers.
    let random = RandomState::new().build_hasher().finish() >> 32;
    let random = random as f64 / f64::from(u32::MAX);
    let part = part.start + random * (part.end - part.start);
    Duration::try_from_secs_f64(time.as_secs_f64() * part).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let longest = Duration::from_secs(30);
        let mut backoff = Backoff::new(longest);
        for expected in [
            100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
        ] {
            let expected = Duration::from_millis(expected);
            let pause = backoff.next(Duration::ZERO);
            assert!(pause >= expected / 2 && pause <= expected, "{pause:?}");
        }
        assert!(backoff.next(longest - FIRST) > longest / 3);
        assert!(backoff.next(longest) <= FIRST);
        let short = Duration::from_millis(5);
        assert!(Backoff::new(short).next(Duration::ZERO) <= short);
    }

    #[test]
    fn jitter_is_drawn() {
        let time = Duration::from_secs(100);
        let drawn: Vec<_> = (0..20).map(|_| jitter(time, 0.9..1.1)).collect();
        let expected = Duration::from_secs(90)..=Duration::from_secs(110);
        assert!(
            drawn.iter().all(|drawn| expected.contains(drawn)),
            "{drawn:?}"
        );
        assert!(drawn.iter().any(|other| *other != drawn[0]), "{drawn:?}");
        assert_eq!(jitter(Duration::MAX, 2.0..3.0), Duration::MAX);
    }
}
