//! The page in a real browser: a Chromium without a window uses it as a visitor would.
//!
//! `cargo xtask test-servers --package cors-demo` runs it: the page needs the fixture servers, and no test builds them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

mod demo;

use demo::{Demo, POLICY};

const PATCH: &str = "method-not-allowed";

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn the_grid_is_equal_and_a_cell_says_why() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    assert!(demo.is_all_equal());
    assert_eq!(demo.row("simple-get"), ["readable"; 4]);
    assert_eq!(demo.row(PATCH), ["blocked"; 4]);
    // Sent for real by the hidden frame of the other page.
    assert_eq!(demo.row("not-allowed"), ["blocked"; 4]);
    assert_eq!(demo.row("websocket"), ["open"; 4]);
    assert_eq!(demo.row("form"), ["sent"; 4]);
    let said: String = demo.get("summary.textContent");
    let expected =
        "72 requests: 52 readable, 12 blocked, 4 open WebSockets, 4 sent forms, all as predicted.";
    assert_eq!(said, expected);
    demo.screenshot("desktop-light.png");

    demo.click(&cell(PATCH, "axum"));
    demo.tab.wait_until("dialogue.open").unwrap();
    let steps: Vec<String> =
        demo.get("[...dialogue.querySelectorAll('[data-step]')].map(it => it.dataset.step)");
    assert_eq!(steps, ["preflight"], "nothing is sent after it");
    let checks: Vec<String> =
        demo.get("[...dialogue.querySelectorAll('[data-ok]')].map(it => it.dataset.ok)");
    let (last, first) = checks.split_last().unwrap();
    assert_eq!(last, "false");
    assert!(
        first.len() > 3 && first.iter().all(|ok| ok == "true"),
        "{checks:?}"
    );
    let links: bool = demo.get(
        "[...dialogue.querySelectorAll('[data-ok] a')].every(it => it.href.startsWith('https://fetch.spec.whatwg.org/#'))",
    );
    assert!(links);
    let line: String = demo.get("dialogue.querySelector('mark').textContent");
    assert_eq!(line, "allow_methods");
    let removed: String = demo.get("dialogue.querySelector('.diff .added').textContent");
    assert!(removed.contains("\"PATCH\""), "{removed}");
    demo.screenshot("dialogue.png");

    // What is said to be on the console is what is there.
    let predicted: String =
        demo.get("dialogue.querySelector('.engines pre').textContent.split('\\n')[0]");
    assert!(
        predicted.starts_with("Access to fetch at 'http://127.0.0.1:"),
        "{predicted}"
    );
    let console = demo.tab.console().unwrap();
    assert!(
        console.iter().any(|line| line.starts_with(&predicted)),
        "{predicted}\n{console:#?}"
    );
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn what_is_not_as_predicted_is_seen() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    // The page itself opens the WebSockets here.
    demo.open_refused();
    demo.run(
        "WebSocket = class extends EventTarget {
            constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))); }
            close() {}
        };",
    );
    demo.run_again();
    let socket = format!("document.querySelector('{}')", cell("websocket", "axum"));
    let is: [String; 2] = demo.get(&format!("[{socket}.dataset.state, {socket}.textContent]"));
    assert_eq!(is, ["differs", "refused≠ open predicted"]);
    assert!(demo.holds("grid.dataset.total - grid.dataset.equal === 4"));

    demo.open_allowed();
    // Other answers than the servers give.
    demo.run(
        "const real = fetch;
        const dead = document.querySelector('#request select[name=server]').options[3].value;
        fetch = async (request, init) => {
            const url = request instanceof Request ? request.url : String(request);
            if (url.startsWith(dead)) throw new TypeError('Failed to fetch');
            if (!(request instanceof Request)) return real(request, init);
            const { pathname } = new URL(url);
            if (request.method === 'DELETE') throw new TypeError('Failed to fetch');
            if (request.method === 'PUT') throw new DOMException('', 'TimeoutError');
            if (pathname === '/status/500') return new Response('', { status: 503 });
            if (request.credentials === 'include') return new Response('', { status: 200 });
            if (request.method === 'PATCH') return new Response('');
            return real(request, init);
        };",
    );
    demo.run_again();
    for (scenario, state, text) in [
        ("simple-get", "equal", "200 readable"),
        ("delete", "differs", "blocked≠ 200 readable predicted"),
        ("put", "failed", "no result≠ open to see why"),
        (
            "error-status",
            "differs",
            "503 readable≠ 500 readable predicted",
        ),
        ("cookies", "differs", "200 readable≠ other headers"),
        (PATCH, "differs", "200 readable≠ blocked predicted"),
    ] {
        let cell = format!("document.querySelector('{}')", cell(scenario, "axum"));
        let is: [String; 2] = demo.get(&format!("[{cell}.dataset.state, {cell}.textContent]"));
        assert_eq!(is, [state, text], "{scenario}");
    }
    // A server that is gone is not what blocks. (The frame of the other page knows nothing of this.)
    let warp: Vec<String> = demo.get(
        "[...document.querySelectorAll('.cell[data-framework=warp]')].map(it => it.dataset.state)",
    );
    let failed = warp.iter().filter(|state| *state == "failed").count();
    assert_eq!((failed, warp.len()), (15, 18));
    assert!(demo.holds("grid.dataset.total - grid.dataset.equal === 5 * 3 + 15"));
    assert!(demo.holds("summary.dataset.state === 'differs' && summary.textContent[0] === '≠'"));
    // A phone shows the four results of a row in which they are not the same.
    demo.resize(390, 1500, "light");
    let shown = |demo: &mut Demo, scenario: &str| -> usize {
        demo.get(&format!(
            "[...document.querySelectorAll('[data-scenario={scenario}]')].filter(it => it.checkVisibility()).length"
        ))
    };
    assert_eq!(shown(&mut demo, "error-status"), 4);
    assert_eq!(shown(&mut demo, "not-allowed"), 1);
    demo.resize(1280, 1080, "light");

    demo.click(&cell("cookies", "rocket"));
    let said: String = demo.get("dialogue.querySelector('.bad').textContent");
    assert_eq!(said, "The page cannot read x-request-id. Expected: it can.");
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn an_edit_takes_effect_in_every_column() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let before = demo.cells();

    demo.run("text.focus(), text.setSelectionRange(...Array(2).fill(text.value.indexOf('\"DELETE\"]') + 8))");
    demo.tab.type_text(", \"PATCH\"").unwrap();
    demo.tab.press("Control+s").unwrap();
    demo.wait_for_version(2);
    assert!(demo.is_all_equal());
    let version: String = demo.get("version.textContent");
    assert_eq!(version, "version 2");
    assert!(demo.holds("changed.checkVisibility()"));
    assert_eq!(demo.row(PATCH), ["readable"; 4]);
    let readable = "With this policy, the page can read the response.";
    assert_eq!(about(&mut demo, PATCH), readable);
    for (now, before) in demo.cells().iter().zip(&before) {
        assert!(
            now == before || now.contains("PATCH"),
            "{before} became {now}"
        );
    }

    // Taking over what a dialogue proposes.
    demo.click(&cell("header-not-allowed", "rocket"));
    demo.click("#dialogue .diff + .buttons button");
    demo.tab
        .wait_until("!dialogue.open && document.activeElement === text")
        .unwrap();
    demo.click("#save");
    demo.wait_for_version(3);
    assert!(demo.is_all_equal());
    assert_eq!(demo.row("header-not-allowed"), ["readable"; 4]);
    assert_eq!(demo.row(PATCH), ["readable"; 4]);

    // The descriptions follow what is blocked.
    demo.write(&POLICY.replace(", \"DELETE\"]", "]"));
    demo.click("#save");
    demo.wait_for_version(4);
    assert!(demo.is_all_equal());
    let blocked = "With this policy, the browser blocks it: DELETE is not in allow_methods.";
    assert_eq!(about(&mut demo, "delete"), blocked);
    let usual = "The response to the preflight does not list PATCH, so the browser does not send the request.";
    assert_eq!(about(&mut demo, PATCH), usual);

    // Back: what a preflight allowed before is not remembered.
    demo.click("#reset");
    demo.click("#save");
    demo.wait_for_version(5);
    assert!(demo.is_all_equal());
    assert_eq!(demo.cells(), before);
    assert!(demo.holds("changed.hidden && banner.hidden"));

    // This page, too, can be shut out.
    demo.write("allow_origins = ['https://app.example.com']");
    demo.click("#save");
    demo.wait_for_version(6);
    assert!(demo.is_all_equal());
    assert!(demo.holds("banner.checkVisibility() && banner.querySelector('a') === null"));
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn what_is_missing_is_underlined_where_it_is_missing() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    for (text, expected) in [
        ("allow_origins = ['*'", "'"),
        ("allow_origins = \n# \u{1f600}", " "),
        ("max_age = 1 # \u{1f600}", "m"),
    ] {
        demo.write(text);
        demo.tab
            .wait_until("text.dataset.state === 'checked'")
            .unwrap();
        let underlined: Vec<String> =
            demo.get("[...mirror.querySelectorAll('.found.error')].map(it => it.textContent)");
        assert_eq!(underlined, [expected], "{text}");
    }
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn an_invalid_edit_says_so_and_changes_nothing() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let before = demo.cells();

    // Beyond the basic multilingual plane, where characters and UTF-16 code units are not the same.
    let text = POLICY
        .replace("*.example.com\"", "*.example.com/\"")
        .replace("allow_origins ", "# \u{1f600}\nallow_origins ")
        .replace("\"PUT\"", "'\u{1f600}', \"put\"");
    demo.write(&text);
    demo.tab
        .wait_until("text.dataset.state === 'checked'")
        .unwrap();
    let underlined = "[...mirror.querySelectorAll('.found.error')].map(it => it.textContent)";
    let marked: Vec<String> = demo.get(underlined);
    assert_eq!(
        marked,
        ["\"https://*.example.com/\"", "'\u{1f600}'", "\"put\""]
    );
    // The text and its underlines lie on each other.
    assert!(demo.holds(
        "text.clientHeight === text.scrollHeight && text.scrollHeight === mirror.scrollHeight"
    ));
    let codes: Vec<String> =
        demo.get("[...findings.querySelectorAll('.error')].map(it => it.dataset.code)");
    assert_eq!(
        codes,
        ["invalid-origin", "invalid-method", "invalid-method"]
    );
    assert!(demo.holds("text.getAttribute('aria-invalid') === 'true'"));

    demo.click("#save");
    demo.tab.wait_until("saved.dataset.kind === 'bad'").unwrap();
    let said: String = demo.get("saved.textContent");
    assert_eq!(
        said,
        "✕ Not saved: 3 errors. The servers still use version 1."
    );
    demo.screenshot("invalid-policy.png");
    assert!(demo.holds("grid.dataset.version === '1' && grid.dataset.state === 'done'"));
    assert_eq!(demo.cells(), before);
    // Nor did the servers change.
    demo.run_again();
    assert!(demo.holds("grid.dataset.version === '1'"));
    assert!(demo.is_all_equal());
    assert_eq!(demo.cells(), before);

    // What is being written is still there, and a suggestion puts it right where it is wrong.
    demo.tab
        .wait_until("text.dataset.state === 'checked'")
        .unwrap();
    demo.click("#findings .error[data-code=invalid-origin] .suggestion button");
    demo.tab
        .wait_until("text.dataset.state === 'checked'")
        .unwrap();
    let now: String = demo.get("text.value");
    assert_eq!(now, text.replace("*.example.com/\"", "*.example.com\""));
    let marked: Vec<String> = demo.get(underlined);
    assert_eq!(marked, ["'\u{1f600}'", "\"put\""]);
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn the_refused_page_is_blocked_everywhere() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_refused();
    assert!(demo.is_all_equal());
    assert!(demo.holds(
        "[...document.querySelectorAll('.cell:not([data-scenario=websocket], [data-scenario=form])')]
            .every(it => it.dataset.got === 'blocked')"
    ));
    assert_eq!(demo.row("websocket"), ["open"; 4]);
    assert_eq!(demo.row("form"), ["sent"; 4]);
    let (link, allowed): (String, String) = (
        demo.get("banner.querySelector('a').href"),
        demo.allowed.clone(),
    );
    assert_eq!(link, format!("{allowed}/"));
    assert!(
        demo.holds("banner.checkVisibility() && banner.textContent.includes('not in the policy')")
    );
    // The descriptions are those of a page that is not in the policy.
    let about: Vec<String> = demo.get(
        "['simple-get', 'put'].map(it => document.querySelector(`[data-scenario=${it}]`).closest('tr').querySelector('.about').textContent)",
    );
    let origin = "this page’s origin is not in the policy";
    assert!(
        about
            .iter()
            .all(|text| text.to_lowercase().contains(origin)),
        "{about:?}"
    );
    demo.screenshot("refused-page.png");

    // Who lets it in sees that, too.
    demo.write(&POLICY.replace("http://localhost:*", "http://127.0.0.1:*"));
    demo.click("#save");
    demo.wait_for_version(2);
    assert!(demo.is_all_equal());
    assert_eq!(demo.row("simple-get"), ["readable"; 4]);
    demo.tab.wait_until("banner.hidden").unwrap();
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_policy_that_refuses_keeps_a_websocket_and_a_form_out() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let before = demo.cells();
    let form = "document.querySelector('.cell[data-scenario=form]').textContent";
    assert_eq!(demo.get::<String>(form), "sentapplication handles it");

    let text = format!("{POLICY}refuse = [\"websocket\", \"cross-site-writes\"]\n");
    demo.write(&text);
    demo.tab
        .wait_until("text.dataset.state === 'checked'")
        .unwrap();
    assert!(demo.holds("findings.querySelector('.error') === null"));
    demo.click("#save");
    demo.wait_for_version(2);
    assert!(demo.is_all_equal());
    assert_eq!(demo.row("websocket"), ["refused"; 4]);
    assert_eq!(demo.row("form"), ["sent"; 4]);
    assert_eq!(demo.get::<String>(form), "sentrefused with 403");
    // Only these rows change: the other requests are of an allowed page, or are not writes.
    let changed = demo
        .cells()
        .iter()
        .zip(&before)
        .filter(|(now, before)| now != before)
        .count();
    assert_eq!(changed, 2 * 4);
    for (width, height, scheme, file) in [
        (1280, 1080, "light", "refuse.png"),
        (360, 1500, "dark", "refuse-phone.png"),
    ] {
        demo.resize(width, height, scheme);
        demo.run("document.querySelector('.cell[data-scenario=form]').scrollIntoView({ block: 'center' })");
        let poor: Vec<String> = demo.get(CONTRAST);
        assert!(poor.is_empty(), "{width} {scheme}: {poor:#?}");
        demo.screenshot(file);
    }

    // The console of the page that sends them shows the servers' real responses, and what the dialogue says.
    demo.open_refused();
    assert!(demo.is_all_equal());
    demo.click(&cell("websocket", "rocket"));
    let predicted: String =
        demo.get("dialogue.querySelector('.engines pre').textContent.split('\\n')[0]");
    assert!(
        predicted.ends_with("Unexpected response code: 403"),
        "{predicted}"
    );
    let console = demo.tab.console().unwrap();
    assert!(
        console.iter().any(|line| line.starts_with(&predicted)),
        "{predicted}\n{console:#?}"
    );
    let refused_forms = console
        .iter()
        .filter(|line| line.contains("responded with a status of 403 "));
    assert_eq!(refused_forms.count(), 4, "{console:#?}");
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn an_origin_of_the_set_is_allowed_until_it_is_removed() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let before = demo.cells();
    assert!(demo.holds("document.getElementById('set-empty').checkVisibility()"));
    let filled: String = demo.get("document.getElementById('set-form').elements.added.value");
    assert_eq!(filled, demo.refused);

    // The policy's text stays.
    demo.click("#set-add");
    demo.wait_for_version(2);
    assert!(demo.is_all_equal());
    assert_eq!(demo.row("not-allowed"), ["readable"; 4]);
    let readable = "With this policy, the page can read the response.";
    assert_eq!(about(&mut demo, "not-allowed"), readable);
    assert_eq!(demo.get::<String>("text.value"), POLICY);
    let changed = demo.cells().into_iter().zip(&before);
    assert_eq!(changed.filter(|(now, before)| now != *before).count(), 4);
    let listed = "[...document.querySelectorAll('#set-list code')].map(it => it.textContent)";
    assert_eq!(demo.get::<Vec<String>>(listed), [demo.refused.clone()]);
    for (width, height, scheme, file) in [
        (1280, 1080, "light", "set.png"),
        (390, 1500, "light", "set-phone.png"),
    ] {
        demo.resize(width, height, scheme);
        demo.run("customers.scrollIntoView({ block: 'center' })");
        assert!(demo.holds("document.documentElement.scrollWidth <= innerWidth"));
        let poor: Vec<String> = demo.get(CONTRAST);
        assert!(poor.is_empty(), "{width} {scheme}: {poor:#?}");
        demo.screenshot(file);
    }
    demo.resize(1280, 1080, "light");

    // What the set does not take.
    let add = |demo: &mut Demo, origin: &str| {
        demo.run(&format!(
            "document.getElementById('set-form').elements.added.value = '{origin}'"
        ));
        demo.click("#set-add");
        let said = "document.getElementById('set-said')";
        demo.tab
            .wait_until(&format!("{said}.dataset.kind === 'bad'"))
            .unwrap();
        demo.get::<String>(&format!("{said}.textContent"))
    };
    let said = add(&mut demo, "http://acme.example");
    let expected = "✕ Origin http://acme.example is plain http: an attacker on the network can act as the user; use \
                    https; did you mean https://acme.example?";
    assert_eq!(said, expected);
    assert!(demo.holds("grid.dataset.version === '2'"));

    demo.click("#set-list button");
    demo.wait_for_version(3);
    assert!(demo.is_all_equal());
    assert_eq!(demo.cells(), before);
    assert!(demo.holds("changed.hidden"));
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_request_of_ones_own() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let allowed = demo.allowed.clone();
    let refused = demo.refused.clone();
    for (fill, expected) in [
        (
            "f.method.value = 'PATCH'",
            format!("= Sent from {allowed}. It was blocked, as predicted."),
        ),
        (
            "f.method.value = 'PUT', f.headers.value = 'content-type: application/json', f.body.value = '{}'",
            format!("= Sent from {allowed}. The page got 200 readable, as predicted."),
        ),
        (
            "f.path.value = '/status/418', f.credentials.value = 'include'",
            format!("= Sent from {allowed}. The page got 418 readable, as predicted."),
        ),
        // Through the hidden frame.
        (
            "f.origin.value = 'there'",
            format!("= Sent from {refused}. It was blocked, as predicted."),
        ),
        (
            "f.any.value = 'https://app.example.com'; f.any.dispatchEvent(new Event('input'))",
            "Predicted, nothing was sent: 418 readable on a page of https://app.example.com."
                .to_owned(),
        ),
        (
            "f.any.value = 'https://evil.example'",
            "Predicted, nothing was sent: it would be blocked on a page of https://evil.example."
                .to_owned(),
        ),
        (
            "f.headers.value = 'x-a: 1\\n\\nno colon'",
            "✕ header line 3 does not have the form name: value".to_owned(),
        ),
        (
            "f.headers.value = '', f.path.value = '//evil.example/'",
            "✕ //evil.example/ is not a path".to_owned(),
        ),
    ] {
        send(&mut demo, fill);
        let said: String = demo.get("answer.querySelector('p').textContent");
        assert_eq!(said, expected, "{fill}");
    }
    for (fill, state) in [
        // What no script may send is not even tried.
        (
            "f.path.value = '/echo'; f.body.value = ''; f.method.value = 'TRACE'",
            "failed",
        ),
        (
            "f.method.value = 'GET'; f.body.value = 'no GET has one'",
            "failed",
        ),
        ("f.body.value = ''", "modelled"),
    ] {
        send(&mut demo, fill);
        assert_eq!(demo.get::<String>("answer.dataset.state"), state, "{fill}");
    }
    demo.click("#answer button");
    assert!(demo.holds("dialogue.open && dialogue.textContent.includes('https://evil.example') && !dialogue.textContent.includes('null')"));
    demo.click("#dialogue button");
    // The page itself is wrong.
    send(
        &mut demo,
        "f.origin.value = 'here'; f.any.value = 'https://app.example.com'; f.method.value = 'patch'",
    );
    demo.click("#answer button");
    let said: String =
        demo.get("dialogue.querySelector('.diff').previousElementSibling.textContent");
    assert_eq!(
        said,
        "The page has to be corrected, and the policy changed:"
    );
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn the_frame_sends_to_the_servers_alone() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let url = format!("{}/api/state", demo.refused);
    let answer: String = demo.get(&format!(
        "new Promise(resolve => {{
            const channel = new MessageChannel();
            channel.port1.onmessage = ({{ data }}) => resolve(data.error ?? 'sent');
            const request = {{ method: 'GET', headers: [] }};
            frames[0].postMessage({{ url: '{url}', request }}, '*', [channel.port2]);
        }})"
    ));
    assert_eq!(answer, format!("`{url}` is not a server of the demo"));
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_policy_that_another_page_saved_arrives() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let save = "(async () => {
        const [method, headers] = ['POST', { 'content-type': 'application/json' }];
        const body = JSON.stringify({ text: text.value.replace('\"DELETE\"', '\"PATCH\"') });
        return (await fetch('/api/policy', { method, headers, body })).status;
    })()";
    assert_eq!(demo.get::<u16>(save), 200);
    demo.run("document.dispatchEvent(new Event('visibilitychange'))");
    demo.wait_for_version(2);
    assert!(demo.is_all_equal());
    assert_eq!(demo.row(PATCH), ["readable"; 4]);
    assert_eq!(demo.row("delete"), ["blocked"; 4]);
    assert!(demo.holds("text.value.includes('PATCH')"));
    demo.console_is_clean();
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn the_keyboard_does_it_all() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    let cell = cell("put", "warp");
    let is_there = format!("document.activeElement === document.querySelector('{cell}')");
    let mut tabs = 0;
    while !demo.holds(&is_there) {
        tabs += 1;
        assert!(tabs < 100, "no way to {cell}");
        demo.tab.press("Tab").unwrap();
        assert!(
            demo.holds("document.activeElement !== document.body"),
            "after {tabs}"
        );
        let outline: String = demo.get("getComputedStyle(document.activeElement).outline");
        assert!(outline.ends_with("solid 3px"), "{outline} after {tabs}");
    }
    demo.tab.press("Enter").unwrap();
    demo.tab
        .wait_until("dialogue.open && dialogue.contains(document.activeElement)")
        .unwrap();
    let steps: Vec<String> =
        demo.get("[...dialogue.querySelectorAll('[data-step]')].map(it => it.dataset.step)");
    assert_eq!(steps, ["preflight", "request"]);
    demo.tab.press("Escape").unwrap();
    demo.tab.wait_until("!dialogue.open").unwrap();
    assert!(demo.holds(&is_there), "the focus comes back");

    // Everything that can be used has a name.
    let nameless: Vec<String> = demo.get(
        "[...document.querySelectorAll('button, a, input, select, textarea')]
            .filter(it => !(it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? '').trim() && !it.textContent.trim())
            .map(it => it.outerHTML)",
    );
    assert!(nameless.is_empty(), "{nameless:?}");
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn every_size_and_both_schemes() {
    let Some(mut demo) = Demo::start() else {
        return;
    };
    demo.open_allowed();
    for (width, height, scheme, file) in [
        (1280, 1080, "dark", Some("desktop-dark.png")),
        (1280, 900, "light", None),
        (800, 900, "light", None),
        (360, 740, "dark", None),
        (390, 1500, "light", Some("phone.png")),
    ] {
        let what = format!("{width} {scheme}");
        demo.resize(width, height, scheme);
        let back: String = demo.get("getComputedStyle(document.body).backgroundColor");
        assert_eq!(
            back == "rgb(251, 251, 250)",
            scheme == "light",
            "{what}: {back}"
        );
        assert!(
            demo.holds("document.documentElement.scrollWidth <= innerWidth"),
            "{what}"
        );
        let poor: Vec<String> = demo.get(CONTRAST);
        assert!(poor.is_empty(), "{what}: {poor:#?}");
        if let Some(file) = file {
            demo.screenshot(file);
        }
        // On a phone, a result that all four servers give is shown once, and the way to the policy is at the top.
        let shown: usize = demo.get(
            "[...document.querySelectorAll('.cell')].filter(it => it.checkVisibility()).length",
        );
        let is_phone = width < 768;
        assert_eq!(shown, if is_phone { 18 } else { 4 * 18 }, "{what}");
        let is_wide = width > 1200;
        let link = "document.querySelector('.skips a').getBoundingClientRect()";
        assert!(
            demo.holds(&format!(
                "({link}.left >= 0 && {link}.bottom < 200) !== {is_wide}"
            )),
            "{what}"
        );
        demo.click(&cell(PATCH, "actix"));
        assert!(
            demo.holds("dialogue.open && dialogue.scrollWidth <= dialogue.clientWidth"),
            "{what}"
        );
        let poor: Vec<String> = demo.get(CONTRAST);
        assert!(poor.is_empty(), "{what}: {poor:#?}");
        demo.click("#dialogue button");
    }
}

const CONTRAST: &str = include_str!("contrast.js");

/// Fills in the form, whose fields are those of `f`, sends it, and waits for what comes of it.
#[track_caller]
fn send(demo: &mut Demo, fill: &str) {
    // What is there is not the answer of before.
    let script = format!("const f = request.elements; {fill}; answer.dataset.state = 'waiting'");
    demo.run(&script);
    demo.click("#request button");
    let done = "!['waiting', 'sending'].includes(answer.dataset.state)";
    demo.tab.wait_until(done).unwrap();
}

/// The description of a row.
#[track_caller]
fn about(demo: &mut Demo, scenario: &str) -> String {
    demo.get(&format!(
        "document.querySelector('[data-scenario={scenario}]').closest('tr').querySelector('.about').textContent"
    ))
}

fn cell(scenario: &str, framework: &str) -> String {
    format!(".cell[data-scenario={scenario}][data-framework={framework}]")
}
