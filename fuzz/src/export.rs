//! Policies as configuration of gateways.
//!
//! Whether a gateway responds as the library does is checked with real gateways, in `cors-matrix`. Here the text counts.

use cors_core::Policy;
use cors_core::text::is_printable;
use cors_export::{Gateway, Options, export};

use crate::bytes::Bytes;
use crate::policy;

const GATEWAYS: [Gateway; 4] = [
    Gateway::Nginx,
    Gateway::Haproxy,
    Gateway::Envoy,
    Gateway::EnvoyRoutes,
];

/// Runs the target.
///
/// # Panics
///
/// If an export cannot be a configuration file, or differs from the one before.
pub fn run(data: &[u8]) {
    let plan = policy::plan(&mut Bytes::new(data));
    // The second one is compiled again: its hash tables have other seeds.
    let [Ok(policy), Ok(again)] = [(); 2].map(|()| Policy::new(plan.config.clone())) else {
        return;
    };
    let options = Options::new("cors.toml").made_from("variables: \u{1b}[31m none\n");
    for gateway in GATEWAYS {
        let exported = export(&policy, gateway, &options);
        assert_eq!(exported, export(&again, gateway, &options), "{gateway:?}");
        match exported {
            Ok(exported) => {
                for file in &exported.files {
                    assert!(
                        !file.name.is_empty() && !file.name.contains('/'),
                        "{file:?}"
                    );
                    check_text(&file.text);
                    assert!(
                        file.text.is_empty() || file.text.ends_with('\n'),
                        "{file:?}"
                    );
                }
            }
            Err(refusals) => {
                for refusal in &refusals {
                    check_text(&refusal.to_string());
                }
            }
        }
    }
}

fn check_text(text: &str) {
    let is_shown = |char: char| char == '\n' || is_printable(char);
    assert!(text.chars().all(is_shown), "{text:?}");
}
