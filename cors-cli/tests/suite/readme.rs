//! What the workspace's README shows is what the command prints.

use std::fs;
use std::path::Path;

use crate::support::cors;

#[test]
fn the_readme_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut blocks = 0;
    for part in readme.split("<!-- cors ").skip(1) {
        let (command, rest) = part.split_once(" -->\n```text\n").unwrap();
        let (shown, _) = rest.split_once("```\n").unwrap();
        let args: Vec<_> = command.split(' ').collect();
        let ran = cors(&root, &args);
        assert!(ran.stdout.contains(shown), "{command}\n{}", ran.stdout);
        blocks += 1;
    }
    assert!(blocks > 0);
}
