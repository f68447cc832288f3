//! A tab, used like a person uses it.

use cors_matrix::skip::skip;
use cors_real_browsers::{BrowserName, Reply, Script, ScriptedServer, Tab};

const PAGE: &str = "<!doctype html><link rel=icon href='data:,'><title>a page</title>
    <style>body { color: red } @media (prefers-color-scheme: dark) { body { color: blue } }</style>
    <button onclick='this.textContent = `used`'>a</button><input id=b>
    <script>
        b.onkeydown = event => { if (event.ctrlKey) b.dataset.keys = event.key };
        console.log('not of interest');
        console.error('of interest');
    </script>";

#[test]
fn a_tab() {
    if let Err(missing) = BrowserName::Chromium.available() {
        skip("a tab of Chromium", &missing).unwrap();
        return;
    }
    let server = ScriptedServer::start().unwrap();
    let mut page = Reply::new(200).line("Content-Type", "text/html; charset=utf-8");
    page.body = PAGE.as_bytes().to_vec();
    server.script("page", Script::actual(page));

    let mut tab = Tab::start().unwrap();
    tab.open(&server.url("page")).unwrap();
    tab.wait_until("document.readyState === 'complete'")
        .unwrap();
    let title: String = tab.evaluate("Promise.resolve(document.title)").unwrap();
    assert_eq!(title, "a page");

    tab.press("Tab").unwrap();
    tab.press("Enter").unwrap();
    tab.wait_until("document.querySelector('button').textContent === 'used'")
        .unwrap();
    tab.press("Tab").unwrap();
    tab.type_text("caf\u{e9} ").unwrap();
    tab.press("s").unwrap();
    tab.press("Control+s").unwrap();
    let typed: [String; 2] = tab.evaluate("[b.value, b.dataset.keys]").unwrap();
    assert_eq!(typed, ["caf\u{e9} s", "s"]);
    tab.press("Shift+Tab").unwrap();
    assert!(
        tab.evaluate::<bool>("document.activeElement.localName === 'button'")
            .unwrap()
    );

    tab.resize(360, 640).unwrap();
    let size: [u32; 2] = tab.evaluate("[innerWidth, innerHeight]").unwrap();
    assert_eq!(size, [360, 640]);
    for (scheme, color) in [("dark", "rgb(0, 0, 255)"), ("light", "rgb(255, 0, 0)")] {
        tab.prefer(&[("prefers-color-scheme", scheme)]).unwrap();
        let is: String = tab
            .evaluate("getComputedStyle(document.body).color")
            .unwrap();
        assert_eq!(is, color);
    }
    let png = tab.screenshot().unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xae\x42\x60\x82"));

    tab.evaluate::<()>(
        "setTimeout(() => { b.title = 'now'; throw Error('nobody catches it') }), null",
    )
    .unwrap();
    tab.wait_until("b.title === 'now'").unwrap();
    tab.evaluate::<bool>(&format!(
        "fetch('{}').then(() => true)",
        server.url("nowhere")
    ))
    .unwrap();
    let said = tab.console().unwrap();
    let expected = ["of interest", "nobody catches it", "status of 404"];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    assert!(
        said.iter()
            .zip(expected)
            .all(|(line, part)| line.contains(part)),
        "{said:#?}"
    );

    let error = tab
        .evaluate::<()>("nothing.at.all")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("`nothing.at.all` throws ReferenceError"),
        "{error}"
    );
    let error = tab.press("F13").unwrap_err().to_string();
    assert_eq!(error, "there is no key `F13` here");
    let error = tab.open("http://localhost:1/").unwrap_err().to_string();
    assert!(
        error.starts_with("cannot open `http://localhost:1/`: net::ERR_"),
        "{error}"
    );
}
