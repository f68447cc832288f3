//! Reads the arguments about a page and its request into a request of the browser model.

use cors_browser_model::Request;
use cors_explain::{PageRequest, parse_origin, parse_url};

use crate::cli::{Element, RequestOptions};
use crate::error::Error;
use crate::output::Printable;

/// Reads the command line. An invalid argument is an error that says what to write.
pub(crate) fn read(
    url: &str,
    origin: &str,
    options: &RequestOptions,
) -> Result<PageRequest, Error> {
    let url = parse_url(url).map_err(Error::Message)?;
    let (origin, note) = parse_origin(origin).map_err(Error::Message)?;
    let notes = Vec::from_iter(note);
    let method = match (&options.method, &options.data) {
        (Some(method), _) => method.as_str(),
        (None, Some(_)) => "POST",
        (None, None) => "GET",
    };
    let mut request = Request::new(url, origin)
        .method(method)
        .credentials(options.credentials.into());
    for header in &options.headers {
        let (name, value) = parse_header(header)?;
        request = request.header(name, value);
    }
    let mut page = PageRequest::new(request, options.data.clone());
    page.notes.splice(0..0, notes);
    Ok(page)
}

/// Reads the command line for a request without `fetch()`.
pub(crate) fn read_element(
    url: &str,
    origin: &str,
    element: Element,
) -> Result<PageRequest, Error> {
    let make = match element {
        Element::Form => Request::form,
        Element::Link => Request::link,
        Element::Frame => Request::frame,
        Element::Image => Request::image,
        Element::Websocket => Request::websocket,
    };
    let url = parse_url(url).map_err(Error::Message)?;
    let (origin, note) = parse_origin(origin).map_err(Error::Message)?;
    let mut page = PageRequest::new(make(url, origin), None);
    page.notes.splice(0..0, note);
    Ok(page)
}

pub(crate) fn parse_header(text: &str) -> Result<(&str, &str), Error> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.trim(), value.trim())),
        // As in curl: a header without a value.
        None if text.ends_with(';') => Ok((text.trim_end_matches(';').trim(), "")),
        None => Err(Error::new(format!(
            "the header `{}` has no colon; write `Name: value`",
            Printable(text)
        ))),
    }
}
