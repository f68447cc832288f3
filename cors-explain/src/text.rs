//! Lists in sentences, and what `cors-core` has for texts from outside.

pub(crate) use cors_core::text::{Excerpt as Short, Printable};

/// `a`, `a and b`, `a, b and c`.
///
/// # Examples
///
/// ```
/// assert_eq!(cors_explain::enumerate(&["Chromium", "Firefox", "WebKit"]), "Chromium, Firefox and WebKit");
/// ```
pub fn enumerate<T: AsRef<str>>(texts: &[T]) -> String {
    match texts {
        [] => String::new(),
        [text] => text.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Names in a sentence: `` `a`, `b` and `c` ``. Of many names, only the first ones.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const MAX: usize = 5;
    let quoted = |name: &T| format!("`{}`", Short(name.as_ref()));
    let mut texts: Vec<_> = names.iter().map(quoted).collect();
    if texts.len() > MAX {
        texts.truncate(MAX - 1);
        texts.push(format!("{} more", names.len() - texts.len()));
    }
    enumerate(&texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names() {
        assert_eq!(listed::<&str>(&[]), "");
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["a", "b"]), "`a` and `b`");
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(
            listed(&["a", "b", "c", "d", "e", "f", "g"]),
            "`a`, `b`, `c`, `d` and 3 more"
        );
    }
}
