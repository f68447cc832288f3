//! The text of an assertion that fails.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use expect_test::expect_file;
use futures_util::FutureExt as _;

/// What a test prints if it fails.
pub(crate) async fn failure(test: impl Future<Output = ()>) -> Option<String> {
    let panic = AssertUnwindSafe(test).catch_unwind().await.err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.unwrap_or_else(|| "the test panics with another type".to_owned()))
}

/// Checks that a test fails, and compares the text with a file in `wrong/`: `UPDATE_EXPECT=1` writes it.
pub(crate) async fn check_failure(file: &str, test: impl Future<Output = ()>) {
    let text = failure(test).await.unwrap_or_default();
    assert!(!text.is_empty(), "{file}: the test does not fail");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/wrong");
    expect_file![folder.join(file)].assert_eq(&text);
}
