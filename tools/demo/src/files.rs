//! The page, built into the program.

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    /// Its path in a URL.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

const fn file(path: &'static str, content_type: &'static str, text: &'static str) -> File {
    File {
        path,
        content_type,
        text,
    }
}

#[rustfmt::skip]
pub(crate) const FILES: &[File] = &[
    file("/api.js", JS, include_str!("../page/api.js")),
    file("/attempt.js", JS, include_str!("../page/attempt.js")),
    file("/dialogue.js", JS, include_str!("../page/dialogue.js")),
    file("/dom.js", JS, include_str!("../page/dom.js")),
    file("/editor.js", JS, include_str!("../page/editor.js")),
    file("/frame.html", HTML, include_str!("../page/frame.html")),
    file("/frame.js", JS, include_str!("../page/frame.js")),
    file("/grid.js", JS, include_str!("../page/grid.js")),
    file("/", HTML, include_str!("../page/index.html")),
    file("/main.js", JS, include_str!("../page/main.js")),
    file("/origins.js", JS, include_str!("../page/origins.js")),
    file("/outcome.js", JS, include_str!("../page/outcome.js")),
    file("/page.css", CSS, include_str!("../page/page.css")),
    file("/request.js", JS, include_str!("../page/request.js")),
    file("/send.js", JS, include_str!("../page/send.js")),
    file("/text.js", JS, include_str!("../page/text.js")),
];

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page cannot load a file that is missing in `FILES`.
    #[test]
    fn every_file_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = match name.as_str() {
                "index.html" => "/".to_owned(),
                _ => format!("/{name}"),
            };
            let expected = match name.rsplit_once('.') {
                Some((_, "html")) => HTML,
                Some((_, "css")) => CSS,
                Some((_, "js")) => JS,
                _ => panic!("`{name}` has another type than the page's files"),
            };
            let file = find(&path).unwrap_or_else(|| panic!("`{name}` is not in `FILES`"));
            assert_eq!(file.content_type, expected, "{name}");
        }
    }
}
